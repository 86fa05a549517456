/** The results of the newest run on a problem file, when several runs are found for it one after the other. */
import path from 'node:path';
import { expect, test } from 'vitest';
import { Emitter } from '../../engine/messages/json-rpc.ts';
import { OpenRun } from '../../engine/view/open-run.ts';
import { Results } from '../../extension/editor/results.ts';
import type { RunLibrary } from '../../extension/run/library.ts';
import type { RunSession } from '../../extension/run/session.ts';
import { temporaryFolder } from '../support/processes.ts';
import { writeRunFixture } from '../support/run-fixture.ts';
import { until } from '../support/wait.ts';

test('the run that was searched for last is shown, also when an earlier one is found after it', async () => {
  const root = temporaryFolder();
  const [older, newer] = await Promise.all(
    ['older', 'newer'].map(async (name) => {
      const { folder } = await writeRunFixture(path.join(root, name), { problems: 2, votes: 2, steps: 1 });
      return OpenRun.read(folder);
    }),
  );
  const changed = new Emitter<void>();
  const found: ((run: OpenRun) => void)[] = [];
  const library = {
    onDidChange: changed.event,
    newestOn: () => new Promise<OpenRun>((resolve) => found.push(resolve)),
  };
  const session = { onDidChangeActive: new Emitter<OpenRun | null>().event };
  const results = new Results(
    library as unknown as RunLibrary,
    session as unknown as RunSession,
    (file) => file,
    (error) => {
      throw error;
    },
  );
  expect(results.of('/problems.jsonl')).toBeUndefined();
  changed.fire();
  const [first, second] = found;
  second!(newer!);
  await until('it is found', () => results.of('/problems.jsonl') !== undefined);
  first!(older!);
  await older!.loaded;
  expect(results.of('/problems.jsonl')?.run.run).toBe('newer');
  results.dispose();
});
