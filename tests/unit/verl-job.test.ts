/** What a job for verl is configured with, and what is refused before it is written. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, test } from 'vitest';
import { SETTINGS } from '../../engine/config/settings.ts';
import { overrideLines } from '../../engine/jobs/hydra.ts';
import { requireTextReward } from '../../engine/jobs/texts-only.ts';
import { verlRow, writeVerlData } from '../../engine/jobs/verl-data.ts';
import { FOR_VERL, refuseForVerl, VERL_REFUSALS } from '../../engine/jobs/verl-refusals.ts';
import { type JobData, verlOverrides } from '../../engine/jobs/verl-settings.ts';
import { type Problem, RunConfig, type RunConfigInput } from '../../engine/protocol/index.ts';
import { ROOT, temporaryFolder } from '../support/processes.ts';
import { expectRejection, expectThrow } from '../support/refusals.ts';

const CLUSTER = { nodes: 1, gpus: 8, tensorParallel: 1 };
const DATA: JobData = { training: 100, validation: 20, promptTokens: 256 };
const config = (input: Partial<RunConfigInput> = {}) =>
  RunConfig.parse({
    dataset: { path: 'p.jsonl' },
    model: '/models/m',
    ...input,
    evaluation: { greedy: false, ...input.evaluation },
  });
const overrides = (input: Partial<RunConfigInput> = {}, data: Partial<JobData> = {}) =>
  verlOverrides(config(input), CLUSTER, { ...DATA, ...data });
const problem = (more: Partial<Problem> = {}): Problem => ({
  ...{ index: 3, id: 'robe', text: 'How many?', answer: '3', source: 'p.jsonl', row: 3, line: 4 },
  ...more,
});

test('settings become the overrides with the same meaning', () => {
  const actor = 'actor_rollout_ref.actor';
  const rollout = 'actor_rollout_ref.rollout';
  const found = overrides({
    ...{ seed: 7, batch: 32, votes: 16, group: 16, steps: 10, chatTemplateKwargs: 'enable_thinking=false' },
    sampling: { temperature: 0.8, topP: 0.9, topK: 5, maxTokens: 64 },
    loss: {
      advantage: 'dr-grpo',
      normalizer: 'dr-grpo',
      ratio: 'sequence',
      clipHigh: 0.28,
      dualClip: 3,
      klCoefficient: 0.01,
    },
    optimizer: { lr: 2e-6, beta2: 0.95, weightDecay: 0.1, warmup: 0.15 },
    evaluation: { samples: 4, every: 5 },
    lora: { rank: 4, alpha: 8, targets: ['q_proj'] },
  });
  expect(found).toMatchObject({
    ...{ 'data.seed': 7, 'data.train_batch_size': 32, 'data.max_response_length': 64, 'data.max_prompt_length': 256 },
    '+data.apply_chat_template_kwargs.enable_thinking': false,
    ...{ 'actor_rollout_ref.model.lora_rank': 4, 'actor_rollout_ref.model.target_modules': ['q_proj'] },
    ...{ 'algorithm.adv_estimator': 'grpo', 'algorithm.norm_adv_by_std_in_grpo': false },
    ...{ [`${actor}.loss_agg_mode`]: 'seq-mean-token-sum-norm', [`${actor}.loss_scale_factor`]: 64 },
    ...{ [`${actor}.policy_loss.loss_mode`]: 'gspo', [`${actor}.clip_ratio_high`]: 0.28, [`${actor}.clip_ratio_c`]: 3 },
    ...{ [`${actor}.use_kl_loss`]: true, [`${actor}.kl_loss_type`]: 'k3', [`${actor}.ppo_mini_batch_size`]: 32 },
    ...{ [`${actor}.optim.lr`]: 2e-6, [`${actor}.optim.betas`]: [0.9, 0.95], [`${actor}.optim.lr_warmup_steps`]: 2 },
    ...{ [`${rollout}.n`]: 16, [`${rollout}.top_k`]: 5, [`${rollout}.val_kwargs.n`]: 4 },
    ...{ 'trainer.test_freq': 5, 'trainer.total_training_steps': 10, 'trainer.total_epochs': 4 },
  });
});

test('validation is off if nothing can be validated', () => {
  const found = { 'trainer.test_freq': -1, 'trainer.val_before_train': false };
  expect(overrides({}, { validation: 0 })).toMatchObject({ ...found, 'data.val_files': 'train.parquet' });
  expect(overrides({ evaluation: { samples: 0 } })).toMatchObject(found);
});

test('a small dataset is one batch, and a ratio without dual clip is not bounded', () => {
  const found = overrides({ batch: 64 }, { training: 5 });
  expect(found).toMatchObject({ 'data.train_batch_size': 5, 'actor_rollout_ref.actor.ppo_mini_batch_size': 5 });
  expect(found['actor_rollout_ref.actor.clip_ratio_c']).toBeGreaterThan(1e5);
});

test('all rollouts of a step can wait for their groups at the same time', () => {
  for (const [batch, group] of [
    [8, 8],
    [1024, 16],
    [65_536, 64],
  ] as const) {
    const workers = overrides({ batch, group, votes: group }, { training: 1e6 })['reward.num_workers'] as number;
    expect(workers * 1000).toBeGreaterThanOrEqual(2 * batch * group);
  }
});

test('texts that Hydra could misread are quoted', () => {
  const dollar = ['$', '{x}'].join('');
  expect(
    overrideLines({ a: 'Qwen/Qwen3-8B', b: 'true', c: "it's", d: dollar, e: 'a,b', f: [1, 'x y'], g: null }),
  ).toEqual(['a=Qwen/Qwen3-8B', "b='true'", "c='it\\'s'", `d='\\${dollar}'`, "e='a,b'", "f=[1,'x y']", 'g=null']);
});

describe('an error refuses', () => {
  const cases: Record<string, Partial<RunConfigInput>> = {
    model: { model: 'model.gguf' },
    chatTemplate: { chatTemplate: 'tool_use' },
    votes: { votes: 64, group: 32 },
    group: { votes: 1, group: 1 },
    steps: { steps: 0 },
    'sampling.stop': { sampling: { stop: ['END'] } },
    'sampling.stopAtAnswer': { sampling: { stopAtAnswer: true } },
    'loss.advantage': { loss: { advantage: 'reinforce++' } },
    'loss.maskTruncated': { loss: { maskTruncated: true } },
    'optimizer.schedule': { optimizer: { schedule: 'linear' } },
    'evaluation.greedy': { evaluation: { greedy: true } },
    forecast: { forecast: 8 },
    watch: { watch: 'rollback' },
    device: { device: 'webgpu' },
    threads: { threads: 4 },
    basePrecision: { basePrecision: '4bit', lora: {} },
    rolloutPrecision: { rolloutPrecision: '4bit', lora: {} },
    cachePrecision: { cachePrecision: '8bit' },
    activationPrecision: { activationPrecision: '8bit' },
    memoryLimit: { memoryLimit: 2 ** 33 },
    'engine.kind': { engine: { kind: 'trl' } },
    'engine.processes': { engine: { kind: 'verl', processes: 2 } },
    'engine.accelerateConfig': { engine: { kind: 'verl', accelerateConfig: 'fsdp.yaml' } },
  };

  test.each(VERL_REFUSALS.map(({ path: at }) => at))('%s', (at) => {
    const flag = SETTINGS.find((placed) => placed.path === at)!.setting.flag;
    expectThrow(() => refuseForVerl(config(cases[at]), DATA, FOR_VERL), 'config', {
      reason: 'not-on-verl',
      field: flag,
    });
  });

  test('rollouts that the GPUs cannot share', () => {
    const odd = config({ batch: 3, group: 3, votes: 3 });
    expectThrow(() => refuseForVerl(odd, DATA, FOR_VERL), 'config', {
      reason: 'not-on-verl',
      field: '--batch',
      value: 3,
    });
    expect(() =>
      refuseForVerl({ ...odd, engine: { kind: 'verl', processes: 1, vllm: false, gpus: 3 } }, DATA, FOR_VERL),
    ).not.toThrow();
  });

  test.each([
    ['self-certainty', 'reward-not-in-job'],
    ['majority-vote + 0.1*token-entropy', 'reward-not-in-job'],
    ['program', 'reward-not-in-job'],
    ['self-verification', 'asks-policy'],
  ])('the reward %s', async (reward, reason) => {
    await expectRejection(requireTextReward(config({ reward }), problem(), '--for verl'), 'config', { reason });
  });

  test('nothing else: the defaults are a job', async () => {
    expect(() => refuseForVerl(config(), DATA, FOR_VERL)).not.toThrow();
    for (const reward of ['majority-vote', 'empo', 'ground-truth']) {
      await requireTextReward(config({ reward }), problem(), '--for verl');
    }
  });
});

test("problems are rows in verl's schema, which Parquet readers read back", async () => {
  const file = path.join(temporaryFolder(), 'train.parquet');
  const prompt = { system: 'Be brief.', before: [{ role: 'assistant' as const, content: 'Hello' }], user: 'How many?' };
  const rows = [
    verlRow(problem({ accepted: ['3', 'three'], columns: { target: 24 }, rule: 'boxed' }), prompt, 'p.jsonl', 'train'),
    verlRow(problem({ index: 4, id: 'snow', answer: null }), { user: 'Schnee ❄' }, 'p.jsonl', 'test'),
  ];
  await writeVerlData(file, rows);
  const data = readFileSync(file);
  const read = await parquetReadObjects({ file: data.buffer.slice(data.byteOffset, data.byteOffset + data.length) });
  expect(read).toEqual(rows);
  const { extra_info, prompt: chat } = read[0]!;
  expect(chat.map(({ role }: { role: string }) => role)).toEqual(['system', 'assistant', 'user']);
  expect(JSON.parse(extra_info.problem)).toEqual({
    text: 'How many?',
    answer: ['3', 'three'],
    columns: { target: 24 },
    rule: 'boxed',
  });
  expect(JSON.parse(read[1]!.extra_info.problem)).toEqual({ text: 'How many?' });
});

test('the page on other trainers covers every setting', () => {
  const page = readFileSync(path.join(ROOT, 'docs', 'beside.md'), 'utf8');
  const flags = SETTINGS.filter(({ reward, path: at }) => reward === undefined && !at.startsWith('engine.')).flatMap(
    ({ setting }) => setting.flag ?? [],
  );
  expect(flags.filter((flag) => !page.includes(`\`${flag}\``))).toEqual([]);
});
