/** Records that a newer version added: every surface says how many were skipped and which version shows them. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { runs } from '../../engine/cli/commands/runs.ts';
import { show } from '../../engine/cli/commands/show.ts';
import { VERSION } from '../../engine/protocol/version.ts';
import { readRunInfo } from '../../engine/runs/list.ts';
import { openColumns } from '../../engine/runs/open.ts';
import { describeSkipped } from '../../engine/runs/skipped.ts';
import { OpenRun } from '../../engine/view/open-run.ts';
import { temporaryFolder } from '../support/processes.ts';
import { writeRunFixture } from '../support/run-fixture.ts';
import { expectWords } from '../support/wording.ts';

let root: string;
let folder: string;
let printed = '';
const SKIPPED = { records: 3, types: { dream: 1, wonder: 2 }, version: '99.1.0' };

beforeEach(async () => {
  root = temporaryFolder();
  folder = join(root, 'run');
  await writeRunFixture(folder, { problems: 2, votes: 2, steps: 2, every: 2 });
  const runFile = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8'));
  writeFileSync(join(folder, 'run.json'), JSON.stringify({ ...runFile, versions: { rollscope: '99.1.0' } }));
  addRecords('wonder', 'dream', 'wonder');
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Records of a type, or with these fields. */
function addRecords(...added: (string | object)[]): void {
  const path = join(folder, 'events.jsonl');
  const last = JSON.parse(readFileSync(path, 'utf8').trimEnd().split('\n').at(-1)!);
  added.forEach((item, i) => {
    const { type, ...rest } = typeof item === 'string' ? { type: item, n: i } : (item as { type: string });
    appendFileSync(path, `${JSON.stringify({ type, seq: last.seq + 1 + i, time: last.time, ...rest })}\n`);
  });
}

test('list, panel and terminal report them alike', async () => {
  const listed = await readRunInfo(folder);
  expect(listed.skipped).toMatchObject(SKIPPED);
  expect((await OpenRun.read(folder)).info.skipped).toEqual(listed.skipped);
  await runs({ out: root });
  await show('run', { out: root });
  expect(printed.split(listed.skipped!.message)).toHaveLength(3);
  expect(listed.skipped!.message).toContain(SKIPPED.version);
  // Everything else is shown.
  expect(listed).toMatchObject({ step: 2, steps: 2 });
});

test('list, panel and terminal report them alike in a large journal, without an index and with an outdated one', async () => {
  const message = 'x'.repeat(2 ** 20);
  const grow = () => addRecords(...Array<object>(5).fill({ type: 'dream', message }));
  const agree = async () => {
    const listed = await readRunInfo(folder);
    expect((await OpenRun.read(folder)).info).toEqual(listed);
    printed = '';
    await runs({ out: root });
    await show('run', { out: root });
    expect(printed.split(listed.skipped!.message)).toHaveLength(3);
    return listed.skipped!.types;
  };
  grow();
  expect(await agree()).toEqual({ dream: 6, wonder: 2 });
  grow();
  expect(await agree()).toEqual({ dream: 11, wonder: 2 });
});

test('the index counts them too, and those after it', async () => {
  expect((await openColumns(folder)).head.skipped).toEqual(SKIPPED.types);
  addRecords('dream');
  const { head, seq } = await openColumns(folder);
  expect(head.skipped).toEqual({ dream: 2, wonder: 2 });
  addRecords('dream');
  expect((await openColumns(folder)).seq).toBe(seq + 1);
});

test('a version is named only if it is newer than this one', () => {
  expect(describeSkipped({}, {})).toBeNull();
  expect(describeSkipped({ wonder: 1 }, { rollscope: VERSION })).toMatchObject({ version: null, records: 1 });
  const versions: Record<string, string>[] = [{}, { rollscope: '99.1.0' }];
  for (const written of versions) {
    expectWords('warnings', 'skipped-records', describeSkipped({ wonder: 1 }, written)!.message);
  }
});
