/** How the collapse watch did over the runs of an experiment, from crafted runs. */
import { expect, test } from 'vitest';
import { watchedRun, watchSections, watchSummary } from '../../engine/experiments/watched.ts';
import type { JournalRecord } from '../../engine/protocol/index.ts';
import { craftedRun } from '../support/experiment-context.ts';

/** A run with a header, as a journal has it, and a warning at a step. */
function run(
  id: string,
  truth: readonly number[],
  warned: number | null,
  watch: 'warn' | 'off' = 'warn',
): JournalRecord[] {
  const { config, records } = craftedRun({ id, config: { watch }, metrics: { groundTruthReward: truth } });
  const base = { seq: 0, time: '2026-01-01T00:00:00.000Z' };
  const header: JournalRecord = {
    type: 'run',
    ...base,
    config,
    problems: 64,
    evaluationProblems: 0,
    model: { name: 'm', parameters: 1, trainable: 1, fingerprint: 'f', vocabulary: 24 },
    dataFingerprint: 'd',
    device: 'cpu',
  };
  const warning: JournalRecord[] =
    warned === null
      ? []
      : [{ type: 'warning', ...base, code: 'collapse', message: 'It collapses.', step: warned, problem: null }];
  return [header, ...records, ...warning];
}

const FALLING = [0.7, 0.7, 0.05, 0.05];
const SOUND = [0.6, 0.8];

test('hits, late warnings, misses, false alarms and quiet runs are distinguished', () => {
  const runs = [
    watchedRun('a', run('a', FALLING, 12)),
    watchedRun('b', run('b', FALLING, 40)),
    watchedRun('c', run('c', FALLING, null)),
    watchedRun('d', run('d', SOUND, 9)),
    watchedRun('e', run('e', SOUND, null)),
  ].filter((one) => one !== null);
  const { lead, ...counts } = watchSummary(runs);
  expect(counts).toEqual({ runs: 5, hits: 1, late: 1, misses: 1, falseAlarms: 1, quiet: 1 });
  expect(lead).toEqual([runs[0]!.fall! - 12]);
  const [table] = watchSections(runs);
  const numbers = table?.kind === 'table' ? table.note?.match(/\d+/g)?.map(Number) : null;
  // Fell; in time: before the fall, up to so many steps after it; late; false alarms among those that did not fall.
  expect(numbers).toEqual([3, 1, 1, 0, 10, 1, 1, 2]);
  expect(table?.kind === 'table' && table.rows.map((row) => [row[0], row[3]])).toEqual([
    ['a', 'hit'],
    ['b', 'late'],
    ['c', 'miss'],
    ['d', 'false alarm'],
  ]);
});

test('without a fall only false alarms are counted', () => {
  const [table] = watchSections([watchedRun('e', run('e', SOUND, null))!]);
  // Falls: none; false alarms: 0 of 1.
  expect(table?.kind === 'table' && [table.note?.match(/\d+/g)?.map(Number), table.rows]).toEqual([[0, 1], []]);
});

test('runs that were not watched, or cannot be judged, are excluded', () => {
  expect(watchedRun('off', run('off', FALLING, null, 'off'))).toBeNull();
  const unlabeled = run('blind', SOUND, 5).map((record) =>
    record.type === 'step' ? { ...record, metrics: { ...record.metrics, groundTruthReward: null } } : record,
  );
  expect(watchedRun('blind', unlabeled)).toBeNull();
  expect(watchSections([])).toEqual([]);
});
