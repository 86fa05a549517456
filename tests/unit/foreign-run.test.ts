/**
 * A run of another trainer in everything that reads runs without an editor: what it did not record is a dash or null, never
 * 0 or NaN; what it named is there under its names; what needs more than it has says so, with a way out.
 */

import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { beforeAll, describe, expect, test } from 'vitest';
import { MEASURES } from '../../engine/analysis/confidence.ts';
import { analyze } from '../../engine/cli/commands/analyze.ts';
import { exportRun } from '../../engine/cli/commands/export.ts';
import { rescore } from '../../engine/cli/commands/rescore.ts';
import { runs } from '../../engine/cli/commands/runs.ts';
import { show } from '../../engine/cli/commands/show.ts';
import { readGroup } from '../../engine/journal/groups.ts';
import { readPrompts, readRunFile, readRunFolder } from '../../engine/journal/reader.ts';
import { repairRun } from '../../engine/journal/repair.ts';
import { columnsOf } from '../../engine/runs/fold.ts';
import { readRunInfo } from '../../engine/runs/list.ts';
import { openColumns } from '../../engine/runs/open.ts';
import { problemView } from '../../engine/runs/problem-view.ts';
import { exportWeights } from '../../engine/training/export.ts';
import { resumeRun } from '../../engine/training/run/resume.ts';
import { type ForeignFixture, TRL, writeForeignRun } from '../support/foreign-run.ts';
import { keepPrinted } from '../support/printed.ts';
import { temporaryFolder } from '../support/processes.ts';
import { UNCANCELED } from '../support/wait.ts';

let root: string;
let run: ForeignFixture;
beforeAll(async () => {
  root = path.join(temporaryFolder(), 'runs');
  mkdirSync(root);
  run = await writeForeignRun(path.join(root, 'trl'));
});

const printed = keepPrinted();

