import { expect, test } from 'vitest';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import { pureTfjsBackend, tensorCount } from '../support/tfjs.ts';
import { expectSameTraining, twoSteps } from '../support/two-steps.ts';

test('two training steps on TensorFlow.js come to the same tokens and weights as on the CPU, and leak nothing', async () => {
  const cpu = await twoSteps(await openDevice('cpu', { threads: 1 }));
  const before = tensorCount();
  const counts: number[] = [];
  const tfjs = await twoSteps(await pureTfjsBackend(), () => counts.push(tensorCount()));
  expect(tfjs.onDevice).toBe(true);
  expectSameTraining(tfjs, cpu);
  // Graphs and weights are there after the first step; the second leaves as many tensors behind.
  expect(counts[0]!).toBeGreaterThan(before);
  expect(counts[1]).toBe(counts[0]);
  expect(tensorCount()).toBe(before);
});
