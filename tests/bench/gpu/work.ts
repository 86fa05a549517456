/** The work that the check measures: a policy on a random checkpoint that samples and trains on one device. */
import path from 'node:path';
import { initialLora } from '../../../engine/model/lora.ts';
import { narrowTensors } from '../../../engine/model/narrow-weights.ts';
import { type NarrowPrecision, storedReader } from '../../../engine/model/quantized-weights.ts';
import { readSafetensorsIndex } from '../../../engine/model/safetensors.ts';
import { trainableParameters, Weights } from '../../../engine/model/weights.ts';
import { LoraConfig, LossConfig, OptimizerConfig } from '../../../engine/protocol/index.ts';
import { LayeredModel } from '../../../engine/rollout/layered-model.ts';
import { generator } from '../../../engine/rollout/philox.ts';
import { type SampledRollout, Sampler } from '../../../engine/rollout/sampler.ts';
import type { Backend } from '../../../engine/runtime/backend.ts';
import type { Graph } from '../../../engine/tensor/index.ts';
import { Trainer } from '../../../engine/training/policy/trainer.ts';
import { type ShapeName, shapeOf } from '../../support/model-shapes.ts';
import { randomCheckpoint } from '../../support/random-checkpoint.ts';

const LORA = LoraConfig.parse({ rank: 16, alpha: 32 });
/** Bytes that micro-batches are sized for. */
const MEMORY = 8 * 2 ** 30;
const LEARNING_RATE = 1e-3;

/** How the policy computes; as one graph in float32 where nothing is said. */
export interface How {
  /** Of the frozen base. */
  precision?: NarrowPrecision;
  /** Of the base that samples, where it is another: updates then weigh each token by p / q. */
  rolloutPrecision?: NarrowPrecision;
  /** Layer by layer; a base in blocks or in 16 bits always runs so. */
  layered?: boolean;
}

export type Response = Pick<SampledRollout, 'tokens' | 'logprob'>;

export interface Updated {
  gradientNorm: number | null;
  /** KL divergence of what sampled from what trains; null where they are the same. */
  rolloutMismatch: number | null;
}

export interface Policy {
  /** One group of `rows` rollouts of `length` tokens each of a random prompt of `prompt` tokens. */
  sample(prompt: number, rows: number, length: number, step: number): Promise<Response[]>;
  /** One LoRA update on a group of responses with advantages from -1 to 1. */
  update(prompt: number, responses: readonly Response[]): Promise<Updated>;
  /** The trained parameters, by name. */
  weights(): ReturnType<Trainer['weights']>;
  release(): Promise<void>;
}

/** `positions`: the longest prompt and response together, tokens. */
export async function openPolicy(
  shape: ShapeName,
  backend: Backend,
  positions: number,
  folder: string,
  { precision, rolloutPrecision, layered = precision !== undefined }: How = {},
): Promise<Policy> {
  const config = shapeOf(shape);
  const file = await randomCheckpoint(folder, shape, config);
  const { tensors: wide } = await readSafetensorsIndex(file);
  const narrowed = (to: NarrowPrecision | undefined) => {
    const options = { cacheDir: path.dirname(file), fingerprint: 'random' };
    return to ? narrowTensors(config, storedReader(wide, file), { ...options, precision: to }) : wide;
  };
  const [tensors, sampled] = [await narrowed(precision), await narrowed(rolloutPrecision ?? precision)];
  const parameters = trainableParameters(config, tensors, LORA);
  const binder = (of: typeof tensors) => (graph: Graph) => new Weights(graph, config, of, LORA);
  const shared = { backend, config, positions, packWeights: !layered || precision !== undefined };
  const layersOf = (bind: (graph: Graph) => Weights) => (layered ? new LayeredModel({ ...shared, bind }) : null);
  const trains = { ...shared, bind: binder(tensors), layers: layersOf(binder(tensors)) };
  const samples = rolloutPrecision
    ? { ...shared, packWeights: true, bind: binder(sampled), layers: layersOf(binder(sampled)) }
    : trains;
  const trainer = new Trainer({
    ...trains,
    ...{ parameters, initial: initialLora(parameters, generator(0, 'initialize')) },
    ...{ loss: LossConfig.parse({ measureKl: false }), optimizer: OptimizerConfig.parse({ lr: LEARNING_RATE }) },
    ...{ maxTokens: positions, temperature: 1, memory: MEMORY / 2, corrected: rolloutPrecision !== undefined },
  });
  // Every response has the full length: no token ends one.
  const sampler = new Sampler({ ...samples, eosIds: [], parameters: () => trainer.parameters, memory: MEMORY / 4 });
  const prompts = new Map<number, Int32Array>();
  const promptOf = (length: number) => {
    const random = generator(2, 'initialize');
    const found =
      prompts.get(length) ?? Int32Array.from({ length }, () => Math.floor(random() * (config.vocabularySize - 8)));
    prompts.set(length, found);
    return found;
  };
  return {
    async sample(prompt, rows, length, step) {
      let group: SampledRollout[] = [];
      await sampler.sample({
        ...{ prompts: [{ problem: 0, tokens: promptOf(prompt) }], rows, seed: 0, stream: 'rollout', step },
        sampling: { temperature: 1, topP: 1, topK: 0, maxTokens: length },
        onGroup: (_, rollouts) => {
          group = rollouts;
        },
      });
      return group;
    },
    async update(prompt, responses) {
      const rows = responses.map(({ tokens, logprob }, i) => ({
        ...{ tokens, logprob, truncated: false },
        advantage: -1 + (2 * i) / Math.max(1, responses.length - 1),
      }));
      const group = { problem: 0, prompt: promptOf(prompt), responses: rows };
      return trainer.update([group], LEARNING_RATE, () => undefined);
    },
    weights: () => trainer.weights(),
    async release() {
      await sampler.release();
      await trainer.release();
      for (const layers of new Set([trains.layers, samples.layers])) await layers?.release();
    },
  };
}
