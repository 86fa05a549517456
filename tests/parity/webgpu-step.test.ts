import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend } from '../../engine/runtime/backend.ts';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import { TINY_MODELS } from '../support/tiny-model.ts';
import { expectSameTraining, twoSteps } from '../support/two-steps.ts';
import { requireWebgpu } from '../support/webgpu.ts';

const available = requireWebgpu();
let cpu: Backend;
let gpu: Backend;
beforeAll(async () => {
  if (!available) return;
  cpu = await openDevice('cpu', { threads: 1 });
  gpu = await openDevice('webgpu', { threads: 1 });
});
afterAll(async () => {
  await gpu?.release();
  await cpu?.release();
});

describe.runIf(available)('training steps on WebGPU', () => {
  test.each(TINY_MODELS)(
    '%s samples the same tokens and reaches the same weights as on the CPU, without leaving the device',
    async (model) => {
      const expected = await twoSteps(cpu, { model });
      const found = await twoSteps(gpu, { model });
      expect(expected.onDevice).toBe(false);
      expect(found.onDevice).toBe(true);
      expectSameTraining(found, expected);
    },
  );

  test.each(['4bit', '8bit', 'float16'] as const)('the same with a base in %s, layer by layer', async (precision) => {
    const found = await twoSteps(gpu, { precision });
    expectSameTraining(found, await twoSteps(cpu, { precision }));
  });
});
