/** Compares log-probabilities, entropies and gradients of a model with golden values from PyTorch. */
import { LossConfig } from '../../engine/protocol/index.ts';
import type { Backend, Value } from '../../engine/runtime/backend.ts';
import { compileFunction } from '../../engine/runtime/function.ts';
import type { Named } from '../../engine/tensor/index.ts';
import { batchFeeds } from '../../engine/training/policy/batch-feeds.ts';
import { policyGradientGraph } from '../../engine/training/policy/loss-graph.ts';
import type { WeightedGroup } from '../../engine/training/policy/responses.ts';
import type { TinyModel } from './tiny-model.ts';

export interface Difference {
  difference: number;
  /** The largest expected magnitude. */
  size: number;
}

export function farthest(actual: ArrayLike<number>, expected: ArrayLike<number>): Difference {
  let difference = 0;
  let size = 0;
  for (let i = 0; i < expected.length; i++) {
    const found = Math.abs(actual[i]! - expected[i]!);
    difference = Number.isNaN(found) ? Number.POSITIVE_INFINITY : Math.max(difference, found);
    size = Math.max(size, Math.abs(expected[i]!));
  }
  return { difference, size };
}

export function groupOf(
  prompt: readonly number[],
  responses: readonly number[][],
  advantages: readonly number[],
): WeightedGroup {
  return {
    prompt: Int32Array.from(prompt),
    problem: 0,
    responses: responses.map((tokens, i) => ({
      weight: 1,
      response: {
        tokens: Int32Array.from(tokens),
        logprob: new Float32Array(tokens.length),
        advantage: advantages[i]!,
        truncated: false,
      },
    })),
  };
}

export interface Differences {
  /** In nats, the largest over all tokens. */
  logprob: number;
  entropy: number;
  /** By parameter. */
  gradients: Map<string, Difference>;
}

/** The differences between a model's outputs and PyTorch's. */
export async function goldenDifferences(runs: Backend, model: TinyModel, positions: number): Promise<Differences> {
  const { expected, parameters } = model;
  const values = await model.values(runs);
  const graph = policyGradientGraph(model.bind, { positions, offPolicy: false, loss: LossConfig.parse({}) });
  const executable = await compileFunction(runs, graph);
  let sums: Named<Value> = Object.fromEntries(
    parameters.map(({ name: p, shape }) => [
      p,
      runs.value('float32', shape, new Float32Array(shape.reduce((a, b) => a * b, 1))),
    ]),
  );
  const found: Differences = { logprob: 0, entropy: 0, gradients: new Map() };
  const reference = model.lora ? expected.withLora! : expected.dense;
  for (const [i, { prompt, completion, weights }] of expected.sequences.entries()) {
    // PyTorch's weights have both signs; here, signs come from advantages, so a sequence runs once for each sign.
    const group = groupOf(prompt, [completion, completion], [1, -1]);
    const { batch, loss } = batchFeeds(runs, [group], expected.temperature);
    const n = completion.length;
    const weight = new Float32Array(2 * n);
    weights.forEach((w, t) => {
      weight[w > 0 ? t : n + t] = Math.abs(w);
    });
    const outputs = await executable.run({
      batch,
      loss: { ...loss, weight: runs.value('float32', [2, n], weight) },
      parameters: values,
      gradients: sums,
    });
    sums = outputs.gradients;
    const { logprob, entropy } = reference.statistics[i]!;
    const off = async (value: Value, golden: number[]) =>
      farthest((await runs.read(value)) as Float32Array, golden).difference;
    found.logprob = Math.max(found.logprob, await off(outputs.logprob, logprob));
    found.entropy = Math.max(found.entropy, await off(outputs.entropy, entropy));
  }
  for (const { name: p } of parameters) {
    const gradient = (await runs.read(sums[p]!)) as Float32Array;
    found.gradients.set(p, farthest(gradient, await model.gradient(p)));
  }
  await executable.release();
  return found;
}
