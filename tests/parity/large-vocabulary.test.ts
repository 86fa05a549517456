import { expect, test } from 'vitest';
import { parseHuggingFaceConfig } from '../../engine/model/huggingface-config.ts';
import { parameterShapes } from '../../engine/model/parameters.ts';
import type { StoredTensor } from '../../engine/model/safetensors.ts';
import { Weights } from '../../engine/model/weights.ts';
import { LossConfig } from '../../engine/protocol/index.ts';
import { generator } from '../../engine/rollout/philox.ts';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import { compileFunction } from '../../engine/runtime/function.ts';
import type { Graph } from '../../engine/tensor/index.ts';
import { batchFeeds } from '../../engine/training/policy/batch-feeds.ts';
import { policyGradientGraph } from '../../engine/training/policy/loss-graph.ts';
import { pureTfjsBackend } from '../support/tfjs.ts';

// Above 2,048 tokens logits are made a response at a time in a loop, whose gradient is written by hand.
const CONFIG = {
  model_type: 'llama',
  vocab_size: 2304,
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  eos_token_id: 1,
};

const cases = ['cpu', 'tfjs'].flatMap((device) => [true, false].map((tied) => ({ device, tied })));

test.each(cases)(
  'the gradient of a large vocabulary equals the slope of the log-probs (on $device, tied: $tied)',
  async ({ device, tied }) => {
    const config = parseHuggingFaceConfig({ ...CONFIG, tie_word_embeddings: tied }, 'config.json');
    const shapes = parameterShapes(config);
    const tensors = new Map<string, StoredTensor>(
      [...shapes].map(([name, shape]) => [name, { file: '', offset: 0, bytes: 0, dtype: 'F32', shape }]),
    );
    const random = generator(5, 'initialize');
    const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
    const values = new Map(
      [...shapes].map(([name, shape]) => [
        name,
        Float32Array.from({ length: size(shape) }, () => (shape.length === 1 ? 1 : random() - 0.5)),
      ]),
    );
    const backend = device === 'tfjs' ? await pureTfjsBackend() : await openDevice('cpu', { threads: 1 });
    const graph = policyGradientGraph((g: Graph) => new Weights(g, config, tensors, null), {
      positions: 64,
      offPolicy: false,
      loss: LossConfig.parse({}),
    });
    const executable = await compileFunction(backend, graph);
    const response = (tokens: number[], advantage: number) => ({
      weight: 0.1,
      response: {
        tokens: Int32Array.from(tokens),
        logprob: new Float32Array(tokens.length),
        advantage,
        truncated: false,
      },
    });
    const advantages = [1.5, -0.5, 0.7];
    const feeds = batchFeeds(
      backend,
      [
        {
          prompt: Int32Array.of(7, 8, 2000),
          problem: 0,
          responses: [response([5, 2100, 9], 1.5), response([11, 5], -0.5)],
        },
        { prompt: Int32Array.of(3), problem: 1, responses: [response([2303], 0.7)] },
      ],
      0.8,
    );
    const run = async (parameters: ReadonlyMap<string, Float32Array>) => {
      const inputs = (array: (name: string, shape: readonly number[]) => Float32Array) =>
        Object.fromEntries(
          [...shapes].map(([name, shape]) => [name, backend.value('float32', shape, array(name, shape))]),
        );
      return executable.run({
        ...feeds,
        parameters: inputs((name) => parameters.get(name)!),
        gradients: inputs((_, shape) => new Float32Array(size(shape))),
      });
    };
    /** What the policy gradient differentiates: sum of weight x advantage x log p. */
    const objective = async (parameters: ReadonlyMap<string, Float32Array>) => {
      const logprob = (await backend.read((await run(parameters)).logprob)) as Float32Array;
      const at = (row: number, t: number) => logprob[row * 3 + t]!;
      const sums = [at(0, 0) + at(0, 1) + at(0, 2), at(1, 0) + at(1, 1), at(2, 0)];
      return sums.reduce((total, sum, i) => total + 0.1 * advantages[i]! * sum, 0);
    };
    const outputs = await run(values);
    for (const [name, shape] of shapes) {
      const gradient = (await backend.read(outputs.gradients[name]!)) as Float32Array;
      // Along the gradient itself the slope is the gradient's norm; the loss falls where the objective rises.
      const norm = Math.sqrt(gradient.reduce((a, b) => a + b * b, 0));
      expect(norm, name).toBeGreaterThan(0);
      const step = 0.02 / Math.max(1, Math.sqrt(size(shape)) * 0.05);
      const moved = (sign: number) =>
        new Map(values).set(
          name,
          values.get(name)!.map((v, i) => v - (sign * step * gradient[i]!) / norm),
        );
      const slope = ((await objective(moved(1))) - (await objective(moved(-1)))) / (2 * step);
      expect(Math.abs(slope - norm) / norm, name).toBeLessThan(0.02);
    }
    await executable.release();
    await backend.release();
  },
);
