import { afterAll, describe, expect, test } from 'vitest';
import { LossConfig } from '../../engine/protocol/index.ts';
import { type SampledRollout, Sampler } from '../../engine/rollout/sampler.ts';
import type { Backend, Value } from '../../engine/runtime/backend.ts';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import { compileFunction } from '../../engine/runtime/function.ts';
import type { Named } from '../../engine/tensor/index.ts';
import { batchFeeds } from '../../engine/training/policy/batch-feeds.ts';
import { policyGradientGraph } from '../../engine/training/policy/loss-graph.ts';
import type { WeightedGroup } from '../../engine/training/policy/responses.ts';
import { scoreGraph } from '../../engine/training/policy/score-graph.ts';
import { pureTfjsBackend } from '../support/tfjs.ts';
import { hasLora, TINY_MODELS, tinyModel } from '../support/tiny-model.ts';
import { requireWebgpu } from '../support/webgpu.ts';

const POSITIONS = 96;

function groupOf(
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

function farthest(actual: ArrayLike<number>, expected: ArrayLike<number>): { difference: number; size: number } {
  let difference = 0;
  let size = 0;
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i]! - expected[i]!));
    size = Math.max(size, Math.abs(expected[i]!));
  }
  return { difference, size };
}

const devices = [
  { device: 'cpu' as const, present: true },
  { device: 'webgpu' as const, present: requireWebgpu() },
  { device: 'tfjs' as const, present: true },
];

