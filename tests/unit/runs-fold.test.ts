/** The fold of records into columns, and columns on their way to a view. */
import { describe, expect, it } from 'vitest';
import { RunConfig } from '../../engine/protocol/config.ts';
import { type JournalRecord, WarningRecord } from '../../engine/protocol/records.ts';
import { RunColumns } from '../../engine/runs/columns.ts';
import { fold } from '../../engine/runs/fold.ts';
import { markOf, pack, unpack } from '../../engine/runs/packed.ts';
import { collapseWarningAt } from '../../engine/runs/watch.ts';
import { forecastOf, problemForecast } from '../support/forecast.ts';
import { group, step, TIME, warning } from '../support/records.ts';

function folded(...records: JournalRecord[]): RunColumns {
  const columns = new RunColumns();
  for (const record of records) fold(columns, record);
  return columns;
}

const run = (reward = 'majority-vote'): JournalRecord => ({
  type: 'run',
  seq: 0,
  time: TIME,
  config: RunConfig.parse({ dataset: { path: 'embedded' }, reward }),
  problems: 4,
  evaluationProblems: 0,
  model: { name: 'm', parameters: 1, trainable: 1, fingerprint: 'f', vocabulary: 19 },
  dataFingerprint: 'd',
  device: 'cpu',
});

const answersOf = (columns: RunColumns, rows: readonly number[]) =>
  rows.map((row) => columns.texts.at(columns.groups.columns.answer[row]!));

describe('series', () => {
  it('have a value per step for every metric and timing, with gaps', () => {
    const { series, step: latest } = folded(step(0, 1, { loss: 0.5 }), step(1, 2), step(2, 3, { loss: 0.25 }));
    expect(series.steps).toEqual([1, 2, 3]);
    expect(series.of('proxyReward')).toEqual([0.1, 0.2, 0.3]);
    expect(series.of('loss')).toEqual([0.5, Number.NaN, 0.25]);
    expect(series.of('rolloutTokensPerSecond')).toEqual([200, 200, 200]);
    expect(latest).toBe(3);
    expect([series.at('loss', 2), series.at('loss', 9), series.at('loss', 0), series.at('kl', 2)]).toEqual([
      null,
      0.25,
      null,
      null,
    ]);
  });

  it('contain the metrics of other trainers under their own names', () => {
    const { series } = folded(step(0, 1), { ...step(1, 2), foreign: { 'actor/pg_loss': 0.5, kl: null } });
    expect([series.of('foreign/actor/pg_loss'), series.at('foreign/kl', 2)]).toEqual([[Number.NaN, 0.5], null]);
    expect(series.of('kl')).toEqual([Number.NaN, Number.NaN]);
  });

  it('have no reward accuracy if the reward does not judge correctness, whatever an older version recorded', () => {
    const by = (reward: string) => {
      const { head, series } = folded(run(reward), step(1, 1, { rewardAccuracy: 0.7, labelAccuracy: 0.3 }));
      return [head.saysRight, series.at('rewardAccuracy', 1), series.at('labelAccuracy', 1)];
    };
    expect(by('empo')).toEqual([true, 0.7, 0.3]);
    expect(by('trajectory-entropy')).toEqual([false, null, 0.3]);
    expect(by('majority-vote + 0.1*trajectory-entropy')).toEqual([false, null, 0.3]);
  });
});

