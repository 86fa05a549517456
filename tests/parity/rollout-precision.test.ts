/** Rollouts in another precision than training: how far they are off, and that the update corrects for it. */
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { narrowTensors, roundingFactors } from '../../engine/model/narrow-weights.ts';
import { storedReader } from '../../engine/model/quantized-weights.ts';
import { readSafetensorsIndex, readTensor } from '../../engine/model/safetensors.ts';
import { writeSafetensors } from '../../engine/model/safetensors-write.ts';
import { Weights } from '../../engine/model/weights.ts';
import { LossConfig, OptimizerConfig } from '../../engine/protocol/index.ts';
import {
  type CachePrecision,
  checkActivationPrecision,
  checkCachePrecision,
} from '../../engine/rollout/cache-precision.ts';
import { type SampledRollout, Sampler } from '../../engine/rollout/sampler.ts';
import type { Backend } from '../../engine/runtime/backend.ts';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import type { Graph } from '../../engine/tensor/index.ts';
import type { TrainedGroup } from '../../engine/training/policy/responses.ts';
import { Trainer } from '../../engine/training/policy/trainer.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectThrow } from '../support/refusals.ts';
import { type TinyModel, tinyModel } from '../support/tiny-model.ts';

const PROMPTS = [[20, 11, 13, 17, 19], [15], [3, 4, 5, 6, 7, 8, 9]].map((tokens) => Int32Array.from(tokens));
const MODEL = 'tiny-llama';

interface Opening {
  epochs?: number;
  importanceCap?: number;
  /** Of the frozen base, in the place of the model's own. */
  tensors?: TinyModel['tensors'];
}

async function opened(corrected: boolean, { epochs = 1, importanceCap = 2, tensors }: Opening = {}) {
  const backend = await openDevice('cpu', { threads: 1 });
  const model = await tinyModel(MODEL, true);
  const given = await model.values(backend);
  const initial = new Map(Object.entries(given).map(([key, value]) => [key, value.data as Float32Array]));
  const bind = tensors ? (graph: Graph) => new Weights(graph, model.config, tensors, model.lora) : model.bind;
  const trainer = new Trainer({
    ...{ backend, bind, config: model.config, parameters: model.parameters, initial, corrected },
    loss: LossConfig.parse({ epochs, importanceCap, clipHigh: 10, clipLow: 1 }),
    optimizer: OptimizerConfig.parse({ lr: 1e-3, beta1: 0.9, clipNorm: 1e9 }),
    ...{ maxTokens: 20, temperature: 1, positions: 64, memory: 2 ** 30 },
  });
  const release = async () => {
    await trainer.release();
    await backend.release();
  };
  return { backend, model, trainer, release };
}

async function sampled(
  backend: Backend,
  { config, bind }: Pick<TinyModel, 'config' | 'bind'>,
  trainer: Trainer,
  cachePrecision: CachePrecision,
): Promise<TrainedGroup[]> {
  const sampler = new Sampler({
    ...{ backend, config, bind, cachePrecision, positions: 64, eosIds: [1], memory: 2 ** 30 },
    parameters: () => trainer.parameters,
  });
  const groups: SampledRollout[][] = [];
  await sampler.sample({
    prompts: PROMPTS.map((tokens, problem) => ({ problem, tokens })),
    ...{ rows: 4, seed: 3, stream: 'rollout', step: 1 },
    sampling: { temperature: 1, topP: 1, topK: 0, maxTokens: 40 },
    onGroup: (prompt, group) => {
      groups[prompt] = group;
    },
  });
  await sampler.release();
  return groups.map((group, problem) => ({
    problem,
    prompt: PROMPTS[problem]!,
    responses: group.map(({ tokens, logprob }, i) => ({ tokens, logprob, advantage: i - 1.5, truncated: false })),
  }));
}

