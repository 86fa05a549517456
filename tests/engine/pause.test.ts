/** A pause is not compute time: the times that a run stores exclude it. */
import path from 'node:path';
import { expect, test } from 'vitest';
import { RunConfig } from '../../engine/protocol/index.ts';
import { mergeConfig, presetFor } from '../../engine/protocol/presets.ts';
import { startRun } from '../../engine/training/run/index.ts';
import { temporaryFolder } from '../support/processes.ts';
import { recordsOf } from '../support/run-outcome.ts';
import { UNCANCELED, until } from '../support/wait.ts';

test('a paused step and a paused evaluation are recorded without the pause', async () => {
  const config = RunConfig.parse(
    mergeConfig(presetFor('embedded', true), {
      dataset: { path: 'embedded', limit: 16 },
      ...{ steps: 3, batch: 8, votes: 8, group: 8, device: 'cpu', seed: 3 },
      evaluation: { samples: 4, every: 1 },
    }),
  );
  const folder = path.join(temporaryFolder(), 'paused');
  const started = performance.now();
  let paused = 0;
  /** The estimates of the time left around each pause, as far as there are any. */
  const left: { before: number | null; after: number | null; paused: number }[] = [];
  let latest: number | null = null;
  /** As long as the run has lasted: more than what it does in addition to its steps and evaluations. */
  const pause = async () => {
    const begun = performance.now();
    await until('the pause is long', () => performance.now() - begun > begun - started);
    const lasted = performance.now() - begun;
    paused += lasted;
    left.push({ before: latest, after: null, paused: lasted / 1000 });
    run.continue();
  };
  const run = await startRun({ signal: UNCANCELED, config, folder });
  // The first is paused in an evaluation, the second in a step.
  const pauses = ['evaluation', 'sampling'];
  run.onProgress(({ state, activity, step, secondsLeft }) => {
    if (state === 'running' && activity === pauses[0] && (activity !== 'sampling' || step === 1)) {
      pauses.shift();
      run.pause();
    }
    if (state === 'paused') void pause();
    if (state === 'running' && left.length > 0) left.at(-1)!.after ??= secondsLeft;
    latest = secondsLeft;
  });
  expect(await run.done).toMatchObject({ reason: 'completed' });
  expect(pauses).toEqual([]);
  const worked = (performance.now() - started - paused) / 1000;
  const known = left.filter(({ before, after }) => before !== null && after !== null);
  expect(known.length).toBeGreaterThan(0);
  for (const { before, after, paused: lasted } of known) expect(after! - before!).toBeLessThan(lasted / 2);

  const records = recordsOf(folder);
  expect(records.filter((r) => r.type === 'lifecycle').map((r) => r.event)).toEqual([
    ...['paused', 'continued', 'paused', 'continued'],
  ]);
  let recorded = 0;
  for (const record of records) {
    if (record.type !== 'step' && record.type !== 'evaluation') continue;
    const { residentBytes: _, rolloutTokensPerSecond: __, ...seconds } = { ...record.timing } as Record<string, number>;
    recorded += seconds.seconds!;
    for (const [name, value] of Object.entries(seconds)) {
      expect(value, `${record.type} ${record.step}: ${name}`).toBeLessThanOrEqual(seconds.seconds!);
    }
  }
  expect(recorded).toBeGreaterThan(0);
  expect(recorded).toBeLessThanOrEqual(worked);
});
