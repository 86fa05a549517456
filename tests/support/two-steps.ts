/** Two steps of training on a backend, and what must agree between two backends. */
import { expect } from 'vitest';
import { readTensor } from '../../engine/model/safetensors.ts';
import { LossConfig, OptimizerConfig } from '../../engine/protocol/index.ts';
import { type SampledRollout, Sampler } from '../../engine/rollout/sampler.ts';
import type { Backend } from '../../engine/runtime/backend.ts';
import { Trainer } from '../../engine/training/policy/trainer.ts';
import { tinyModel } from './tiny-model.ts';

const PROMPTS = [
  [26, 11, 35],
  [15, 3],
].map((tokens, problem) => ({ problem, tokens: Int32Array.from(tokens) }));
const MAX_TOKENS = 4;

/**
 * Two steps of training: rollouts, gradient, update, rollouts with the new weights. The backend is released at the end;
 * `afterStep` is called before that, after each step.
 */
export async function twoSteps(backend: Backend, afterStep: () => void = () => {}) {
  const model = await tinyModel('tiny-llama', true);
  const initial = new Map(
    await Promise.all(
      model.parameters.map(async ({ name }) => [name, await readTensor(model.golden.get(`lora.${name}`)!)] as const),
    ),
  );
  const trainer = new Trainer({
    backend,
    bind: model.bind,
    config: model.config,
    parameters: model.parameters,
    initial,
    loss: LossConfig.parse({}),
    optimizer: OptimizerConfig.parse({ lr: 1e-2 }),
    maxTokens: MAX_TOKENS,
    temperature: 1,
    positions: 64,
    memory: 2 ** 30,
  });
  const sampler = new Sampler({
    backend,
    bind: model.bind,
    config: model.config,
    eosIds: [1],
    positions: 64,
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
  await backend.release();
  return { rollouts, norms, onDevice, weights, tensors };
}

/** Fails unless the same tokens were drawn, and the weights and moments are the same within float32's reach. */
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
    // AdamW's first steps are about as large as the rate, whatever the gradient: compare with that.
    data.forEach((value, i) => {
      expect(Math.abs(found[i]! - value), `${name}[${i}]`).toBeLessThan(2e-4);
    });
  }
  for (const [name, { data }] of cpu.tensors) {
    const found = other.tensors.get(name)!.data;
    const largest = data.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-12);
    data.forEach((value, i) => {
      expect(Math.abs(found[i]! - value) / largest, `${name}[${i}]`).toBeLessThan(1e-3);
    });
  }
}