/** What a command prints; nothing in it may look like a value that does not exist. */
async function terminal(command: () => Promise<unknown>): Promise<string> {
  await command();
  expect(printed.text).not.toMatch(/\b(NaN|undefined|null|Infinity)\b|\[object/);
  return printed.text;
}

/** The result that `--json` prints. */
async function result(command: () => Promise<unknown>): Promise<Record<string, unknown>> {
  await command();
  return JSON.parse(printed.text.trimEnd().split('\n').at(-1)!);
}

/** The row of a table, as cells. */
function cellsOf(text: string, first: string): string[] {
  const line = text.split('\n').find((candidate) => candidate.trimStart().split(/ {2,}/)[0] === first);
  return line?.trim().split(/ {2,}/) ?? [];
}

describe('the run folder', () => {
  test('names its origin, and has nothing that only our engine knows', async () => {
    const { runFile, records, skipped } = await readRunFolder(run.folder);
    expect(runFile).toMatchObject({ origin: TRL, config: null, modelFingerprint: null, dataFingerprint: null });
    expect(runFile.foreign?.settings).toMatchObject({ loss_type: 'dapo', use_vllm: true, max_grad_norm: null });
    expect(skipped).toEqual({});
    expect(records[0]).toMatchObject({ type: 'run', config: null, device: null });
    expect(records.at(-1)).toMatchObject({ type: 'end', reason: 'completed', step: 3 });
    expect((await readPrompts(run.folder))?.[0]).toEqual({ problem: 0, text: '<|user|>What is 2 + 3?', tokens: null });
  });

  test('has null for missing and non-finite numbers', async () => {
    const { records } = await readRunFolder(run.folder);
    const [first, second] = records.filter((record) => record.type === 'step');
    expect(first!.metrics).toMatchObject({ loss: null, gradientNorm: null, entropy: null, rewardAccuracy: null });
    expect(second!.metrics.loss).toBe(null);
    const [logged, later] = records.filter((record) => record.type === 'metrics');
    expect(logged).toMatchObject({ step: 1, metrics: { learningRate: 1e-6 } });
    expect(later!.metrics).toEqual({ loss: 0.005, learningRate: 1e-6 });
    expect(Object.values(first!.timing).every((value) => value === null)).toBe(true);
    expect(logged!.foreign).toEqual({
      loss: null,
      learning_rate: 1e-6,
      'completions/mean_length': 21,
      'sampling/importance_ratio': null,
    });
    const group = records.find((record) => record.type === 'group' && record.problem === 1)!;
    const { rollouts } = await readGroup(run.folder, group as typeof group & { type: 'group' });
    expect(rollouts[2]).toMatchObject({
      rewards: { accuracy_reward: 0, format_reward: null },
      foreign: { completion_length: 22, stop_reason: 'eos', masked: true, kl: null },
      advantage: null,
      tokens: null,
      logprob: null,
      finish: null,
      ids: null,
    });
  });

  test('opens from its index as from its journal', async () => {
    const { records } = await readRunFolder(run.folder);
    const fromJournal = columnsOf(records);
    await openColumns(run.folder);
    const fromIndex = await openColumns(run.folder);
    for (const { index } of run.problems) {
      expect(problemView(fromIndex, index)).toEqual(problemView(fromJournal, index));
    }
    expect(fromIndex.series.names).toContain('foreign/completions/mean_length');
    expect(fromIndex.summaryOf(1).truncated).toBe(0);
    expect(fromIndex.summaryOf(fromIndex.find({ phase: 'greedy', step: 3, problem: 0 })!).truncated).toBeNull();
  });

  test('is judged like our own', async () => {
    const columns = await openColumns(run.folder);
    const said = run.problems.map(({ index }) => {
      const { status, verdict, answer, phase } = problemView(columns, index);
      return [status, verdict, answer, phase];
    });
    expect(said).toEqual([
      ['majority', 'correct', '5', 'evaluation'],
      ['majority', 'wrong', '5', 'evaluation'],
      ['majority', 'unknown', '12', 'train'],
      ['unanswered', 'wrong', null, 'train'],
      ['tie', 'correct', '56', 'train'],
      ['unanswered', 'unknown', null, 'train'],
      ['unsampled', 'unknown', null, null],
    ]);
  });

  test('can be repaired like any other', async () => {
    const { folder } = await writeForeignRun(path.join(temporaryFolder(), 'run'));
    await repairRun(folder);
    const target = `${folder}-repaired`;
    expect(await readRunFile(target)).toEqual(await readRunFile(folder));
    const { records, problems } = await readRunFolder(target);
    expect(records.filter((record) => record.type === 'step')).toHaveLength(3);
    // one of them was never sampled
    expect(problems).toEqual(run.problems);
  });
});

describe('runs', () => {
  test('lists it with what is known', async () => {
    const text = await terminal(() => runs({ out: root }));
    expect(cellsOf(text, 'trl').slice(0, 8)).toEqual([
      'trl',
      'imported',
      'completed',
      '3/–',
      '–',
      '0.333',
      'accuracy_reward + format_reward',
      'Qwen/Qwen2.5-0.5B-Instruct',
    ]);
    expect(await readRunInfo(run.folder)).toMatchObject({ origin: TRL, steps: null, skipped: null });
  });
});

describe('show', () => {
  const on = (more: object = {}) => show('trl', { out: root, ...more });

  test('shows of the run what the trainer recorded, and a dash for the rest', async () => {
    const text = await terminal(() => on());
    const { engine, version, files } = TRL;
    expect(cellsOf(text, 'imported from')[1]).toBe(`${engine} ${version}: ${files.join(', ')}`);
    expect(cellsOf(text, 'settings')[1]).toContain('loss_type dapo, use_vllm true, max_grad_norm –');
    expect(cellsOf(text, 'steps')).toEqual(['steps', '3 of –']);
    expect(cellsOf(text, 'device')).toEqual(['device', '–']);
    // Foreign series under their names; one without any value is a dash.
    expect(cellsOf(text, 'completions/mean_length')).toEqual(['completions/mean_length', '21', '▁▅█', '23']);
    expect(cellsOf(text, 'sampling/importance_ratio')).toEqual(['sampling/importance_ratio', '–', '–']);
    expect(cellsOf(text, 'tied')).toEqual(['tied', '5', 'correct', '0.50', '–', '56 (tie)', '56', '56 x2, 54 x2']);
  });

  test('shows the rewards and values of a group by name', async () => {
    const text = await terminal(() => on({ problem: 'right', phase: 'train' }));
    const [, header] = /^(rollout +answer.*)$/m.exec(text)!;
    expect(header!.split(/ {2,}/)).toEqual([
      ...['rollout', 'answer', 'verdict', 'reward', 'accuracy_reward', 'format_reward', 'advantage', 'tokens'],
      ...['confidence', 'entropy', 'finish', 'completion_length', 'stop_reason', 'masked', 'kl', 'text'],
    ]);
    expect(text).toMatch(/\baccuracy_reward \+ format_reward\b.*\bTRL 0\.20\.0\b/);
  });

  test('shows those of a rollout too', async () => {
    const text = await terminal(() => on({ problem: 'right', phase: 'train', rollout: '3' }));
    expect(cellsOf(text, 'reward accuracy_reward')).toEqual(['reward accuracy_reward', '0.00']);
    expect(cellsOf(text, 'reward format_reward')).toEqual(['reward format_reward', '–']);
    expect(cellsOf(text, 'masked')).toEqual(['masked', 'yes']);
    expect(cellsOf(text, 'tokens')).toEqual(['tokens', '–']);
    expect(cellsOf(text, 'advantage')).toEqual(['advantage', '–']);
  });

  test.each(['right', 'wrong', 'no-reference', 'unanswered', 'tied', 'silent'])('shows %s', async (problem) => {
    expect(await terminal(() => on({ problem }))).toContain(problem);
  });

  test('says what to do about a problem that was never sampled', async () => {
    await expect(on({ problem: 'never' })).rejects.toMatchObject({ code: 'usage', hint: expect.any(String) });
  });

  test('prints null in JSON', async () => {
    const shown = await result(() => on({ json: true }));
    expect(shown).toMatchObject({ origin: TRL, settings: { max_grad_norm: null } });
    expect(shown.series).toMatchObject({
      step: [1, 2, 3],
      loss: [null, 0.005, 0.01 / 3],
      'foreign/rewards/accuracy_reward/std': [null, 0.5, 0.5],
      entropy: [null, null, null],
    });
  });
});

describe('analyze', () => {
  test('measures what can be measured', async () => {
    const text = await terminal(() => analyze('trl', { out: root }));
    expect(cellsOf(text, MEASURES['vote-share'].title)).toHaveLength(5);
    // No confidence measure that needs token statistics.
    expect(text).not.toContain(MEASURES['token-probability'].title);
  });

  test('prints null in JSON', async () => {
    const { problems } = await result(() => analyze('trl', { out: root, json: true }));
    expect((problems as object[])[0]).toMatchObject({
      id: 'right',
      proxyReward: 1,
      entropy: null,
      rewardAccuracy: null,
    });
  });
});

describe('rescore', () => {
  test('compares other rewards with the recorded ones, by name', async () => {
    const { rewards, trainedBy, notComputed } = (await result(() => rescore('trl', { out: root, json: true }))) as {
      rewards: { reward: string; groups: number; accuracy: number | null }[];
      trainedBy: string;
      notComputed: Record<string, string>;
    };
    const byName = new Map(rewards.map((item) => [item.reward, item]));
    expect(trainedBy).toBe('accuracy_reward + format_reward');
    expect(byName.get('accuracy_reward (recorded)')).toMatchObject({ groups: 18, accuracy: null });
    // Computed where all rollouts have it: the third of a group has none, so the groups of two remain.
    expect(byName.get('format_reward (recorded)')!.groups).toBe(3);
    expect(byName.get('majority-vote')!.groups).toBe(18);
    expect(Object.keys(notComputed)).toContain('self-certainty');
  });

  test('says why one cannot be computed, and what to do', async () => {
    await expect(rescore('trl', { out: root, reward: ['self-certainty'] })).rejects.toMatchObject({
      code: 'config',
      hint: expect.any(String),
    });
    expect(await terminal(() => rescore('trl', { out: root }))).toContain('TRL 0.20.0');
  });
});

describe('export', () => {
  const exported = async (format: 'jsonl' | 'parquet' | 'tensorboard') => {
    const out = path.join(temporaryFolder(), format);
    await exportRun('trl', { format, out, runs: root });
    return out;
  };

  test('has named rewards and foreign values, and null for missing ones', async () => {
    const lines = readFileSync(await exported('jsonl'), 'utf8')
      .trimEnd()
      .split('\n');
    const rows = lines.map((line) => JSON.parse(line));
    expect(rows[2]).toMatchObject({
      problemId: 'right',
      reward: 0.5,
      rewards: '{"accuracy_reward":0,"format_reward":null}',
      foreign: '{"completion_length":22,"stop_reason":"eos","masked":true,"kl":null}',
      tokens: null,
      logprob: null,
      advantage: null,
      finish: null,
    });
    const file = await asyncBufferFromFile(await exported('parquet'));
    expect(await parquetReadObjects({ file })).toEqual(rows);
  });

  test('has the same verdicts as the views', async () => {
    const rows = readFileSync(await exported('jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const columns = await openColumns(run.folder);
    for (const { index } of run.problems) {
      const view = problemView(columns, index);
      const current = rows.filter((row) => row.problem === index && row.current);
      expect(current).toHaveLength(view.rollouts);
      for (const row of current) {
        expect(row).toMatchObject({
          step: view.step,
          phase: view.phase,
          voteStatus: view.status,
          majorityAnswer: view.answer,
          majorityShare: view.share,
          verdict: view.verdict,
        });
      }
    }
  });

  test('has foreign metrics under their own names, and no value where there is none', async () => {
    const folder = await exported('tensorboard');
    const { scalars, path: file } = await import('../../engine/runs/export/tensorboard.ts').then(
      ({ exportTensorboard }) => exportTensorboard(run.folder, folder),
    );
    expect(scalars).toBeGreaterThan(0);
    const text = readFileSync(file, 'latin1');
    expect(text).toContain('train/foreign/completions/mean_length');
    expect(text).not.toContain('importance_ratio');
    expect(text).not.toContain('train/entropy');
  });
});

describe('what only runs of our engine support', () => {
  test.each([
    ['resume', () => resumeRun({ signal: UNCANCELED, folder: run.folder })],
    ['export of weights', () => exportWeights(run.folder, 'peft', path.join(temporaryFolder(), 'adapter'))],
  ])('%s says so, offers a way out, and leaves the run unchanged', async (_, attempt) => {
    const before = readFileSync(path.join(run.folder, 'events.jsonl'));
    await expect(attempt()).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('TRL 0.20.0'),
      hint: expect.any(String),
    });
    expect(readFileSync(path.join(run.folder, 'events.jsonl')).equals(before)).toBe(true);
    expect(existsSync(path.join(run.folder, 'lock'))).toBe(false);
  });
});
