/** The work that the check measures: a policy on a random checkpoint that samples and trains on one device. */

import { initialLora } from '../../../engine/model/lora.ts';
import { readSafetensorsIndex } from '../../../engine/model/safetensors.ts';
import { trainableParameters, Weights } from '../../../engine/model/weights.ts';
import { LoraConfig, LossConfig, OptimizerConfig } from '../../../engine/protocol/index.ts';
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

export interface Policy {
  /** One group of `rows` rollouts of `length` tokens each of a random prompt of `prompt` tokens. */
  sample(prompt: number, rows: number, length: number, step: number): Promise<Int32Array[]>;
  /** One LoRA update on a group of responses with advantages from -1 to 1; its gradient norm. */
  update(prompt: number, responses: readonly Int32Array[]): Promise<number | null>;
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
): Promise<Policy> {
  const config = shapeOf(shape);
  const { tensors } = await readSafetensorsIndex(await randomCheckpoint(folder, shape, config));
  const parameters = trainableParameters(config, tensors, LORA);
  const shared = {
    ...{ backend, config, positions },
    bind: (graph: Graph) => new Weights(graph, config, tensors, LORA),
  };
  const trainer = new Trainer({
    ...shared,
    ...{ parameters, initial: initialLora(parameters, generator(0, 'initialize')) },
    ...{ loss: LossConfig.parse({ measureKl: false }), optimizer: OptimizerConfig.parse({ lr: LEARNING_RATE }) },
    ...{ maxTokens: positions, temperature: 1, memory: MEMORY / 2 },
  });
  // Every response has the full length: no token ends one.
  const sampler = new Sampler({ ...shared, eosIds: [], parameters: () => trainer.parameters, memory: MEMORY / 4 });
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
      return group.map(({ tokens }) => tokens);
    },
    async update(prompt, responses) {
      const rows = responses.map((tokens, i) => ({
        ...{ tokens, logprob: new Float32Array(tokens.length), truncated: false },
        advantage: -1 + (2 * i) / Math.max(1, responses.length - 1),
      }));
      const group = { problem: 0, prompt: promptOf(prompt), responses: rows };
      return (await trainer.update([group], LEARNING_RATE, () => undefined)).gradientNorm;
    },
    weights: () => trainer.weights(),
    async release() {
      await sampler.release();
      await trainer.release();
    },
  };
}
