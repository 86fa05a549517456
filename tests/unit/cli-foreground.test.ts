/** A run in the foreground: what the command keeps of it. */
import { expect, test, vi } from 'vitest';
import { runInForeground } from '../../engine/cli/foreground.ts';
import { Output } from '../../engine/cli/output.ts';
import { FakeRun } from '../engine/server-fake.ts';
import { temporaryFolder } from '../support/processes.ts';

test('a long journal is read in pages, not as a whole', async () => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const home = temporaryFolder();
  const run = new FakeRun('long', `${home}/long`, 12_000);
  const pages: number[] = [];
  const read = run.records.bind(run);
  run.records = async (from, limit) => {
    const page = await read(from, limit);
    pages.push(page.length);
    return page;
  };
  const { end, columns } = await runInForeground(new Output(true), { home, runsFolder: home }, async () => {
    setImmediate(() => run.end('completed'));
    return run;
  });
  expect(end.reason).toBe('completed');
  expect(Math.max(...pages)).toBeLessThanOrEqual(5000);
  expect(columns.seq).toBe(run.journal.length - 1);
  expect(columns.head.warnings).toHaveLength(12_000);
  expect(columns.head.end).toEqual(end);
  vi.restoreAllMocks();
});
