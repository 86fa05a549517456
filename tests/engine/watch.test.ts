/** The collapse watch in a run that collapses: by self-certainty at a high rate, on few problems. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type JournalRecord, RunConfig } from '../../engine/protocol/index.ts';
import { mergeConfig, presetFor } from '../../engine/protocol/presets.ts';
import { resumeRun, startRun } from '../../engine/training/run/index.ts';
import { temporaryFolder } from '../support/processes.ts';
import { checkpointsOf, expectSameOutcome, outcomeOf, recordsOf } from '../support/run-outcome.ts';
import { UNCANCELED } from '../support/wait.ts';

const home = temporaryFolder();
const EVERY = 4;
const STEPS = 45;

function configOf(watch: RunConfig['watch'], steps = STEPS): RunConfig {
  return RunConfig.parse(
    mergeConfig(presetFor('embedded', true), {
      dataset: { path: 'embedded', limit: 16 },
      ...{ reward: 'self-certainty', optimizer: { lr: 2e-4 }, watch, steps },
      ...{ batch: 8, votes: 6, group: 6, device: 'cpu', seed: 3 },
      evaluation: { samples: 4, every: 20, greedy: false },
      // Fewer than the watch may want to go back over.
      checkpoint: { every: EVERY, keep: 1 },
    }),
  );
}

async function begin(name: string, config: RunConfig) {
  const folder = path.join(home, name);
  return { folder, handle: await startRun({ signal: UNCANCELED, config, folder }) };
}

const warningsOf = (records: readonly JournalRecord[]) =>
  records.flatMap((record) => (record.type === 'warning' ? [record] : []));
const accuracyOf = (records: readonly JournalRecord[]) =>
  records.flatMap((record) => (record.type === 'evaluation' ? [record.accuracy!.mean] : []));
const file = (folder: string, step: number, name: string) =>
  readFileSync(path.join(folder, 'checkpoints', `${step}`, name));

describe('a run that collapses', () => {
  let folder: string;
  let records: JournalRecord[];
  /** Where it ended, and where its weights are from. */
  let last: number;
  let good: number;

  beforeAll(async () => {
    const { handle, folder: place } = await begin('rollback', configOf('rollback'));
    folder = place;
    const end = await handle.done;
    expect(end).toMatchObject({ type: 'end', reason: 'completed' });
    last = end.step!;
    records = recordsOf(folder);
    good = Number(/\(step (\d+)\)/.exec(warningsOf(records).at(-1)!.message)?.[1]);
  });

  test('with --watch rollback ends early, with the last healthy weights', () => {
    expect(last).toBeLessThan(STEPS);
    const warnings = warningsOf(records);
    expect(warnings.map(({ code }) => code)).toEqual(expect.arrayContaining(['collapse-watch']));
    expect(warnings.filter(({ code }) => code === 'collapse')).toMatchObject([{ step: last }]);
    expect(good).toBeGreaterThan(0);
    expect(good % EVERY).toBe(0);
    expect(good).toBeLessThanOrEqual(last - 10);
    // The checkpoint was kept, although one is as a rule; the last one is a copy of it.
    expect(checkpointsOf(folder)).toContain(good);
    expect(checkpointsOf(folder).at(-1)).toBe(last);
    for (const name of ['model.safetensors', 'optimizer.safetensors']) {
      expect(file(folder, last, name).equals(file(folder, good, name)), name).toBe(true);
    }
    expect(
      file(folder, last, 'model.safetensors').equals(file(folder, last - (last % EVERY || EVERY), 'model.safetensors')),
    ).toBe(false);
    // The last evaluation is of these weights, and scores the forecast.
    const evaluations = records.filter((record) => record.type === 'evaluation');
    expect(evaluations.at(-1)).toMatchObject({ step: last });
    expect(records.findLast((record) => record.type === 'forecast-score')).toMatchObject({ step: last });
    expect(records.at(-1)).toMatchObject({ type: 'end', reason: 'completed', step: last });
  });

  test('ends worse without the watch', async () => {
    const { handle, folder: unwatched } = await begin('off', configOf('off'));
    expect(await handle.done).toMatchObject({ reason: 'completed', step: STEPS });
    const others = recordsOf(unwatched);
    expect(warningsOf(others)).toEqual([]);
    expect(checkpointsOf(unwatched)).toEqual([STEPS]);
    expect(accuracyOf(records).at(-1)).toBeGreaterThan(accuracyOf(others).at(-1)! + 0.1);
    // Up to the end of the watched one they are the same run.
    const metrics = (of: readonly JournalRecord[]) => of.flatMap((r) => (r.type === 'step' ? [r.metrics] : []));
    expect(metrics(others).slice(0, last)).toEqual(metrics(records));
  });

  test('is the same when it is stopped at the first sign and at the collapse, and resumed', async () => {
    const { handle, folder: interrupted } = await begin('interrupted', configOf('rollback'));
    handle.onRecord((record) => {
      if (record.type === 'warning') void handle.stop();
    });
    expect(await handle.done).toMatchObject({ reason: 'stopped' });
    const second = await resumeRun({ signal: UNCANCELED, folder: interrupted });
    second.onRecord((record) => {
      if (record.type === 'warning' && record.code === 'collapse') void second.stop();
    });
    expect(await second.done).toMatchObject({ reason: 'stopped' });
    const third = await resumeRun({ signal: UNCANCELED, folder: interrupted });
    expect(await third.done).toMatchObject({ reason: 'completed', step: last });
    const isDue = (step: number) => step % EVERY === 0;
    expectSameOutcome(outcomeOf(interrupted, isDue), outcomeOf(folder, isDue));
    expect(checkpointsOf(interrupted)).toContain(good);
  });
});
