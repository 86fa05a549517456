/** Runs that were stored before a setting got narrower bounds can still be read. */
import { expect, test } from 'vitest';
import { setAt, valueAt } from '../../engine/config/objects.ts';
import { SETTINGS } from '../../engine/config/settings.ts';
import { RunConfig, StoredRunConfig } from '../../engine/protocol/config.ts';

/**
 * The least and the greatest value that any version took, by setting: Infinity where nothing bounds it. A bound that is
 * narrowed stays as it is here, and the setting keeps the wider one for what is stored.
 */
const WIDEST: Readonly<Record<string, readonly [least: number, most: number]>> = {
  steps: [0, 1_000_000],
  batch: [1, 65_536],
  votes: [1, 4096],
  group: [1, 4096],
  'sampling.temperature': [0, 10],
  'sampling.topP': [1e-9, 1],
  'sampling.topK': [0, 1_000_000],
  'sampling.maxTokens': [1, 131_072],
  'dataset.limit': [1, 1_000_000],
  'evaluation.every': [0, 1e9],
  'evaluation.samples': [0, 4096],
  'evaluation.temperature': [0, 10],
  'evaluation.topP': [1e-9, 1],
  'evaluation.limit': [1, 1_000_000],
  'loss.clipLow': [0, 1],
  'loss.clipHigh': [0, 10],
  'loss.dualClip': [1.000001, 1000],
  'loss.klCoefficient': [0, 100],
  'loss.entropyCoefficient': [-10, 10],
  'loss.miniBatch': [1, 1_000_000],
  'loss.epochs': [1, 1000],
  'loss.importanceCap': [1e-9, 1000],
  'optimizer.lr': [1e-12, 1],
  'optimizer.minimum': [0, 1],
  'optimizer.warmup': [0, 1],
  'optimizer.beta1': [0, 0.999999],
  'optimizer.beta2': [0, 0.999999],
  'optimizer.epsilon': [1e-12, 1],
  'optimizer.weightDecay': [0, 1],
  'optimizer.clipNorm': [1e-9, 1e9],
  'lora.rank': [1, 1024],
  'lora.alpha': [1e-9, 1e9],
  'checkpoint.every': [1, 1_000_000],
  'checkpoint.keep': [1, 1000],
  threads: [0, 1024],
  memoryLimit: [256 * 2 ** 20, 1e15],
  seed: [0, 2 ** 32 - 1],
  forecast: [0, 1_000_000],
};

test('a stored run may have any number that an earlier version allowed', () => {
  const paths = new Set(SETTINGS.map(({ path }) => path));
  for (const [path, values] of Object.entries(WIDEST)) {
    expect(paths, path).toContain(path);
    for (const value of values) {
      const input = { dataset: { path: 'embedded' } };
      setAt(input, path, value);
      expect(valueAt(StoredRunConfig.parse(input), path), path).toBe(value);
    }
  }
});

test('a new value must be within the current bounds', () => {
  const epsilon = (value: number) => ({ dataset: { path: 'embedded' }, optimizer: { epsilon: value } });
  expect(RunConfig.safeParse(epsilon(0.01)).success).toBe(true);
  expect(RunConfig.safeParse(epsilon(0.2)).success).toBe(false);
  expect(StoredRunConfig.parse(epsilon(0.2)).optimizer.epsilon).toBe(0.2);
  expect(StoredRunConfig.safeParse(epsilon(2)).success).toBe(false);
});
