import { describe, expect, test } from 'vitest';
import { readTensor } from '../../engine/model/safetensors.ts';
import { LossConfig, OptimizerConfig } from '../../engine/protocol/index.ts';
import { type SampledRollout, Sampler } from '../../engine/rollout/sampler.ts';
import { createBackend } from '../../engine/runtime/ort-backend.ts';
import { Trainer } from '../../engine/training/trainer.ts';
import { tinyModel } from '../support/tiny-model.ts';
import { requireWebgpu } from '../support/webgpu.ts';

const PROMPTS = [
  [26, 11, 35],
  [15, 3],
].map((tokens, problem) => ({ problem, tokens: Int32Array.from(tokens) }));
const MAX_TOKENS = 4;

/** Two steps of training: rollouts, gradient, update, rollouts with the new weights. */
async function twoSteps(device: 'cpu' | 'webgpu') {
  const backend = await createBackend(device, { threads: 1 });
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
  }
  const onDevice = Object.values(trainer.parameters).every((value) => value.data === null);
  const weights = await trainer.weights();
  const { tensors } = await trainer.optimizerState();
  await sampler.release();
  await trainer.release();
  await backend.release();
  return { rollouts, norms, onDevice, weights, tensors };
}

describe.runIf(requireWebgpu())('a training step on WebGPU', () => {
  test('draws the same tokens and comes to the same weights as on the CPU, without leaving the device', async () => {
    const cpu = await twoSteps('cpu');
    const gpu = await twoSteps('webgpu');
    expect(cpu.onDevice).toBe(false);
    expect(gpu.onDevice).toBe(true);
    expect(gpu.rollouts.flat(2).map((r) => [...r.tokens])).toEqual(cpu.rollouts.flat(2).map((r) => [...r.tokens]));
    gpu.norms.forEach((norm, i) => {
      expect(norm! / cpu.norms[i]!).toBeCloseTo(1, 3);
    });
    for (const [name, { data }] of cpu.weights) {
      const other = gpu.weights.get(name)!.data;
      // AdamW's first steps are about as large as the rate, whatever the gradient: compare with that.
      data.forEach((value, i) => {
        expect(Math.abs(other[i]! - value), `${name}[${i}]`).toBeLessThan(2e-4);
      });
    }
    for (const [name, { data }] of cpu.tensors) {
      const other = gpu.tensors.get(name)!.data;
      const largest = data.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-12);
      data.forEach((value, i) => {
        expect(Math.abs(other[i]! - value) / largest, `${name}[${i}]`).toBeLessThan(1e-3);
      });
    }
  }, 240_000);
});