describe('the fold', () => {
  it('ignores a record that it has already folded', () => {
    const columns = folded(step(0, 1), step(1, 2));
    expect([fold(columns, step(1, 2)), fold(columns, step(0, 1)), fold(columns, step(2, 3))]).toEqual([
      false,
      false,
      true,
    ]);
    expect(columns.series.steps).toEqual([1, 2, 3]);
  });

  it('counts clusters, missing answers and truncated responses', () => {
    const columns = folded(
      group(3, 4, '7', { problem: 12, answers: ['7', '7', '8', null], reference: '7', phase: 'evaluation' }),
    );
    const [row] = columns.rowsOf(12);
    expect(columns.idOf(row!)).toEqual({ phase: 'evaluation', step: 4, problem: 12 });
    expect(columns.clustersOf(row!)).toEqual([
      { answer: '7', count: 2, correct: true },
      { answer: '8', count: 1, correct: false },
    ]);
    const { rollouts, unanswered, truncated, share } = columns.groups.columns;
    expect([rollouts[row!], unanswered[row!], truncated[row!], share[row!]]).toEqual([4, 1, 1, 0.5]);
    expect(columns.frameOf(row!)).toEqual({ file: 'rollouts-000.bin', offset: 30, length: 10 });
    expect(columns.head.labeled).toBe(true);
    expect(columns.sampled).toEqual([12]);
  });

  it('finds groups by phase, step and problem', () => {
    const columns = folded(
      group(0, 0, 'e', { phase: 'evaluation' }),
      group(1, 0, 'g', { phase: 'greedy' }),
      group(2, 0, 'p', { phase: 'probe' }),
      group(3, 1, 't'),
    );
    expect(answersOf(columns, columns.phaseRows(0, 'train'))).toEqual(['t']);
    expect(columns.find({ phase: 'greedy', step: 0, problem: 0 })).toBe(1);
    expect(columns.find({ phase: 'greedy', step: 1, problem: 0 })).toBeNull();
    expect(columns.find({ phase: 'train', step: 1, problem: 7 })).toBeNull();
    expect(columns.head.labeled).toBe(false);
  });

  it('lets a repeated step replace everything after its first occurrence', () => {
    const columns = folded(
      group(0, 1, 'a'),
      step(1, 1),
      group(2, 2, 'b'),
      step(3, 2),
      group(4, 3, 'x', { phase: 'evaluation' }),
      step(5, 3),
      group(6, 2, 'c'),
      step(7, 2, { proxyReward: 0.9 }),
    );
    expect(columns.series.steps).toEqual([1, 2]);
    expect(columns.series.of('proxyReward')).toEqual([0.1, 0.9]);
    expect(answersOf(columns, columns.rowsOf(0))).toEqual(['a', 'c']);
  });

  it("keeps the per-problem metrics of a step's updates", () => {
    const columns = folded(group(0, 1, 'a'), group(1, 1, 'b', { problem: 1 }), {
      ...step(2, 1),
      problems: [{ problem: 1, kl: 0.5, clipFraction: null }],
    });
    expect([0, 1].map((problem) => columns.updateOf(columns.rowsOf(problem)[0]!))).toEqual([
      null,
      { kl: 0.5, clipFraction: null },
    ]);
  });

  it('forgets the end of a run that was resumed', () => {
    const columns = folded({ type: 'end', seq: 0, time: TIME, reason: 'stopped', step: 4 });
    expect(columns.head.end?.reason).toBe('stopped');
    fold(columns, { type: 'lifecycle', seq: 1, time: TIME, event: 'resumed' });
    expect(columns.head).toMatchObject({ end: null, lifecycle: { event: 'resumed' } });
  });

  it('knows the forecast, and the reward that it is based on', () => {
    const forecast = { ...forecastOf([problemForecast(0), problemForecast(3, { right: 0.3 })]), by: 'majority-vote' };
    const { head } = folded(run('dual'), { type: 'forecast', seq: 1, time: TIME, step: 0, forecast });
    expect(head.forecast).toMatchObject({ reward: 'majority-vote', by: 'majority-vote', accuracy: { mean: 0.7 } });
    expect([0, 3].map((problem) => head.forecast!.problems[problem]!.likelyWrong)).toEqual([false, true]);
  });

  it('knows the latest state of the collapse watch, at any step', () => {
    const columns = folded(
      warning(0, 'model', null),
      warning(1, 'collapse-watch', 8),
      warning(2, 'collapse', 12),
      warning(3, 'other', 13),
    );
    expect([7, 8, 11, 12, Number.POSITIVE_INFINITY].map((at) => collapseWarningAt(columns, at)?.message)).toEqual([
      undefined,
      'collapse-watch at 8',
      'collapse-watch at 8',
      'collapse at 12',
      'collapse at 12',
    ]);
    fold(columns, warning(4, 'collapse', 20));
    expect(collapseWarningAt(columns)).toMatchObject({ step: 20, since: 12 });
  });

  it('knows the reasons of the collapse watch, except in runs of older versions', () => {
    const reasons = ['length', 'entropy'].map((text) => ({ signal: 'shorter', level: 'alarm' as const, text }));
    const columns = folded(
      warning(0, 'collapse-watch', 8),
      WarningRecord.parse({ ...warning(1, 'collapse', 12), watch: { level: 'collapse', reasons } }),
    );
    expect(collapseWarningAt(columns, 8)).toMatchObject({ level: 'watch', code: 'collapse-watch', reasons: [] });
    expect(collapseWarningAt(columns)).toMatchObject({ level: 'collapse', step: 12, reasons: ['length', 'entropy'] });
  });
});

describe('columns in transit', () => {
  const records = [
    run(),
    group(1, 1, 'a', { reference: 'a' }),
    group(2, 1, 'b', { problem: 1 }),
    step(3, 1),
    group(4, 2, 'c'),
    step(5, 2, { kl: 0.5 }),
  ];
  const state = (columns: RunColumns) => JSON.parse(JSON.stringify({ ...pack(columns), rows: columns.rowsOf(0) }));

  it('are the same whether they arrive at once or in parts', () => {
    const host = new RunColumns();
    let view: RunColumns | null = null;
    let mark = null;
    for (const record of records) {
      fold(host, record);
      const packed = structuredClone(pack(host, mark));
      mark = markOf(host);
      view = unpack(packed, view);
      expect(state(view)).toEqual(state(host));
    }
    expect(state(unpack(structuredClone(pack(host)), null))).toEqual(state(host));
  });

  it('contain only what is new', () => {
    const host = folded(...records);
    const mark = markOf(host);
    fold(host, group(6, 3, 'c'));
    const packed = pack(host, mark);
    expect(packed).toMatchObject({ whole: false, seq: 6, texts: [] });
    expect(packed.groups.step).toEqual(Int32Array.of(3));
    expect(packed).not.toHaveProperty('head');
  });

  it('are sent as a whole after the run went back', () => {
    const host = folded(...records);
    const mark = markOf(host);
    const view = unpack(structuredClone(pack(host)), null);
    fold(host, group(6, 2, 'd'));
    const packed = pack(host, mark);
    expect(packed.whole).toBe(true);
    const after = unpack(packed, view);
    expect(answersOf(after, after.rowsOf(0))).toEqual(['a', 'd']);
  });
});
