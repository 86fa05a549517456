/** A model that runs layer by layer says and learns what it does as one graph, for each architecture. */
import { expect, test } from 'vitest';
import { LossConfig, OptimizerConfig } from '../../engine/protocol/index.ts';
import { LayeredModel } from '../../engine/rollout/layered-model.ts';
import { type SampledRollout, Sampler } from '../../engine/rollout/sampler.ts';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import type { TrainedGroup } from '../../engine/training/policy/responses.ts';
import { Trainer } from '../../engine/training/policy/trainer.ts';
import { hasLora, TINY_MODELS, tinyModel } from '../support/tiny-model.ts';

const POSITIONS = 96;
const cases = TINY_MODELS.flatMap((name) => [false, true].map((lora) => ({ name, lora }))).filter(
  ({ name, lora }) => !lora || hasLora(name),
);

function farthest(found: Float32Array, expected: Float32Array): number {
  expect(found.length).toBe(expected.length);
  // A gradient that is nothing but rounding has no size of its own.
  const size = expected.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-3);
  return expected.reduce((a, b, i) => Math.max(a, Math.abs(b - found[i]!)), 0) / size;
}

interface Outcome {
  rollouts: SampledRollout[][];
  scores: { logprob: Float32Array; entropy: Float32Array }[];
  metrics: { loss: number | null };
  tensors: ReadonlyMap<string, { data: Float32Array }>;
}

function expectSame(layered: Outcome, whole: Outcome): void {
  expect(layered.rollouts.flat().map((r) => [...r.tokens])).toEqual(whole.rollouts.flat().map((r) => [...r.tokens]));
  whole.scores.forEach(({ logprob, entropy }, i) => {
    expect(farthest(layered.scores[i]!.logprob, logprob)).toBeLessThan(2e-5);
    expect(farthest(layered.scores[i]!.entropy, entropy)).toBeLessThan(2e-5);
  });
  expect(layered.metrics.loss! / whole.metrics.loss!).toBeCloseTo(1, 4);
  for (const [key, { data }] of whole.tensors) {
    if (key.startsWith('m.')) expect(farthest(layered.tensors.get(key)!.data, data), key).toBeLessThan(2e-5);
  }
}

test.each(cases)('$name, LoRA $lora', async ({ name, lora }) => {
  const backend = await openDevice('cpu', { threads: 1 });
  const { bind, config, parameters, values } = await tinyModel(name, lora);
  const given = await values(backend);
  const initial = new Map(Object.entries(given).map(([key, value]) => [key, value.data as Float32Array]));
  const run = async (layered: boolean, sliceBytes?: number) => {
    const shared = { backend, bind, config, positions: POSITIONS };
    const layers = layered ? new LayeredModel(shared) : null;
    const trainer = new Trainer({
      ...shared,
      ...(sliceBytes !== undefined && { sliceBytes }),
      layers,
      parameters,
      initial,
      loss: LossConfig.parse({ entropyCoefficient: 0.01 }),
      optimizer: OptimizerConfig.parse({ lr: 1e-3, beta1: 0.9, clipNorm: 1e9 }),
      maxTokens: 20,
      temperature: 0.8,
      // A response at a time where it runs layer by layer.
      memory: layered ? 1 : 2 ** 30,
    });
    const sampler = new Sampler({
      ...shared,
      layers,
      eosIds: [1],
      parameters: () => trainer.parameters,
      memory: 2 ** 30,
    });
    // A prompt of one token has no keys and values of its own.
    const prompts = [[20, 11, 13, 17, 19], [15], [3, 4, 5, 6, 7, 8, 9, 10, 11]].map((tokens, problem) => ({
      problem,
      tokens: Int32Array.from(tokens),
    }));
    const rollouts: SampledRollout[][] = [];
    await sampler.sample({
      prompts,
      rows: 4,
      sampling: { temperature: 0.8, topP: 1, topK: 0, maxTokens: 20 },
      seed: 3,
      stream: 'rollout',
      step: 1,
      onGroup: (prompt, group) => {
        rollouts[prompt] = group;
      },
    });
    const groups: TrainedGroup[] = rollouts.map((group, problem) => ({
      problem,
      prompt: prompts[problem]!.tokens,
      responses: group.map(({ tokens, logprob }, i) => ({ tokens, logprob, advantage: i - 1.5, truncated: false })),
    }));
    const scores = (await trainer.score(groups)).flat();
    const metrics = await trainer.update(groups, 1e-3, () => {});
    const { tensors } = await trainer.optimizerState();
    await sampler.release();
    await trainer.release();
    await layers?.release();
    return { rollouts, scores, metrics, tensors };
  };
  const whole = await run(false);
  // The unembedding at once, and seven of its rows at a time where it is frozen.
  for (const sliceBytes of [undefined, 7 * 4 * config.hiddenSize]) expectSame(await run(true, sliceBytes), whole);
  await backend.release();
});
