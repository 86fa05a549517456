/**
 * Runs that the real TRL trains, on one and two processes. `node tests/interop/environments.mjs .cache/interop trl` installs
 * it, 6 GB with PyTorch; CI leaves this suite out.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { graderOf } from '../../engine/grading/index.ts';
import { readGroup } from '../../engine/journal/groups.ts';
import type { GroupRecord, JournalRecord, Rollout, StepRecord } from '../../engine/protocol/index.ts';
import { rewardOf } from '../../engine/reward/index.ts';
import { groupOf } from '../../engine/reward/stored.ts';
import { interpreter } from '../support/interop.ts';
import { isAlive, ROOT, runCli, startCli, temporaryFolder } from '../support/processes.ts';
import { expectRefusal } from '../support/refusals.ts';
import { checkpointsOf, recordsOf } from '../support/run-outcome.ts';
import { requireOrSkip } from '../support/skip.ts';
import { until } from '../support/wait.ts';

const python = interpreter('trl');
const there = requireOrSkip(
  'TRL',
  python !== null,
  'node tests/interop/environments.mjs .cache/interop trl installs it',
);

const ENV = { OMP_NUM_THREADS: '1', ACCELERATE_USE_CPU: 'true' };
const PROBLEMS = [
  ['2 + 3', '5'],
  ['7 - 4', '3'],
  ['4 + 4', '8'],
  ['9 - 3', '6'],
] as const;

let home: string;
let model: string;
let dataset: string;

beforeAll(() => {
  if (!there) return;
  home = temporaryFolder();
  model = path.join(home, 'model');
  runPythonFile(path.join(ROOT, 'tests', 'interop', 'tiny_model.py'), model);
  dataset = path.join(home, 'problems.jsonl');
  const lines = PROBLEMS.map(([question, answer]) => JSON.stringify({ question: `${question}?`, answer }));
  writeFileSync(dataset, `${lines.join('\n')}\n`);
});

function runPythonFile(...args: string[]): void {
  const { status, stderr } = spawnSync(python!, args, { encoding: 'utf8', env: { ...process.env, ...ENV } });
  expect(status, stderr).toBe(0);
}

function training(name: string, ...more: string[]): string[] {
  return [
    ...['train', dataset, '--model', model, '--template', '{{problem}}', '--engine', 'trl', '--python', python!],
    ...['--group', '8', '--votes', '8', '--max-tokens', '8', '--lr', '1e-4', '--device', 'cpu', '--seed', '5'],
    ...['--eval-samples', '0', '--name', name, ...(more.includes('--lora') ? [] : ['--no-lora']), ...more],
  ];
}

const folderOf = (name: string) => path.join(home, 'runs', name);
const stepsOf = (folder: string) => recordsOf(folder).filter((record): record is StepRecord => record.type === 'step');

function groupsOf(folder: string, step?: number): GroupRecord[] {
  const isIt = (record: JournalRecord): record is GroupRecord =>
    record.type === 'group' && record.phase === 'train' && (step === undefined || record.step === step);
  return recordsOf(folder).filter(isIt);
}

/** Rewards of a vote over these rollouts alone. */
function voted(rollouts: readonly Pick<Rollout, 'text'>[]): number[] {
  const { clusters } = graderOf().judge(
    rollouts.map(({ text }) => text),
    null,
  );
  return rollouts.map((_, i) => Number(clusters[0]?.members.includes(i) ?? false));
}