for (const { device, present } of devices) {
  describe.runIf(present)(`on ${device}`, () => {
    let backend: Backend;
    const open = async () => {
      backend ??= device === 'tfjs' ? await pureTfjsBackend() : await openDevice(device, { threads: 1 });
      return backend;
    };
    afterAll(async () => backend?.release());

    // The software device is slow; the architectures differ in nothing that depends on the device.
    const cases = TINY_MODELS.flatMap((name) => [false, true].map((lora) => ({ name, lora }))).filter(
      ({ name, lora }) => (device === 'webgpu' ? name === 'tiny-llama' : !lora || hasLora(name)),
    );

    test.each(cases)("$name, LoRA $lora: log-probs and gradients are PyTorch's", async ({ name, lora }) => {
      const runs = await open();
      const model = await tinyModel(name, lora);
      const { expected, parameters } = model;
      const values = await model.values(runs);
      const graph = policyGradientGraph(model.bind, {
        positions: POSITIONS,
        offPolicy: false,
        loss: LossConfig.parse({}),
      });
      const executable = await compileFunction(runs, graph);
      let sums: Named<Value> = Object.fromEntries(
        parameters.map(({ name: p, shape }) => [
          p,
          runs.value('float32', shape, new Float32Array(shape.reduce((a, b) => a * b, 1))),
        ]),
      );
      const reference = lora ? expected.withLora! : expected.dense;
      for (const [i, { prompt, completion, weights }] of expected.sequences.entries()) {
        // PyTorch's weights have both signs; here signs are advantages, so a sequence runs once for each.
        const { batch, loss } = batchFeeds(
          runs,
          [groupOf(prompt, [completion, completion], [1, -1])],
          expected.temperature,
        );
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
        expect(farthest((await runs.read(outputs.logprob)) as Float32Array, logprob).difference).toBeLessThan(2e-5);
        expect(farthest((await runs.read(outputs.entropy)) as Float32Array, entropy).difference).toBeLessThan(2e-5);
      }
      for (const { name: p } of parameters) {
        const found = (await runs.read(sums[p]!)) as Float32Array;
        const { difference, size } = farthest(found, await model.gradient(p));
        // Without rotation a bias of all keys changes no softmax: its gradient is nothing but rounding.
        const least = name === 'tiny-gpt2' ? 1e-2 : 0;
        expect(difference / Math.max(size, least), p).toBeLessThan(2e-5);
      }
      await executable.release();
    });

    const samplings = [
      { temperature: 0.7, topP: 1, topK: 0 },
      { temperature: 0, topP: 1, topK: 0 },
      { temperature: 1.3, topP: 0.8, topK: 0 },
      { temperature: 1.3, topP: 1, topK: 3 },
    ];
    const others = TINY_MODELS.filter((name) => name !== 'tiny-llama' && device !== 'webgpu');
    const drawn = [
      ...samplings.map((sampling) => ({ name: 'tiny-llama' as const, ...sampling })),
      ...others.map((name) => ({ name, ...samplings[0]! })),
    ];
    test.each(drawn)(
      '$name: sampling at $temperature, top-p $topP, top-k $topK says what scoring says',
      async ({ name, ...sampling }) => {
        const runs = await open();
        const model = await tinyModel(name, false);
        const values = await model.values(runs);
        const sampler = new Sampler({
          backend: runs,
          bind: model.bind,
          config: model.config,
          eosIds: [1],
          positions: POSITIONS,
          parameters: () => values,
          memory: 2 ** 30,
        });
        // More than one call of the decode graph on the CPU, and rows that end early and are packed away.
        const maxTokens = device === 'cpu' ? 50 : 6;
        const prompts = [[20, 11, 15, 17, 19], [15], [3, 4, 5, 6, 7, 8, 9, 10, 11]].map((tokens, problem) => ({
          problem,
          tokens: Int32Array.from(tokens),
        }));
        const found: SampledRollout[][] = [];
        await sampler.sample({
          prompts,
          rows: 6,
          sampling: { ...sampling, maxTokens },
          seed: 7,
          stream: 'rollout',
          step: 1,
          onGroup: (prompt, rollouts) => {
            found[prompt] = rollouts;
          },
        });
        const scorer = await compileFunction(runs, scoreGraph(model.bind, POSITIONS));
        for (const [p, rollouts] of found.entries()) {
          const responses = rollouts.map(({ tokens }) => [...tokens]);
          const batch = [
            groupOf(
              [...prompts[p]!.tokens],
              responses,
              responses.map(() => 1),
            ),
          ];
          const feeds = batchFeeds(runs, batch, sampling.temperature || 1);
          const outputs = await scorer.run({ batch: feeds.batch, parameters: values });
          const L = outputs.logprob.shape[1]!;
          const logprob = (await runs.read(outputs.logprob)) as Float32Array;
          const entropy = (await runs.read(outputs.entropy)) as Float32Array;
          rollouts.forEach((rollout, g) => {
            const n = rollout.tokens.length;
            expect(farthest(rollout.logprob, logprob.subarray(g * L, g * L + n)).difference).toBeLessThan(5e-5);
            expect(farthest(rollout.entropy, entropy.subarray(g * L, g * L + n)).difference).toBeLessThan(5e-5);
            expect(rollout.finish).toBe(rollout.tokens.at(-1) === 1 ? 'stop' : 'length');
            expect(rollout.finish === 'length' ? n : maxTokens).toBe(maxTokens);
            rollout.tokens.forEach((_, t) => {
              const p1 = Math.exp(rollout.logprob[t]!);
              if (sampling.temperature === 0) expect(p1).toBeCloseTo(rollout.top1[t]!, 4);
              expect(rollout.top1[t]!).toBeGreaterThanOrEqual(Math.max(p1, rollout.top2[t]!) - 1e-5);
            });
          });
        }
        if (sampling.temperature > 0) expect(new Set(found[0]!.map((r) => r.tokens.join())).size).toBeGreaterThan(1);
        await scorer.release();
        await sampler.release();
      },
    );
  });
}

test('rollouts do not depend on how rows are batched', async () => {
  const backend = await openDevice('cpu', { threads: 1 });
  const model = await tinyModel('tiny-llama', false);
  const values = await model.values(backend);
  const draw = async (memory: number) => {
    const sampler = new Sampler({
      backend,
      bind: model.bind,
      config: model.config,
      eosIds: [1],
      positions: POSITIONS,
      parameters: () => values,
      memory,
    });
    const found: number[][][] = [];
    await sampler.sample({
      prompts: [0, 1, 2].map((problem) => ({ problem, tokens: Int32Array.from([5, 6 + problem, 7]) })),
      rows: 8,
      sampling: { temperature: 1, topP: 1, topK: 0, maxTokens: 24 },
      seed: 3,
      stream: 'rollout',
      step: 2,
      onGroup: (prompt, rollouts) => {
        found[prompt] = rollouts.map((r) => [...r.tokens]);
      },
    });
    await sampler.release();
    return found;
  };
  expect(await draw(2 ** 18)).toEqual(await draw(2 ** 30));
  await backend.release();
});
