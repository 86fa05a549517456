/** A run's status is the same in the list, the panel and `show`, also where its journal does not end with its end. */
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { Output } from '../../engine/cli/output.ts';
import { showRun } from '../../engine/cli/show/run.ts';
import { openJournal } from '../../engine/journal/open.ts';
import { readProblems, readRunFolder } from '../../engine/journal/reader.ts';
import { readRunInfo } from '../../engine/runs/list.ts';
import { openColumns } from '../../engine/runs/open.ts';
import { OpenRun } from '../../engine/view/open-run.ts';
import { temporaryFolder } from '../support/processes.ts';
import { createFixtureJournal, playFixture, writeRunFixture } from '../support/run-fixture.ts';

const RUN = { problems: 2, votes: 2, steps: 2, every: 1 };
const RECOVERED = { type: 'lifecycle', event: 'recovered', message: 'Cleaned up.' } as const;

let folder: string;
beforeEach(() => {
  folder = join(temporaryFolder(), 'run');
});

async function statuses() {
  class Kept extends Output {
    shown: { status?: string } = {};
    override print() {}
    override result(value: object) {
      this.shown = value;
    }
  }
  const output = new Kept(true);
  const [problems, columns] = await Promise.all([readProblems(folder), openColumns(folder)]);
  await showRun(output, { folder, problems, columns, step: undefined });
  const [listed, opened] = [await readRunInfo(folder), await OpenRun.read(folder)];
  const { status } = opened;
  opened.dispose();
  return { list: listed.status, panel: status, show: output.shown.status };
}

const all = (status: string) => ({ list: status, panel: status, show: status });

test.each(['stopped', 'failed'] as const)(
  'a run that %s and was killed while it was being resumed is interrupted',
  async (outcome) => {
    await writeRunFixture(folder, { ...RUN, outcome });
    expect(await statuses()).toEqual(all(outcome));
    const journal = await openJournal(folder);
    journal.append(RECOVERED);
    await journal.close();
    expect(await statuses()).toEqual(all('interrupted'));
  },
);

test('a run that is being prepared to resume is running, before its journal says so', async () => {
  await writeRunFixture(folder, { ...RUN, outcome: 'stopped' });
  const journal = await openJournal(folder);
  expect(await statuses()).toEqual(all('running'));
  journal.append(RECOVERED);
  expect(await statuses()).toEqual(all('running'));
  journal.append({ type: 'lifecycle', event: 'resumed' });
  expect(await statuses()).toEqual(all('running'));
  await journal.close();
  expect(await statuses()).toEqual(all('interrupted'));
});

test('a pause after the end does not revert the end', async () => {
  const journal = await createFixtureJournal(folder, RUN);
  await playFixture(journal, RUN);
  journal.append({ type: 'lifecycle', event: 'paused' });
  await journal.close();
  expect(await statuses()).toEqual(all('completed'));
});

test('the panel has the status of an end that arrives while the writer is still closing', async () => {
  const journal = await createFixtureJournal(folder, RUN);
  await playFixture(journal, { ...RUN, outcome: 'interrupted' });
  const run = await OpenRun.read(folder);
  const told = vi.fn();
  run.onDidAppend(() => told(run.status));
  journal.append({ type: 'end', reason: 'stopped', step: 2 });
  run.append((await readRunFolder(folder)).records);
  expect(told.mock.calls).toEqual([['stopped']]);
  await journal.close();
  run.dispose();
});