async function farthestScore(trainer: Trainer, groups: TrainedGroup[]): Promise<number> {
  const scores = await trainer.score(groups);
  let most = 0;
  groups.forEach(({ responses }, p) => {
    responses.forEach(({ logprob }, g) => {
      logprob.forEach((value, t) => {
        most = Math.max(most, Math.abs(value - scores[p]![g]!.logprob[t]!));
      });
    });
  });
  return most;
}

test.each([
  ['float32', 0, 5e-5],
  ['float16', 1e-6, 1e-2],
  ['8bit', 1e-5, 1e-1],
] as const)('log-probabilities with keys and values in %s are off by %d to %d', async (precision, least, most) => {
  const { backend, model, trainer, release } = await opened(true);
  const groups = await sampled(backend, model, trainer, precision);
  const difference = await farthestScore(trainer, groups);
  expect(difference).toBeGreaterThanOrEqual(least);
  expect(difference).toBeLessThan(most);
  const { rolloutMismatch } = await trainer.update(groups, 1e-3, () => {});
  expect(rolloutMismatch).toBeGreaterThanOrEqual(-1e-9);
  expect(rolloutMismatch).toBeLessThan(most ** 2);
  await release();
});

/** The weights in float32; times 1.0003 they are numbers that float16 does not have. */
async function inFloat32({ tensors }: Pick<TinyModel, 'tensors'>, factor = 1.0003): Promise<TinyModel['tensors']> {
  const file = path.join(temporaryFolder(), 'wide.safetensors');
  const moved = await Promise.all(
    [...tensors].map(async ([key, tensor]) => {
      const data = (await readTensor(tensor)).map((x) => x * factor);
      return [key, { shape: tensor.shape, data }] as const;
    }),
  );
  await writeSafetensors(file, new Map(moved));
  return (await readSafetensorsIndex(file)).tensors;
}

test.each([
  ['float16', 1e-5, 1e-2],
  ['4bit', 1e-4, 10],
] as const)('rollouts of a base in %s: the mismatch is measured', async (precision, least, most) => {
  const tensors = await inFloat32(await tinyModel(MODEL, true));
  const { backend, model, trainer, release } = await opened(true, { tensors });
  const options = { precision, cacheDir: temporaryFolder(), fingerprint: MODEL } as const;
  const narrow = await narrowTensors(model.config, storedReader(tensors, MODEL), options);
  const bind = (graph: Graph) => new Weights(graph, model.config, narrow, model.lora);
  const groups = await sampled(backend, { config: model.config, bind }, trainer, 'float32');
  const difference = await farthestScore(trainer, groups);
  expect(difference).toBeGreaterThan(least);
  expect(difference).toBeLessThan(most);
  const { rolloutMismatch } = await trainer.update(groups, 1e-3, () => {});
  expect(rolloutMismatch).toBeGreaterThan(0);
  expect(rolloutMismatch).toBeLessThan(difference ** 2);
  await release();
});

test.each(['8bit', '4bit'] as const)(
  'activations in 8 bits with a base in %s: the mismatch is measured',
  async (precision) => {
    const model = await tinyModel(MODEL, true);
    const options = { precision, cacheDir: temporaryFolder(), fingerprint: MODEL } as const;
    const laidOut = { ...options, roundsFactors: true };
    const narrow = await narrowTensors(model.config, storedReader(model.tensors, MODEL), laidOut);
    const types = [...narrow.values()].map(({ dtype }) => dtype);
    expect([types.includes('Q8_0'), types.includes('Q8_0 bytes')]).toEqual([false, true]);
    const own = new Map([...narrow].filter(([name]) => model.tensors.has(name)));
    // What the blocks stand for: only activations differ.
    const { backend, trainer, release } = await opened(true, { tensors: await inFloat32({ tensors: own }, 1) });
    const farthest = async (tensors: TinyModel['tensors']) => {
      const bind = (graph: Graph) => new Weights(graph, model.config, tensors, model.lora);
      const groups = await sampled(backend, { config: model.config, bind }, trainer, 'float32');
      return { groups, difference: await farthestScore(trainer, groups) };
    };
    expect((await farthest(narrow)).difference).toBeLessThan(5e-5);
    const { groups, difference } = await farthest(roundingFactors(narrow));
    expect(difference).toBeGreaterThan(1e-4);
    expect(difference).toBeLessThan(0.2);
    const { rolloutMismatch } = await trainer.update(groups, 1e-3, () => {});
    expect(rolloutMismatch).toBeGreaterThan(0);
    expect(rolloutMismatch).toBeLessThan(difference ** 2);
    await release();
  },
);

