import { afterAll, describe, expect, test } from 'vitest';
import { type SampledRollout, Sampler } from '../../engine/rollout/sampler.ts';
import type { Backend } from '../../engine/runtime/backend.ts';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import { compileFunction } from '../../engine/runtime/function.ts';
import { batchFeeds } from '../../engine/training/policy/batch-feeds.ts';
import { scoreGraph } from '../../engine/training/policy/score-graph.ts';
import { farthest, goldenDifferences, groupOf } from '../support/golden-gradients.ts';
import { pureTfjsBackend } from '../support/tfjs.ts';
import { hasLora, TINY_MODELS, tinyModel } from '../support/tiny-model.ts';
import { requireWebgpu } from '../support/webgpu.ts';

const POSITIONS = 96;

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
      const { logprob, entropy, gradients } = await goldenDifferences(runs, model, POSITIONS);
      expect(logprob).toBeLessThan(2e-5);
      expect(entropy).toBeLessThan(2e-5);
      expect(gradients.size).toBe(model.parameters.length);
      for (const [p, { difference, size }] of gradients) {
        // Without rotation a bias of all keys changes no softmax: its gradient is nothing but rounding.
        const least = name === 'tiny-gpt2' ? 1e-2 : 0;
        expect(difference / Math.max(size, least), p).toBeLessThan(2e-5);
      }
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
      '$name: sampling at $temperature, top-p $topP, top-k $topK agrees with scoring',
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
