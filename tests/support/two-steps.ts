/** Two training steps on a backend, and what must agree between two backends. */
import { expect } from 'vitest';
import { narrowTensors } from '../../engine/model/narrow-weights.ts';
import { type NarrowPrecision, storedReader } from '../../engine/model/quantized-weights.ts';
import { readTensor } from '../../engine/model/safetensors.ts';
import { Weights } from '../../engine/model/weights.ts';
import { LossConfig, OptimizerConfig } from '../../engine/protocol/index.ts';
import { LayeredModel } from '../../engine/rollout/layered-model.ts';
import { type SampledRollout, Sampler } from '../../engine/rollout/sampler.ts';
import type { Backend } from '../../engine/runtime/backend.ts';
import type { Graph } from '../../engine/tensor/index.ts';
import { Trainer } from '../../engine/training/policy/trainer.ts';
import { temporaryFolder } from './processes.ts';
import { type TinyName, tinyModel } from './tiny-model.ts';

const PROMPTS = [
  [20, 11, 17],
  [15, 3],
].map((tokens, problem) => ({ problem, tokens: Int32Array.from(tokens) }));
const MAX_TOKENS = 4;

export interface TwoSteps {
  model?: TinyName;
  /** Trains an adapter instead of all weights. */
  lora?: boolean;
  /** Precision of a frozen base, which then runs layer by layer. */
  precision?: NarrowPrecision;
  /** Called after each step. */
  afterStep?: () => void;
}

/** Deterministic numbers between -0.2 and 0.2. */
function deterministicNumbers(shape: readonly number[]): Float32Array {
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => 0.2 * Math.sin(12.9898 * (i + 1)));
}

/** Two training steps: rollouts, gradient, update, rollouts with the new weights. */
export async function twoSteps(
  backend: Backend,
  { model: name = 'tiny-llama', lora = true, precision, afterStep = () => {} }: TwoSteps = {},
) {
  const model = await tinyModel(name, lora);
  const { config } = model;
  const narrowing = { cacheDir: temporaryFolder(), fingerprint: name };
  const base = precision
    ? await narrowTensors(config, storedReader(model.tensors, name), { ...narrowing, precision })
    : model.tensors;
  const bind = (graph: Graph) => new Weights(graph, config, base, model.lora);
  const shared = { backend, bind, config, positions: 64 };
  const layers = precision ? new LayeredModel(shared) : null;
  const initial = new Map(
    await Promise.all(
      model.parameters.map(async ({ name: key, shape }) => {
        const stored = lora ? model.golden.get(`lora.${key}`) : model.tensors.get(key);
        return [key, stored ? await readTensor(stored) : deterministicNumbers(shape)] as const;
      }),
    ),
  );
  const trainer = new Trainer({
    ...shared,
    layers,
    parameters: model.parameters,
    initial,
    loss: LossConfig.parse({}),
    // A step that is smooth where the gradient is pure rounding error.
    optimizer: OptimizerConfig.parse({ lr: 1e-2, epsilon: 1e-3 }),
    maxTokens: MAX_TOKENS,
    temperature: 1,
    memory: 2 ** 30,
  });
  const sampler = new Sampler({
    ...shared,
    layers,
    packWeights: true,
    eosIds: [1],
    parameters: () => trainer.parameters,
    memory: 2 ** 30,
  });
  const rollouts: SampledRollout[][][] = [];
  const norms: (number | null)[] = [];
  for (let step = 1; step <= 2; step++) {
    const groups: SampledRollout[][] = [];
    await sampler.sample({
      prompts: PROMPTS,
      rows: 3,
      sampling: { temperature: 1, topP: 1, topK: 0, maxTokens: MAX_TOKENS },
      seed: 11,
      stream: 'rollout',
      step,
      onGroup: (prompt, group) => {
        groups[prompt] = group;
      },
    });
    rollouts.push(groups);
    const trained = groups.map((group, problem) => ({
      problem,
      prompt: PROMPTS[problem]!.tokens,
      responses: group.map(({ tokens, logprob }, i) => ({ tokens, logprob, advantage: i - 1, truncated: false })),
    }));
    norms.push((await trainer.update(trained, 1e-2, () => {})).gradientNorm);
    afterStep();
  }
  const onDevice = Object.values(trainer.parameters).every((value) => value.data === null);
  const weights = await trainer.weights();
  const { tensors } = await trainer.optimizerState();
  await sampler.release();
  await trainer.release();
  await layers?.release();
  return { rollouts, norms, onDevice, weights, tensors };
}

/** Fails unless the same tokens were drawn, and the weights and moments agree within float32's precision. */
export function expectSameTraining(
  other: Awaited<ReturnType<typeof twoSteps>>,
  cpu: Awaited<ReturnType<typeof twoSteps>>,
): void {
  expect(other.rollouts.flat(2).map((r) => [...r.tokens])).toEqual(cpu.rollouts.flat(2).map((r) => [...r.tokens]));
  other.norms.forEach((norm, i) => {
    expect(norm! / cpu.norms[i]!).toBeCloseTo(1, 3);
  });
  for (const [name, { data }] of cpu.weights) {
    const found = other.weights.get(name)!.data;
    // AdamW's first updates are about as large as the learning rate, 1e-2: compare with that.
    data.forEach((value, i) => {
      expect(Math.abs(found[i]! - value), `${name}[${i}]`).toBeLessThan(5e-5);
    });
  }
  const largestOf = (data: Float32Array) => data.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const moments = [...cpu.tensors].map(([name, { data }]) => ({ name, data, largest: largestOf(data) }));
  const most = moments.reduce((a, { largest }) => Math.max(a, largest), 0);
  for (const { name, data, largest } of moments) {
    const found = other.tensors.get(name)!.data;
    // If a gradient is pure rounding error, as for a bias of all keys without rotation, its size is meaningless.
    data.forEach((value, i) => {
      expect(Math.abs(found[i]! - value) / Math.max(largest, 1e-4 * most), `${name}[${i}]`).toBeLessThan(1e-3);
    });
  }
}
