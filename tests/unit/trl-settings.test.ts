/** What a run on TRL is configured with, and what is refused before it starts. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { SETTINGS } from '../../engine/config/settings.ts';
import { RunConfig, type RunConfigInput } from '../../engine/protocol/index.ts';
import { fixedBatches } from '../../engine/trl/launch.ts';
import { refuseForTrl, refuseUnequal, TRL_REFUSALS } from '../../engine/trl/refusals.ts';
import { grpoFields, learningRates, loraFields } from '../../engine/trl/settings.ts';
import { ROOT } from '../support/processes.ts';
import { expectThrow } from '../support/refusals.ts';

const config = (input: Partial<RunConfigInput> = {}) =>
  RunConfig.parse({ dataset: { path: 'p.jsonl' }, model: '/models/m', engine: { kind: 'trl' }, ...input });

test('settings become the GRPOConfig fields with the same meaning', () => {
  const fields = grpoFields(
    config({
      seed: 7,
      sampling: { temperature: 0.8, topP: 0.9, topK: 5, maxTokens: 64 },
      loss: {
        advantage: 'dr-grpo',
        normalizer: 'dr-grpo',
        ratio: 'sequence',
        clipHigh: 0.28,
        dualClip: 3,
        klCoefficient: 0.01,
      },
      optimizer: { lr: 2e-6, beta2: 0.95, weightDecay: 0.1 },
      engine: { kind: 'trl', vllm: true },
    }),
  );
  expect(fields).toMatchObject({
    ...{ seed: 7, temperature: 0.8, top_p: 0.9, top_k: 5, max_completion_length: 64 },
    ...{ scale_rewards: 'none', loss_type: 'dr_grpo', importance_sampling_level: 'sequence' },
    ...{ epsilon: 0.2, epsilon_high: 0.28, delta: 3, beta: 0.01, num_iterations: 1 },
    ...{ learning_rate: 2e-6, adam_beta2: 0.95, weight_decay: 0.1, max_grad_norm: 1 },
    ...{ use_vllm: true, model_init_kwargs: { dtype: 'float32' } },
  });
  expect(grpoFields(config())).not.toHaveProperty('delta');
  expect(grpoFields(config())).not.toHaveProperty('use_vllm');
});

test('the adapter is PEFT’s, and without one all weights are trained', () => {
  const lora = { rank: 4, alpha: 8, targets: ['q_proj'] } as const;
  expect(loraFields(config({ lora: { ...lora, targets: [...lora.targets] } }))).toEqual({
    ...{ r: 4, lora_alpha: 8, lora_dropout: 0, target_modules: ['q_proj'] },
  });
  expect(loraFields(config({ lora: null }))).toBeNull();
});

test('learning rates are those of the engine, one for each step', () => {
  const rates = learningRates(config({ steps: 4, optimizer: { lr: 1, warmup: 0.5, schedule: 'linear' } }));
  expect(rates).toEqual([0.5, 1, 1, 0.5]);
});

describe('an error refuses', () => {
  const cases: Record<string, Partial<RunConfigInput>> = {
    model: { model: 'embedded' },
    votes: { votes: 64, group: 32 },
    group: { votes: 1, group: 1 },
    steps: { steps: 0 },
    'sampling.stop': { sampling: { stop: ['END'] } },
    'sampling.stopAtAnswer': { sampling: { stopAtAnswer: true } },
    'loss.advantage': { loss: { advantage: 'rloo' } },
    'loss.dualClip': { loss: { dualClip: 1.1 } },
    'loss.klEstimator': { loss: { klCoefficient: 0.1, klEstimator: 'k1' } },
    'loss.miniBatch': { batch: 8, loss: { miniBatch: 4 } },
    'loss.epochs': { loss: { epochs: 2 } },
    watch: { watch: 'rollback' },
    device: { device: 'webgpu' },
    basePrecision: { basePrecision: '4bit', lora: {} },
    rolloutPrecision: { rolloutPrecision: '4bit', lora: {} },
    cachePrecision: { cachePrecision: '8bit' },
    activationPrecision: { activationPrecision: '8bit' },
    memoryLimit: { memoryLimit: 2 ** 33 },
  };

  test.each(TRL_REFUSALS.map(({ path: at }) => at))('%s', (at) => {
    const flag = SETTINGS.find((placed) => placed.path === at)!.setting.flag;
    expectThrow(() => refuseForTrl(config(cases[at])), 'config', { reason: 'not-on-trl', field: flag });
  });

  test('nothing else: the defaults train', () => {
    expect(() => refuseForTrl(config())).not.toThrow();
    const much = config({ device: 'cpu', loss: { klEstimator: 'k1', miniBatch: 64 }, watch: 'stop' });
    expect(() => refuseForTrl(much)).not.toThrow();
  });
});

test('the page on TRL covers every setting', () => {
  const page = readFileSync(path.join(ROOT, 'docs', 'trl.md'), 'utf8');
  const flags = SETTINGS.filter(({ reward }) => reward === undefined).flatMap(({ setting }) => setting.flag ?? []);
  expect(flags.filter((flag) => !page.includes(`\`${flag}\``))).toEqual([]);
});

test("steps have equally many problems, each once, and the engine's problems if it has as many", () => {
  const batches = fixedBatches(config({ batch: 4, steps: 30, seed: 3 }), 5);
  expect(batches).toHaveLength(30);
  for (const batch of batches) expect(new Set(batch).size).toBe(4);
  expect(fixedBatches(config({ batch: 8, steps: 1 }), 3)[0]!.toSorted()).toEqual([0, 1, 2]);
  expect(new Set(fixedBatches(config({ batch: 5, steps: 2 }), 10).flat()).size).toBe(10);
});

test('processes that cannot share the rollouts of a step are refused before anything starts', () => {
  const odd = (engine: object) => config({ batch: 3, group: 3, votes: 3, engine: { kind: 'trl', ...engine } });
  const facts = { reason: 'not-on-trl', field: '--processes', value: 2 };
  expectThrow(() => refuseUnequal(odd({ processes: 2 }), 100), 'config', facts);
  expect(() => refuseUnequal(odd({ processes: 3 }), 100)).not.toThrow();
  expect(() => refuseUnequal(odd({ processes: 2, accelerateConfig: 'fsdp.yaml' }), 100)).not.toThrow();
  // As many as there are problems.
  expect(() => refuseUnequal(odd({ processes: 2 }), 2)).not.toThrow();
});
