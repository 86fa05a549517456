import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Backend } from '../../engine/runtime/backend.ts';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import { pureTfjsBackend, tensorCount } from '../support/tfjs.ts';
import { TINY_MODELS } from '../support/tiny-model.ts';
import { expectSameTraining, twoSteps } from '../support/two-steps.ts';

let cpu: Backend;
beforeAll(async () => {
  cpu = await openDevice('cpu', { threads: 1 });
});
afterAll(() => cpu.release());

const cases = [{ model: 'tiny-llama' as const, lora: true }, ...TINY_MODELS.map((model) => ({ model, lora: false }))];
test.each(cases)(
  'two steps of $model, LoRA $lora, give the same tokens and weights on TensorFlow.js as on the CPU, without leaks',
  async ({ model, lora }) => {
    const expected = await twoSteps(cpu, { model, lora });
    const before = tensorCount();
    const counts: number[] = [];
    const backend = await pureTfjsBackend();
    const found = await twoSteps(backend, { model, lora, afterStep: () => counts.push(tensorCount()) });
    await backend.release();
    expect(found.onDevice).toBe(true);
    expectSameTraining(found, expected);
    // Graphs and weights are there after the first step; the second leaves as many tensors behind.
    expect(counts[0]!).toBeGreaterThan(before);
    expect(counts[1]).toBe(counts[0]);
    expect(tensorCount()).toBe(before);
  },
);

test.each(['4bit', '8bit', 'float16'] as const)('the same with a base in %s, layer by layer', async (precision) => {
  const backend = await pureTfjsBackend();
  const before = tensorCount();
  const found = await twoSteps(backend, { precision });
  expectSameTraining(found, await twoSteps(cpu, { precision }));
  await backend.release();
  expect(tensorCount()).toBe(before);
});
