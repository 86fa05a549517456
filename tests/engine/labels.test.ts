import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { readGroup } from '../../engine/journal/groups.ts';
import type { JournalRecord } from '../../engine/protocol/index.ts';
import { ROOT, runCli, temporaryFolder } from '../support/processes.ts';
import { outcomeOf, recordsOf } from '../support/run-outcome.ts';

interface Row {
  id: string;
  prompt: string;
  answer?: string;
}

const PROBLEMS = readFileSync(path.join(ROOT, 'engine', 'embedded', 'problems.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .slice(0, 12)
  .map((line) => JSON.parse(line) as Row);

const OPTIONS = [
  ...['--steps', '6', '--batch', '8', '--votes', '6', '--group', '4', '--lr', '1e-3', '--checkpoint-every', '3'],
  ...['--eval-samples', '3', '--eval-every', '3', '--device', 'cpu', '--seed', '5', '--name', 'r', '--json'],
];

interface Trained {
  folder: string;
  records: JournalRecord[];
  /** The stored rollouts of every group, without whether they are right. */
  rollouts: unknown[];
  /** SHA-256 of weights and optimizer state. */
  files: Record<string, string>;
}

/** Trains on the problems with other labels. */
async function train(label: (row: Row) => string | undefined, options: readonly string[] = []): Promise<Trained> {
  const home = temporaryFolder();
  const dataset = path.join(home, 'problems.jsonl');
  const rows = PROBLEMS.map((row) => ({ id: row.id, prompt: row.prompt, answer: label(row) }));
  writeFileSync(dataset, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const ended = await runCli(['train', dataset, ...OPTIONS, ...options], { home });
  expect(ended, ended.stderr).toMatchObject({ code: 0 });
  const folder = path.join(home, 'runs', 'r');
  // The problems hold the labels themselves, and the rollouts whether they are right.
  const { 'problems.jsonl': _problems, 'rollouts-000.bin': _rollouts, ...files } = outcomeOf(folder).files;
  const records = recordsOf(folder);
  const groups = records.filter((record) => record.type === 'group');
  const rollouts = await Promise.all(
    groups.map(async (group) => (await readGroup(folder, group)).rollouts.map(({ correct: _, ...rollout }) => rollout)),
  );
  return { folder, records, rollouts, files };
}

const right = ({ answer }: Row) => answer;
const wrong = ({ answer }: Row) => String(Number(answer) + 1);
const none = () => undefined;

/** What is measured with labels and trains nothing. */
const MEASURED = new Set([
  ...['correct', 'groundTruthReward', 'rewardAccuracy', 'labelAccuracy'],
  ...['accuracy', 'majorityAccuracy', 'greedyAccuracy', 'passAtK', 'atK'],
]);
/** What names the data, and what differs between any two runs. */
const INCIDENTAL = new Set(['path', 'data', 'dataFingerprint', 'time', 'timing', 'seq', 'frame']);

function without(keys: ReadonlySet<string>, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => without(keys, item));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => !keys.has(key));
  return Object.fromEntries(kept.map(([key, item]) => [key, without(keys, item)]));
}

/** The score of a forecast is there only where labels are. */
const unmeasured = ({ records }: Trained) =>
  without(
    new Set([...MEASURED, ...INCIDENTAL]),
    records.filter(({ type }) => type !== 'forecast-score'),
  );

/** All of the forecast: what it expects is called an accuracy, too. */
const forecastOf = ({ records }: Trained) => records.find((record) => record.type === 'forecast')?.forecast;

function only(value: unknown, keys: ReadonlySet<string>): unknown[] {
  if (Array.isArray(value)) return value.flatMap((item) => only(item, keys));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => (keys.has(key) ? [item] : only(item, keys)));
}

describe('labels', () => {
  let labeled: Trained;
  beforeAll(async () => {
    labeled = await train(right);
  });

  test.each([
    { name: 'wrong', label: wrong },
    { name: 'absent', label: none },
  ])('that are $name change nothing in training by majority voting', async ({ label }) => {
    const other = await train(label);
    expect(Object.keys(other.files)).toEqual([
      'checkpoints/6/checksums.json',
      'checkpoints/6/model.safetensors',
      'checkpoints/6/optimizer.safetensors',
      'checkpoints/6/state.json',
    ]);
    expect(other.files).toEqual(labeled.files);
    expect(other.rollouts.length).toBeGreaterThan(48);
    expect(other.rollouts).toEqual(labeled.rollouts);
    expect(unmeasured(other)).toEqual(unmeasured(labeled));
    expect(forecastOf(labeled)!.problems).toHaveLength(12);
    expect(forecastOf(other)).toEqual(forecastOf(labeled));
  });

  test('are what metrics measure: right, wrong and missing labels give different metrics', async () => {
    const measured = ({ records }: Trained) =>
      only(
        records.filter(({ type }) => type !== 'forecast'),
        MEASURED,
      );
    const mean = (values: unknown[]) => values.filter((value) => value === true).length / values.length;
    const correct = ({ records }: Trained) => only(records, new Set(['correct']));
    const [wrongly, un] = [await train(wrong), await train(none)];
    expect(mean(correct(labeled))).toBeGreaterThan(0.3);
    expect(mean(correct(wrongly))).toBeLessThan(mean(correct(labeled)));
    expect(measured(un).length).toBe(measured(labeled).length);
    expect(measured(un).every((value) => value === null)).toBe(true);
  });

  test('affect training where they should: the ground-truth reward follows them', async () => {
    const reward = ['--reward', 'ground-truth'];
    const [rightly, wrongly] = [await train(right, reward), await train(wrong, reward)];
    const weights = 'checkpoints/6/model.safetensors';
    expect(rightly.files[weights]).not.toBe(wrongly.files[weights]);
    expect(rightly.files[weights]).not.toBe(labeled.files[weights]);
  });
});
