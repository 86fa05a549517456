/** AdamW against PyTorch's, on every backend. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Backend, Value } from '../../engine/runtime/backend.ts';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import { compileFunction, dispose } from '../../engine/runtime/function.ts';
import type { Named } from '../../engine/tensor/index.ts';
import { type AdamwOptions, type AdamwState, adamwGraph } from '../../engine/tensor/optimizer.ts';
import { largestDifference } from '../support/compare.ts';
import { referenceBackend } from '../support/reference-backend.ts';
import { requireWebgpu } from '../support/webgpu.ts';

type Tensors = Record<string, number[]>;
interface Golden {
  options: AdamwOptions;
  shapes: Record<string, number[]>;
  initial: Tensors;
  steps: {
    lr: number;
    gradients: Tensors;
    norm: number;
    parameters: Tensors;
    firstMoment: Tensors;
    secondMoment: Tensors;
  }[];
}
const golden: Golden = JSON.parse(readFileSync(new URL('golden/adamw.json', import.meta.url), 'utf8'));
const names = Object.keys(golden.shapes);
const parameters = names.map((name) => ({ name, shape: golden.shapes[name]! }));

/** The state after each step; parameters and moments stay on the device between the steps. */
async function trajectory(backend: Backend, scale: number): Promise<void> {
  const optimizer = await compileFunction(backend, adamwGraph(parameters, golden.options), {
    keepOnDevice: (outputs) => outputs.state,
  });
  const tensor = (name: string, data: ArrayLike<number>) =>
    backend.value('float32', golden.shapes[name]!, Float32Array.from(data));
  const scalar = (value: number) => backend.value('float32', [], Float32Array.of(value));
  const named = (data: (name: string) => ArrayLike<number>): Named<Value> =>
    Object.fromEntries(names.map((name) => [name, tensor(name, data(name))]));
  const zeros = () => named((name) => golden.initial[name]!.map(() => 0));
  let state: AdamwState<Value> = {
    parameters: named((name) => golden.initial[name]!),
    first: zeros(),
    second: zeros(),
  };
  for (const [i, step] of golden.steps.entries()) {
    const gradients = named((name) => step.gradients[name]!.map((g) => g / scale));
    const scalars = { lr: scalar(step.lr), step: scalar(i + 1), scale: scalar(scale) };
    const next = await optimizer.run({ state, gradients, ...scalars });
    dispose(state);
    state = next.state;
    expect(largestDifference(await backend.read(next.norm), [step.norm])).toBeLessThan(1e-5);
    const expected = { parameters: step.parameters, first: step.firstMoment, second: step.secondMoment };
    for (const kind of ['parameters', 'first', 'second'] as const) {
      for (const name of names) {
        const actual = await backend.read(state[kind][name]!);
        const what = `${kind} ${name} after step ${i + 1}`;
        expect(largestDifference(actual, expected[kind][name]!), what).toBeLessThan(2e-6);
      }
    }
  }
  dispose(state);
  await optimizer.release();
  await backend.release();
}

describe('AdamW takes the same steps as PyTorch', () => {
  test('in float64', () => trajectory(referenceBackend(), 1));
  test('on the CPU, with gradients that are scaled inside', async () => {
    await trajectory(await openDevice('cpu', { threads: 1 }), 0.125);
  });
  test.runIf(requireWebgpu())('on WebGPU, with its state kept in device buffers', async () => {
    await trajectory(await openDevice('webgpu', { threads: 1 }), 1);
  });
});

/** AdamW on one number, without clipping, as the paper writes it. */
function plainSteps(options: AdamwOptions, lr: number, gradients: number[], start: number): number {
  const { beta1, beta2, epsilon, weightDecay } = options;
  let [p, m, v] = [start, 0, 0];
  gradients.forEach((g, i) => {
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    const unbiased = Math.sqrt(v / (1 - beta2 ** (i + 1)));
    p = p * (1 - lr * weightDecay) - (lr * m) / (1 - beta1 ** (i + 1)) / (unbiased + epsilon);
  });
  return p;
}

test.each([
  ['early steps', 3, 0.999],
  ['many steps', 1500, 0.999],
  ['a short memory', 20, 0.9],
])('one number without clipping: %s', async (_, count, beta2) => {
  const options = { beta1: 0.9, beta2, epsilon: 1e-8, weightDecay: 0, clipNorm: null };
  const backend = await openDevice('cpu', { threads: 1 });
  const optimizer = await compileFunction(backend, adamwGraph([{ name: 'x', shape: [] }], options));
  const scalar = (value: number) => backend.value('float32', [], Float32Array.of(value));
  const gradients = Array.from({ length: count }, (_, i) => Math.fround(Math.sin(i * i)));
  let state: AdamwState<Value> = { parameters: { x: scalar(1) }, first: { x: scalar(0) }, second: { x: scalar(0) } };
  for (const [i, g] of gradients.entries()) {
    const scalars = { lr: scalar(1e-3), step: scalar(i + 1), scale: scalar(1) };
    ({ state } = await optimizer.run({ state, gradients: { x: scalar(g) }, ...scalars }));
  }
  const expected = plainSteps(options, 1e-3, gradients, 1);
  expect(Math.abs(Number(state.parameters.x!.data![0]) - expected)).toBeLessThan(2e-6 + 1e-8 * count);
  await backend.release();
});

test('without parameters of the same shape, and with an all-zero gradient', async () => {
  const options = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1 };
  const backend = await openDevice('cpu', { threads: 1 });
  const optimizer = await compileFunction(backend, adamwGraph([{ name: 'w', shape: [2] }], options));
  const pair = (a: number, b: number) => backend.value('float32', [2], Float32Array.of(a, b));
  const scalar = (value: number) => backend.value('float32', [], Float32Array.of(value));
  const result = await optimizer.run({
    state: { parameters: { w: pair(1, -2) }, first: { w: pair(0, 0) }, second: { w: pair(0, 0) } },
    gradients: { w: pair(0, 0) },
    lr: scalar(0.5),
    step: scalar(1),
    scale: scalar(1),
  });
  expect([...(result.state.parameters.w!.data as Float32Array)]).toEqual([Math.fround(0.95), Math.fround(-1.9)]);
  expect(result.norm.data![0]).toBe(0);
  await backend.release();
});
