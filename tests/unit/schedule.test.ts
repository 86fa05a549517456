/** What is due at which step. */
import { describe, expect, test } from 'vitest';
import { RunConfig } from '../../engine/protocol/index.ts';
import { batchOf, checkpointDue, evaluationDue, learningRate, randomSubset } from '../../engine/training/schedule.ts';

const config = (more: object = {}) => RunConfig.parse({ dataset: { path: 'embedded' }, steps: 10, ...more });
const steps = (due: (step: number) => boolean) => Array.from({ length: 11 }, (_, step) => step).filter(due);

describe('evaluations', () => {
  test('come before the first step, after the last, and every k steps', () => {
    expect(steps((step) => evaluationDue(config(), step))).toEqual([0, 10]);
    expect(steps((step) => evaluationDue(config({ evaluation: { every: 4 } }), step))).toEqual([0, 4, 8, 10]);
  });

  test('are off without samples, including greedy decoding', () => {
    const off = config({ evaluation: { every: 4, samples: 0, greedy: true } });
    expect(steps((step) => evaluationDue(off, step))).toEqual([]);
  });
});

test('checkpoints come every k steps and after the last, never before the first', () => {
  expect(steps((step) => checkpointDue(config({ checkpoint: { every: 4 } }), step))).toEqual([4, 8, 10]);
});

test('the learning rate rises over the warm-up and then follows its schedule', () => {
  const rates = (schedule: string, warmup: number, minimum = 0) => {
    const { optimizer } = config({ optimizer: { lr: 1, schedule, warmup, minimum } });
    return Array.from({ length: 10 }, (_, i) => Number(learningRate(optimizer, i + 1, 10).toFixed(3)));
  };
  expect(rates('constant', 0.2)).toEqual([0.5, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
  expect(rates('linear', 0.2)).toEqual([0.5, 1, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125]);
  expect(rates('cosine', 0)[5]).toBe(0.5);
  expect(rates('constant', 0.2, 0.5)).toEqual([0.5, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
  expect(rates('linear', 0.2, 0.5)).toEqual([0.5, 1, 1, 0.938, 0.875, 0.813, 0.75, 0.688, 0.625, 0.563]);
  expect(rates('cosine', 0, 0.2)[5]).toBe(0.6);
});

test('every problem occurs once in each pass, each time in another order', () => {
  const passes = [0, 1].map((pass) => [1, 2].flatMap((step) => batchOf(7, 6, 3, 2 * pass + step)));
  for (const pass of passes) expect([...pass].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  expect(passes[0]).not.toEqual(passes[1]);
  expect(batchOf(7, 3, 8, 1)).toHaveLength(3);
});

test('rollouts used for training are a randomSubset of those that vote, the same for the same seed', () => {
  const chosen = randomSubset(0, 1, 2, 8, 3);
  expect(chosen).toHaveLength(3);
  expect(new Set(chosen).size).toBe(3);
  expect(randomSubset(0, 1, 2, 8, 3)).toEqual(chosen);
  expect(randomSubset(0, 1, 2, 4, 8)).toEqual([0, 1, 2, 3]);
});