describe.runIf(there)('two processes', () => {
  test('see half of each group, so a reward function that votes on its half is wrong', () => {
    const folder = path.join(home, 'naive');
    spawnSync('mkdir', [folder]);
    const script = path.join(import.meta.dirname, 'naive_reward.py');
    runPythonFile('-m', 'torch.distributed.run', '--standalone', '--nproc_per_node', '2', script, model, folder);
    const [first, second] = ['0', '1'].map((rank) =>
      readFileSync(path.join(folder, `${rank}.jsonl`), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { prompts: string[]; completions: string[]; rewards: number[] }),
    );
    expect(first).toHaveLength(6);
    let wrong = 0;
    for (const [i, half] of first!.entries()) {
      const other = second![i]!;
      expect([half.completions.length, other.completions.length]).toEqual([4, 4]);
      expect(new Set([...half.prompts, ...other.prompts]).size).toBe(1);
      const whole = voted([...half.completions, ...other.completions].map((text) => ({ text })));
      const naive = [...half.rewards, ...other.rewards];
      if (whole.some((reward, at) => reward !== naive[at])) wrong++;
    }
    expect(wrong).toBeGreaterThan(0);
  });

  test('vote together, and every view reads the run', async () => {
    const args = training(
      'votes',
      '--processes',
      '2',
      '--steps',
      '4',
      '--batch',
      '1',
      '--eval-samples',
      '2',
      '--eval-every',
      '2',
    );
    const ended = await runCli(args, { home, env: ENV });
    expect(ended.code, ended.stderr).toBe(0);
    const folder = folderOf('votes');
    const groups = groupsOf(folder);
    expect(groups).toHaveLength(4);
    let halvesWrong = 0;
    for (const record of groups) {
      const { rollouts, clusters } = await readGroup(folder, record);
      expect(rollouts).toHaveLength(8);
      // What this engine would have voted and rewarded on the same texts.
      const judged = graderOf().judge(
        rollouts.map(({ text }) => text),
        PROBLEMS[record.problem]![1],
      );
      expect(clusters).toEqual(judged.clusters);
      expect(rollouts.map(({ reward }) => reward)).toEqual(voted(rollouts));
      const halves = [...voted(rollouts.slice(0, 4)), ...voted(rollouts.slice(4))];
      if (rollouts.some(({ reward }, i) => reward !== halves[i])) halvesWrong++;
      for (const { ids, tokenTexts, text, statistics, tokens } of rollouts) {
        expect(tokenTexts!.join('')).toBe(text);
        for (const column of Object.values(statistics)) expect(column).toHaveLength(tokens!);
        expect(ids).toHaveLength(tokens!);
      }
      checkAdvantages(rollouts);
    }
    expect(halvesWrong).toBeGreaterThan(0);
    const kinds = recordsOf(folder).map((record) => record.type);
    expect(kinds.filter((kind) => kind === 'evaluation')).toHaveLength(3);
    expect(kinds).toEqual(expect.arrayContaining(['forecast', 'forecast-score', 'metrics', 'checkpoint', 'end']));
    for (const { metrics } of stepsOf(folder)) {
      expect(metrics).toMatchObject({ loss: expect.any(Number), gradientNorm: expect.any(Number), learningRate: 1e-4 });
    }
    for (const command of ['show', 'analyze', 'rescore']) {
      const shown = await runCli([command, 'votes', '--json'], { home });
      expect(shown.code, shown.stderr).toBe(0);
    }
    const out = path.join(home, 'weights');
    const exported = await runCli(['export', 'votes', '--format', 'safetensors', '--out', out], { home });
    expect(exported.code, exported.stderr).toBe(0);
    expect(readdirSync(out)).toEqual(expect.arrayContaining(['model.safetensors', 'config.json']));
  });

  /** TRL's: over the sample deviation and 1e-4. */
  function checkAdvantages(rollouts: readonly Rollout[]): void {
    const rewards = rollouts.map(({ reward }) => reward!);
    const mean = rewards.reduce((a, b) => a + b) / rewards.length;
    const deviation = Math.sqrt(rewards.reduce((sum, item) => sum + (item - mean) ** 2, 0) / (rewards.length - 1));
    for (const { reward, advantage } of rollouts)
      expect(advantage!).toBeCloseTo((reward! - mean) / (deviation + 1e-4), 4);
  }

  test('end with the engine, however it ends, and the run resumes from TRL’s checkpoint', async () => {
    const folder = folderOf('killed');
    const args = training('killed', '--processes', '2', '--steps', '500', '--batch', '2', '--checkpoint-every', '2');
    const killed = startCli(args, { home, env: ENV });
    await until('a checkpoint', () => checkpointsOf(folder).some((step) => step >= 2));
    killed.kill('SIGKILL');
    await killed.ended;
    await until('nobody is left', () => pythonsOf(folder).length === 0);

    const resumed = startCli(['resume', 'killed'], { home, env: ENV });
    const before = stepsOf(folder).length;
    await until('more steps', () => stepsOf(folder).length > before + 2);
    // One of its processes dies: the run fails, says what was printed last, and can be resumed.
    const victim = pythonsOf(folder).at(-1)!;
    process.kill(victim, 'SIGKILL');
    const failed = await resumed.ended;
    expect(failed.code, failed.stderr).toBe(1);
    const end = recordsOf(folder).at(-1)!;
    expect(end).toMatchObject({ type: 'end', reason: 'failed', error: { code: 'engine-stopped' } });
    expect(failed.stderr).toContain('python.log');
    await until('nobody is left', () => pythonsOf(folder).length === 0);

    const again = startCli(['resume', 'killed'], { home, env: ENV });
    const since = stepsOf(folder).length;
    await until('more steps', () => stepsOf(folder).length > since + 1);
    again.kill('SIGINT');
    const stopped = await again.ended;
    expect(stopped.code, stopped.stderr).toBe(3);
    const records = recordsOf(folder);
    const last = records.at(-1)!;
    expect(last).toMatchObject({ type: 'end', reason: 'stopped' });
    // With a checkpoint of the last step, and each step once, in order.
    expect(checkpointsOf(folder)).toContain('step' in last ? last.step : -1);
    expect(stepsOf(folder).map(({ step }) => step)).toEqual(stepsOf(folder).map((_, i) => i + 1));
    expect(existsSync(path.join(folder, 'checkpoints', String('step' in last ? last.step : -1), 'optimizer.pt'))).toBe(
      true,
    );
    await until('nobody is left', () => pythonsOf(folder).length === 0);
  });

  /** Processes of the Python side of a run. */
  function pythonsOf(folder: string): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => {
        try {
          const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
          return (
            line.includes('train_trl.py') &&
            line.includes(folder) &&
            !line.includes('torch.distributed') &&
            isAlive(pid)
          );
        } catch {
          return false;
        }
      });
  }
});

