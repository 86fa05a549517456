/** What verl makes of a job: its own configuration, dataset and reward workers, on Ray. */
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { writeVerlJob } from '../../engine/jobs/index.ts';
import { RunConfig, type RunConfigInput } from '../../engine/protocol/index.ts';
import { ROOT, temporaryFolder } from '../support/processes.ts';

const PROBLEMS = [
  { id: 'a', question: 'What is 1 + 2?', answer: '3' },
  { id: 'b', question: 'What is 2 + 5?', answer: '7' },
  { id: 'c', question: 'How many are there?' },
  { id: 'd', question: "What's \\frac{1}{2} of 10?", answer: '5' },
];
const MACHINES = { nodes: 1, gpus: 2, tensorParallel: 1 };

let dataset: string;
beforeAll(() => {
  dataset = path.join(temporaryFolder(), 'problems.jsonl');
  writeFileSync(dataset, PROBLEMS.map((problem) => `${JSON.stringify(problem)}\n`).join(''));
});

async function writeJob(input: Partial<RunConfigInput> = {}, model = 'Qwen/Qwen3-0.6B'): Promise<string> {
  const folder = path.join(temporaryFolder(), 'job');
  const config = RunConfig.parse({
    ...{ dataset: { path: dataset }, model, votes: 4, group: 4, batch: 2, steps: 3, ...input },
    evaluation: { greedy: false, samples: 2, ...input.evaluation },
  });
  await writeVerlJob({ config, folder, machines: MACHINES, promptTokens: null });
  return folder;
}

describe('the job by itself', () => {
  test('has everything that gives rewards, and runs where only Node is', async () => {
    const job = await writeJob();
    expect(readdirSync(job).toSorted()).toEqual([
      ...['README.md', 'overrides.json', 'requirements.txt', 'reward.py', 'rollscope_trl', 'rollscope_verl', 'score'],
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

  test('names its files by whole paths, but in a Ray job, where every node has a copy', async () => {
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

  test('completes groups in Python, whatever the order', () => {
    const { status, stderr } = spawnSync('python3', ['-m', 'unittest', 'tests.test_verl_groups'], {
      cwd: path.join(ROOT, 'python'),
      encoding: 'utf8',
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    });
    expect(status, stderr).toBe(0);
  });
});
