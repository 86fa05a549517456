/** The outcome of a run without what may differ between two executions, for tests of reproducibility. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import type { JournalRecord } from '../../engine/protocol/index.ts';

export interface RunOutcome {
  /** In order, without sequence numbers, times, timing, and user actions on the run. */
  records: object[];
  /** SHA-256 of problems, rollout files, and the files of the last checkpoint, by name. */
  files: Record<string, string>;
}

/** The complete lines of `events.jsonl`; empty if there is no such file. */
export function recordsOf(folder: string): JournalRecord[] {
  const file = path.join(folder, 'events.jsonl');
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as JournalRecord);
}

/** Steps that have a checkpoint, ascending. */
export function checkpointsOf(folder: string): number[] {
  const all = path.join(folder, 'checkpoints');
  const names = existsSync(all) ? readdirSync(all) : [];
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** @param isDue which checkpoints count: a stop adds one that an uninterrupted run does not write */
export function outcomeOf(folder: string, isDue: (step: number) => boolean = () => true): RunOutcome {
  const records = recordsOf(folder)
    .filter((record) => {
      if (record.type === 'lifecycle') return false;
      if (record.type === 'end') return record.reason === 'completed';
      return record.type !== 'checkpoint' || isDue(record.step);
    })
    .map(({ seq: _, time: __, ...rest }) => ('timing' in rest ? { ...rest, timing: undefined } : rest));
  const names = readdirSync(folder).filter((name) => name === 'problems.jsonl' || name.startsWith('rollouts-'));
  const last = path.join('checkpoints', String(checkpointsOf(folder).at(-1)));
  // `journal.json` counts records, including those of interruptions.
  const weights = readdirSync(path.join(folder, last)).filter((name) => name !== 'journal.json');
  const files = [...names, ...weights.map((name) => path.join(last, name))].sort();
  return { records, files: Object.fromEntries(files.map((name) => [name, sha256(path.join(folder, name))])) };
}

/** Fails at the first record that differs, otherwise at the first file. */
export function expectSameOutcome(actual: RunOutcome, expected: RunOutcome): void {
  const texts = ({ records }: RunOutcome) => records.map((record) => JSON.stringify(record));
  const [found, wanted] = [texts(actual), texts(expected)];
  const at = wanted.findIndex((text, i) => text !== found[i]);
  if (at >= 0) expect(actual.records[at], `record ${at}, ${hashText(found[at])}`).toEqual(expected.records[at]);
  expect(found.length).toBe(wanted.length);
  expect(actual.files).toEqual(expected.files);
}

function hashText(text: string | undefined): string {
  return text === undefined ? 'which is missing' : text.slice(0, 100);
}

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