describe.runIf(there)('one process', () => {
  test('trains on a certainty reward, which can be recomputed from the recorded statistics', async () => {
    const ended = await runCli(
      training('certain', '--steps', '3', '--batch', '2', '--reward', 'self-certainty', '--lora', '4'),
      {
        home,
        env: ENV,
      },
    );
    expect(ended.code, ended.stderr).toBe(0);
    const folder = folderOf('certain');
    const reward = rewardOf('self-certainty', {});
    const run = recordsOf(folder).find((record) => record.type === 'run')!;
    for (const record of groupsOf(folder)) {
      const detail = await readGroup(folder, record);
      const { rewards } = reward.score(groupOf(detail, { text: '' }, run.model.vocabulary, graderOf()));
      for (const [i, rollout] of detail.rollouts.entries()) expect(rollout.reward!).toBeCloseTo(rewards[i]!, 4);
    }
    expect(groupsOf(folder)).toHaveLength(6);
  });

  test('refuses settings that TRL cannot honor and a Python without TRL before anything is written', async () => {
    const votes = await runCli([...training('no'), '--votes', '64', '--json'], { home });
    expect(votes.code).toBe(2);
    expectRefusal(errorOf(votes.stdout), 'config', { reason: 'not-on-trl', field: '--votes' });
    expect(existsSync(folderOf('no'))).toBe(false);
  });

  const errorOf = (stdout: string) => (JSON.parse(stdout.trim().split('\n').at(-1)!) as { error: unknown }).error;
});
