/** The Runs view: what its rows are called, so that they can be told apart. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import type { ListedRun } from '../../engine/protocol/index.ts';
import { temporaryFolder } from '../support/processes.ts';

vi.mock('vscode', async () => (await import('../support/editor.ts')).vscode);

const listed = (run: string, created: string, change: Partial<ListedRun> = {}): ListedRun =>
  ({
    ...{ run, folder: `/runs/${run}`, created, origin: { engine: 'rollscope', version: '0.1.0', files: [] } },
    ...{ job: 'train', model: 'embedded', dataset: '/data/sums.jsonl', reward: 'majority-vote', step: 3, steps: 10 },
    ...{ status: 'completed', accuracyBefore: null, accuracyAfter: null, skipped: null, ...change },
  }) as ListedRun;

/** Times of the local clock, as names and labels have them. */
const at = (time: string) => new Date(`2026-11-24T${time}`).toISOString();

test('runs with the same reward and dataset are distinguished by name, or by start time', async () => {
  const { RunsTree } = await import('../../extension/trees/runs.ts');
  const runs = [
    listed('empo-sums-20261124-193012', at('19:30:12'), { reward: 'empo' }),
    listed('majority-vote-sums-20261124-193112', at('19:31:12')),
    listed('majority-vote-sums-20261124-193512', at('19:35:12')),
    listed('baseline', at('19:40:00')),
    listed('probe-sums-20261124-194200', at('19:42:00'), { job: 'probe' }),
    listed('probe-sums-20261124-194230', at('19:42:30'), { job: 'probe' }),
  ];
  const tree = new RunsTree(
    { listPage: async () => ({ runs, older: 0 }) } as never,
    () => false,
    () => {},
  );
  const items = await tree.getChildren();
  expect(items.map(({ label }) => label)).toEqual([
    'empo · sums',
    '11-24 19:31 · majority-vote · sums',
    '11-24 19:35 · majority-vote · sums',
    'baseline',
    '11-24 19:42:00 · probe · sums',
    '11-24 19:42:30 · probe · sums',
  ]);
  expect(items[3]!.description).toContain('majority-vote · sums');
});

test('a fork is listed below its parent, which becomes another row for VS Code once it has one', async () => {
  const { RunsTree } = await import('../../extension/trees/runs.ts');
  const parent = listed('first', at('19:30:12'));
  const fork = listed('second', at('19:40:00'), { parent: { run: 'first', folder: parent.folder, step: 2 } });
  const runs = [parent];
  const tree = new RunsTree(
    { listPage: async () => ({ runs, older: 0 }) } as never,
    () => false,
    () => {},
  );
  const [alone] = await tree.getChildren();
  runs.push(fork);
  const [item, ...others] = await tree.getChildren();
  expect(others).toEqual([]);
  expect((await tree.getChildren(item)).map(({ label }) => label)).toEqual(['second']);
  expect(item!.id).not.toBe(alone!.id);
});

test('while a run continues, its row stays the same for VS Code, also while the list is refreshed', async () => {
  const { RunsTree } = await import('../../extension/trees/runs.ts');
  const parent = listed('first', at('19:30:12'));
  const fork = listed('second', at('19:40:00'), { parent: { run: 'first', folder: parent.folder, step: 2 } });
  let runs = [parent, fork];
  let read = () => {};
  const tree = new RunsTree(
    {
      async listPage() {
        await new Promise<void>((resolve) => {
          read = resolve;
          queueMicrotask(resolve);
        });
        return { runs, older: 0 };
      },
    } as never,
    () => false,
    () => {},
  );
  const told: unknown[] = [];
  tree.onDidChangeTreeData((changed) => told.push(changed));
  // Nobody has asked for rows: none are read.
  await tree.refresh();
  expect(told).toEqual([undefined]);
  const [item] = await tree.getChildren();
  const [child] = await tree.getChildren(item);

  await tree.refresh();
  expect(told).toHaveLength(1);
  runs = [parent, { ...fork, step: 7 } as ListedRun];
  const refreshed = tree.refresh();
  expect(told).toHaveLength(1);
  read();
  await refreshed;
  expect(told).toEqual([undefined, [child]]);
  expect(child).toMatchObject({ info: { step: 7 }, description: expect.stringContaining('7/10') });
  expect(child!.command!.arguments).toEqual([child]);
  expect(await tree.getChildren(item)).toEqual([child]);

  // A new row: all are asked for again, and are there at once.
  runs = [listed('third', at('19:50:00')), ...runs];
  await tree.refresh();
  expect(told.at(-1)).toBeUndefined();
  read = () => expect.fail('it was read before');
  expect((await tree.getChildren()).map(({ id }) => id)).toEqual(['/runs/third', '/runs/first#forks']);
  // Not on the screen: nothing is read.
  runs = [];
  await tree.refresh(false);
  expect(told).toHaveLength(4);
  tree.dispose();
});

test('of many runs one page is shown, with a last row that loads more', async () => {
  const [{ RunsTree }, { RunLibrary }] = await Promise.all([
    import('../../extension/trees/runs.ts'),
    import('../../extension/run/library.ts'),
  ]);
  const root = temporaryFolder();
  // What cannot be read is listed, too: no model is needed for that.
  for (let i = 0; i < 130; i++) {
    mkdirSync(path.join(root, `run-${i}`));
    writeFileSync(path.join(root, `run-${i}`, 'run.json'), `{"format": 3, "created": "${at(`10:00:00`)}.${1000 + i}"}`);
  }
  const session = { active: null, onDidChangeActive: () => ({ dispose() {} }) };
  const library = new RunLibrary(
    () => root,
    session as never,
    () => false,
  );
  const tree = new RunsTree(
    library,
    () => false,
    () => {},
  );
  const page = await tree.getChildren();
  expect(page).toHaveLength(101);
  expect(page[0]).toMatchObject({ id: path.join(root, 'run-129') });
  expect(page.at(-1)).toMatchObject({ id: 'more', description: '30 older runs' });
  expect(page.at(-1)!.command).toMatchObject({ command: 'rollscope.showMoreRuns' });
  let changes = 0;
  library.onDidChange(() => changes++);
  library.showMore();
  expect(changes).toBe(1);
  const whole = await tree.getChildren();
  expect(whole).toHaveLength(130);
  expect(whole.map(({ id }) => id)).not.toContain('more');
  library.dispose();
});
