import { describe, expect, test } from 'vitest';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import { expectSameTraining, twoSteps } from '../support/two-steps.ts';
import { requireWebgpu } from '../support/webgpu.ts';

describe.runIf(requireWebgpu())('a training step on WebGPU', () => {
  test('draws the same tokens and comes to the same weights as on the CPU, without leaving the device', async () => {
    const cpu = await twoSteps(await openDevice('cpu', { threads: 1 }));
    const gpu = await twoSteps(await openDevice('webgpu', { threads: 1 }));
    expect(cpu.onDevice).toBe(false);
    expect(gpu.onDevice).toBe(true);
    expectSameTraining(gpu, cpu);
  });
});
