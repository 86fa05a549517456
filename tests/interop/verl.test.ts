/** What a job for verl is by itself, and with verl's configuration; `tests/trainers/verl.test.ts` has all of verl. */
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { overrideLines } from '../../engine/jobs/hydra.ts';
import { interpreter } from '../support/interop.ts';
import { ROOT, temporaryFolder } from '../support/processes.ts';
import { requireOrSkip } from '../support/skip.ts';
import { writeJob } from '../support/verl-job.ts';

describe('the job by itself', () => {
  test('contains everything that computes rewards, and runs where there is only Node', async () => {
    const job = await writeJob();
    expect(readdirSync(job).toSorted()).toEqual([
      ...['README.md', 'overrides.json', 'requirements.txt', 'reward.py', 'rollscope_score', 'rollscope_verl', 'score'],
      ...['train.parquet', 'train.py', 'validation.parquet'],
    ]);
    const score = path.join(job, 'score');
    const input = `${JSON.stringify({ responses: ['\\boxed{0.5}', '\\boxed{1/2}', '#### 2'] })}\n`;
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [path.join(score, 'cli.js'), 'score', '-', '--config', path.join(score, 'config.json')],
      { input, encoding: 'utf8', cwd: temporaryFolder(), env: { PATH: process.env.PATH } },
    );
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ rewards: [1, 1, 0], majority: '0.5' });
  });

  test('names its files by absolute paths, except in a Ray job, where every node has a copy', async () => {
    const job = await writeJob();
    const print = (env: NodeJS.ProcessEnv) =>
      spawnSync('python3', [path.join(job, 'train.py'), '--out', '/shared/out', '--print', '--', 'trainer.nnodes=2'], {
        encoding: 'utf8',
        env: { PATH: process.env.PATH, ...env },
      }).stdout;
    const alone = print({});
    expect(alone).toContain(path.join(job, 'train.parquet'));
    expect(alone).toContain('PYTHONPATH');
    expect(alone.trim().endsWith('trainer.nnodes=2')).toBe(true);
    const inRay = print({ RAY_JOB_CONFIG_JSON_ENV_VAR: '{}' });
    expect(inRay).toContain('data.train_files=train.parquet');
    expect(inRay).not.toContain('PYTHONPATH');
    expect(inRay).toContain('/shared/out/rollouts');
  });

  test('completes groups in Python, in any order', () => {
    const { status, stderr } = spawnSync('python3', ['-m', 'unittest', 'tests.test_verl_groups'], {
      cwd: path.join(ROOT, 'python'),
      encoding: 'utf8',
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    });
    expect(status, stderr).toBe(0);
  });
});

const python = interpreter('hydra');
const there = requireOrSkip(
  "Hydra and verl's configuration",
  python !== null,
  'node tests/interop/environments.mjs makes them',
);

describe.runIf(there)("verl's configuration", () => {
  const compose = (job: string) => {
    const file = path.join(ROOT, 'tests', 'interop', 'verl_compose.py');
    const { status, stdout, stderr } = spawnSync(python!, [file, job], { encoding: 'utf8', maxBuffer: 64e6 });
    expect(status, stderr).toBe(0);
    return JSON.parse(stdout);
  };

  test('has every key that a job sets, and reads every value back', async () => {
    const job = await writeJob({
      ...{ chatTemplate: "{% if x %}it's \\{{ messages[0]['content'] }}\n{% endif %}\\", seed: 7, steps: 12 },
      ...{ chatTemplateKwargs: 'enable_thinking=false,name=true story', lora: { rank: 4 } },
      loss: { klCoefficient: 0.01, klEstimator: 'k1', dualClip: 3, normalizer: 'dr-grpo', ratio: 'sequence' },
      optimizer: { lr: 3e-7, schedule: 'cosine', warmup: 0.25, minimum: 0.1, epsilon: 1e-9 },
    });
    const { data, actor_rollout_ref: all, trainer, reward } = compose(job);
    expect(data.train_files).toBe(path.join(job, 'train.parquet'));
    expect(data.apply_chat_template_kwargs).toEqual({ enable_thinking: false, name: 'true story' });
    expect(all.model.custom_chat_template).toBe("{% if x %}it's \\{{ messages[0]['content'] }}\n{% endif %}\\");
    expect(all.model).toMatchObject({ path: 'Qwen/Qwen3-0.6B', lora_rank: 4 });
    expect(all.actor).toMatchObject({
      kl_loss_coef: 0.01,
      clip_ratio_c: 3,
      loss_scale_factor: 512,
      use_dynamic_bsz: true,
    });
    expect(all.actor.optim).toMatchObject({ lr: 3e-7, lr_warmup_steps: 3, min_lr_ratio: 0.1 });
    expect(all.actor.optim.override_optimizer_config).toEqual({ eps: 1e-9 });
    expect(all.rollout).toMatchObject({ n: 4, load_format: 'safetensors' });
    expect(reward.reward_manager.module.path).toBe(path.join(job, 'reward.py'));
    expect(trainer).toMatchObject({
      rollout_data_dir: '/shared/out/rollouts',
      logger: ['console', 'file'],
      test_freq: 12,
    });
  });

  test('refuses an unknown key', async () => {
    const job = await writeJob();
    writeFileSync(path.join(job, 'overrides.json'), JSON.stringify(overrideLines({ 'trainer.no_such_key': 1 })));
    const file = path.join(ROOT, 'tests', 'interop', 'verl_compose.py');
    const { status, stderr } = spawnSync(python!, [file, job], { encoding: 'utf8' });
    expect(status).not.toBe(0);
    expect(stderr).toContain('no_such_key');
  });
});
