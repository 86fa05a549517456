/** A pause is no work: what a run stores of its times leaves it out. */
import path from 'node:path';
import { expect, test } from 'vitest';
import { RunConfig } from '../../engine/protocol/index.ts';
import { mergeConfig, presetFor } from '../../engine/protocol/presets.ts';
import { startRun } from '../../engine/training/run/index.ts';
import { temporaryFolder } from '../support/processes.ts';
import { recordsOf } from '../support/run-outcome.ts';

const PAUSE_MS = 4000;

test('a step and an evaluation that are paused are recorded without the pause', async () => {
  const config = RunConfig.parse(
    mergeConfig(presetFor('embedded', true), {
      dataset: { path: 'embedded', limit: 16 },
      ...{ steps: 3, batch: 8, votes: 8, group: 8, device: 'cpu', seed: 3 },
      evaluation: { samples: 4, every: 1 },
    }),
  );
  const folder = path.join(temporaryFolder(), 'paused');
  const run = await startRun({ config, folder, name: 'r' });
  // The first is paused in an evaluation, the second in a step.
  const pauses = ['evaluation', 'sampling'];
  const left: number[] = [];
  run.onProgress(({ state, activity, step, secondsLeft }) => {
    if (state === 'running' && activity === pauses[0] && (activity !== 'sampling' || step === 1)) {
      pauses.shift();
      run.pause();
    }
    if (state === 'paused') setTimeout(() => run.continue(), PAUSE_MS);
    left.push(secondsLeft ?? 0);
  });
  expect(await run.done).toMatchObject({ reason: 'completed' });
  expect(pauses).toEqual([]);
  expect(Math.max(...left)).toBeLessThan(PAUSE_MS / 1000);

  const records = recordsOf(folder);
  expect(records.filter((r) => r.type === 'lifecycle').map((r) => r.event)).toEqual([
    ...['paused', 'continued', 'paused', 'continued'],
  ]);
  for (const record of records) {
    if (record.type !== 'step' && record.type !== 'evaluation') continue;
    const { residentBytes: _, rolloutTokensPerSecond: __, ...seconds } = { ...record.timing } as Record<string, number>;
    for (const [name, value] of Object.entries(seconds)) {
      expect(value, `${record.type} ${record.step}: ${name}`).toBeLessThan(PAUSE_MS / 1000);
    }
  }
});