test('an error refuses activations in 8 bits on other devices', () => {
  const facts = { reason: 'activation-precision-on-device', field: 'activationPrecision', value: '8bit' };
  expectThrow(() => checkActivationPrecision('8bit', false), 'config', facts);
  expect(() => checkActivationPrecision('8bit', true)).not.toThrow();
  expect(() => checkActivationPrecision('float32', false)).not.toThrow();
});

test('an error refuses other cache precisions on a device that keeps keys and values in its own memory', () => {
  const facts = { reason: 'cache-precision-on-device', field: 'cachePrecision', value: '8bit' };
  expectThrow(() => checkCachePrecision('8bit', false), 'config', facts);
  for (const [precision, controlFlow] of [
    ['8bit', true],
    ['float32', false],
  ] as const)
    expect(() => checkCachePrecision(precision, controlFlow)).not.toThrow();
});

describe('an update on rollouts sampled in another precision', () => {
  /** The policy's own log-probabilities less `by`: what sampled found each token less likely by so many nats. */
  async function shifted(trainer: Trainer, groups: TrainedGroup[], by: (response: number) => number) {
    const scores = await trainer.score(groups);
    return groups.map((group, p) => ({
      ...group,
      responses: group.responses.map((response, g) => ({
        ...response,
        logprob: scores[p]![g]!.logprob.map((value) => value - by(g)),
      })),
    }));
  }

  const momentsOf = async (trainer: Trainer) => (await trainer.optimizerState()).tensors;

  test.each([2, 1.5, 10])('weights each token by p / q, capped at %d', async (importanceCap) => {
    const one = await opened(true, { importanceCap });
    const groups = await sampled(one.backend, one.model, one.trainer, 'float32');
    const by = [-0.5, 0.3, 2, 0];
    const given = await shifted(one.trainer, groups, (g) => by[g]!);
    const { rolloutMismatch } = await one.trainer.update(given, 1e-3, () => {});
    const terms = given.flatMap(({ responses }) =>
      responses.map(({ tokens }, g) => [tokens.length, Math.expm1(by[g]!) - by[g]!] as const),
    );
    const total = terms.reduce((n, [count]) => n + count, 0);
    expect(rolloutMismatch).toBeCloseTo(terms.reduce((sum, [count, k3]) => sum + count * k3, 0) / total, 4);

    const other = await opened(false);
    const weighted = groups.map((group) => ({
      ...group,
      responses: group.responses.map((response, g) => ({
        ...response,
        advantage: response.advantage * Math.min(importanceCap, Math.exp(by[g]!)),
      })),
    }));
    expect((await other.trainer.update(weighted, 1e-3, () => {})).rolloutMismatch).toBeNull();
    const [found, expected] = [await momentsOf(one.trainer), await momentsOf(other.trainer)];
    for (const [name, { data }] of expected) {
      if (!name.startsWith('m.')) continue;
      const size = data.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-12);
      data.forEach((value, i) => {
        expect(Math.abs(found.get(name)!.data[i]! - value) / size, name).toBeLessThan(1e-4);
      });
    }
    await one.release();
    await other.release();
  });

  test('scores a group once if it is used for several updates', async () => {
    const { backend, model, trainer, release } = await opened(true, { epochs: 2 });
    const groups = await sampled(backend, model, trainer, 'float16');
    const first = await trainer.update(groups, 1e-2, () => {});
    const second = await trainer.update(groups, 1e-2, () => {});
    // As when it first trained, though the policy has moved.
    expect(second.rolloutMismatch).toBe(first.rolloutMismatch);
    await release();
  });
});
