import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { byConcern, type ProblemResult, problemResults, problemTable } from '../../engine/cli/problem-table.ts';
import { ProgressView } from '../../engine/cli/progress.ts';
import { beforeAfterTable, runSummary } from '../../engine/cli/summary.ts';
import { table } from '../../engine/cli/table.ts';
import { type RunFolder, readRunFolder } from '../../engine/journal/reader.ts';
import type { EvaluationRecord, RunRecord, StepRecord } from '../../engine/protocol/records.ts';
import type { Progress } from '../../engine/protocol/rpc.ts';
import { sparkline } from '../../engine/protocol/sparkline.ts';
import { columnsOf } from '../../engine/runs/fold.ts';
import { writeRunFixture } from '../support/run-fixture.ts';

describe('drawings', () => {
  test('tables align', () => {
    expect(
      table(
        ['name', 'n'],
        [
          ['a', '10'],
          ['bcdef', '9'],
        ],
        [1],
      ),
    ).toBe('name    n\na      10\nbcdef   9');
  });
  test('curves are means over columns, scaled to their range, with gaps', () => {
    expect(sparkline([0, 0.5, 1], 8, { low: 0, high: 1 })).toBe('▁▅█');
    expect(sparkline([0, 0, 1, 1], 2)).toBe('▁█');
    expect(sparkline([1, null, 3], 3)).toBe('▁ █');
    expect(sparkline([2, 2], 2)).toBe('▅▅');
    expect(sparkline([], 5)).toBe('');
  });
});

describe('a run', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'rs-'));
  let run: RunFolder;
  beforeAll(async () => {
    await writeRunFixture(path.join(root, 'run'), { steps: 6, every: 3 });
    run = await readRunFolder(path.join(root, 'run'));
  });
  afterAll(() => rmSync(root, { recursive: true }));

  test('is summarized: before, after, speed over all steps, memory', () => {
    const steps = run.records.filter((record): record is StepRecord => record.type === 'step');
    const evaluations = run.records.filter((record) => record.type === 'evaluation');
    const summary = runSummary(columnsOf(run.records), 1);
    expect(summary.steps).toBe(6);
    expect(summary.before).toMatchObject({ step: 0, accuracy: evaluations[0]!.accuracy!.mean, samples: 8 });
    expect(summary.after).toMatchObject({
      step: 6,
      majorityAccuracy: evaluations.at(-1)!.majorityAccuracy!.mean,
      accuracyInterval: [evaluations.at(-1)!.accuracy!.low, evaluations.at(-1)!.accuracy!.high],
    });
    const tokens = steps.reduce((sum, { metrics }) => sum + metrics.tokens!, 0);
    expect(summary.rolloutTokensPerSecond).toBeCloseTo(tokens / (6 * 1.6), 6);
    expect(summary.peakMemoryBytes).toBe(Math.max(...steps.map(({ timing }) => timing.residentBytes!)));
  });

  test('without steps or evaluations has nulls, not zeros', () => {
    expect(runSummary(columnsOf([]))).toEqual({
      steps: 0,
      before: null,
      after: null,
      rolloutTokensPerSecond: null,
      peakMemoryBytes: null,
    });
    expect(beforeAfterTable(columnsOf([]))).toBeNull();
    const untrained = run.records.filter(({ type }) => type !== 'step').slice(0, 30);
    expect(runSummary(columnsOf(untrained))).toMatchObject({ before: { step: 0 }, after: null });
  });

  test('that was stopped before its second evaluation has no after', () => {
    const second = run.records.findIndex((record) => record.type === 'evaluation' && record.step > 0);
    const early = run.records.slice(0, second);
    expect(runSummary(columnsOf(early)).after).toBeNull();
    expect(beforeAfterTable(columnsOf(early))).toMatch(/^12 problems +before *\n/);
  });

  test('has a table of before and after with intervals', () => {
    const text = beforeAfterTable(columnsOf(run.records))!;
    expect(text).toMatch(/^12 problems +before +after 6 steps\n/);
    expect(text).toMatch(/accuracy \(avg@8\) +0\.\d{3} \(0\.\d{3} to 0\.\d{3}\) +0\.\d{3} \(0\.\d{3} to 0\.\d{3}\)/);
    expect(text).toContain('95% confidence intervals');
  });

  test('lists its problems with confidently wrong ones at the top', () => {
    const results = problemResults(run.problems, columnsOf(run.records));
    const wrong = results.filter(({ correct }) => correct === false);
    expect(wrong.length).toBeGreaterThan(0);
    expect(results.slice(0, wrong.length)).toEqual(wrong);
    expect(wrong.map(({ share }) => share)).toEqual(wrong.map(({ share }) => share).sort((a, b) => b! - a!));
    const first = wrong[0]!;
    expect(first.clusters.reduce((sum, { count }) => sum + count, 0) + first.noAnswer).toBe(first.rollouts);
    expect(first.confidence).toBeGreaterThan(0);
    expect(first.confidence).toBeLessThanOrEqual(1);
    const lines = problemTable(results).split('\n');
    expect(lines).toHaveLength(13);
    expect(lines[1]).toContain('wrong');
    expect(lines[1]).toContain(`${first.majority} x${first.clusters[0]!.count}`);
  });
});

test('problems without a verdict are listed between wrong and right ones', () => {
  const result = (id: string, correct: boolean | null, share: number | null) =>
    ({ id, correct, share, index: 0 }) as ProblemResult;
  const sorted = [
    result('right, confident', true, 1),
    result('unknown', null, 0.5),
    result('wrong, uncertain', false, 0.3),
    result('right, uncertain', true, 0.4),
    result('wrong, confident', false, 0.9),
    result('no answer', null, null),
  ].sort(byConcern);
  expect(sorted.map(({ id }) => id)).toEqual([
    'wrong, confident',
    'wrong, uncertain',
    'unknown',
    'no answer',
    'right, uncertain',
    'right, confident',
  ]);
});

describe('live progress', () => {
  const progress = (step: number, more: Partial<Progress> = {}): Progress => ({
    run: 'r',
    folder: '/r',
    state: 'running',
    activity: 'sampling',
    detail: null,
    step,
    steps: 10,
    fraction: 0.5,
    tokensPerSecond: 200,
    secondsLeft: 38,
    residentBytes: null,
    ...more,
  });
  const step = (number: number): StepRecord =>
    ({
      type: 'step',
      step: number,
      metrics: { proxyReward: 0.9, groundTruthReward: null, majorityShare: 0.8 },
      timing: { rolloutTokensPerSecond: 123 },
    }) as StepRecord;

  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllEnvs();
  });

  function screen(isTTY: boolean) {
    vi.useFakeTimers();
    vi.stubEnv('CI', '');
    vi.stubEnv('TERM', 'xterm');
    const written: string[] = [];
    return { written, view: new ProgressView({ write: (text) => written.push(text), isTTY, columns: 60 }) };
  }

  test('on a terminal, one block is redrawn in place, and remarks stay above it', () => {
    const { written, view } = screen(true);
    view.progress(progress(1));
    vi.advanceTimersByTime(150);
    expect(written.join('')).toContain('step 1/10');
    const lines = written.join('').split('\n').length - 1;
    for (let i = 0; i < 50; i++) view.progress(progress(2));
    view.record(step(2));
    written.length = 0;
    vi.advanceTimersByTime(150);
    expect(written[0]).toBe(`\x1b[${lines}A\x1b[J`);
    expect(written[1]).toMatch(/proxy reward +0\.90/);
    expect(written[1]).toMatch(/ground-truth reward +– /);
    expect(written[1]).toContain('38 s left');
    expect(written).toHaveLength(2);
    for (const line of written[1]!.split('\n')) expect([...line].length).toBeLessThan(60);
    written.length = 0;
    view.note('a remark');
    expect(written[1]).toBe('a remark\n');
    expect(written[2]).toContain('step 2/10');
    view.end();
    expect(written.at(-1)).toMatch(/\[\d+A.\[J$/);
  });

  test('elsewhere, a plain line is printed every few seconds', () => {
    const { written, view } = screen(false);
    for (let i = 0; i < 100; i++) {
      view.progress(progress(Math.floor(i / 20)));
      vi.advanceTimersByTime(100);
    }
    expect(written.length).toBeGreaterThanOrEqual(3);
    expect(written.length).toBeLessThanOrEqual(5);
    expect(written.at(-1)).toBe('step 4/10  200 tokens/s  38 s left  (sampling 50%)\n');
    expect(written.join('')).not.toContain('\x1b');
    view.record(step(5));
    view.progress(progress(5, { state: 'paused', tokensPerSecond: null, secondsLeft: null }));
    view.end();
    expect(written.at(-1)).toBe(
      'step 5/10  proxy reward 0.90  ground-truth reward –  majority share 0.80  123 tokens/s  (paused: sampling 50%)\n',
    );
  });

  test.each([true, false])('unknown values take no space (terminal: %s)', (isTTY) => {
    const { written, view } = screen(isTTY);
    view.progress(
      progress(0, { steps: 0, activity: 'probe', fraction: null, tokensPerSecond: null, secondsLeft: null }),
    );
    vi.advanceTimersByTime(3500);
    expect(written.join('')).toContain('probe');
    expect(written.join('')).not.toMatch(/–|left|tokens/);
    view.end();
  });

  test('the evaluation of a probe has no step', () => {
    const record = {
      type: 'evaluation',
      step: 0,
      accuracy: { mean: 0.5, low: 0.4, high: 0.6 },
      majorityAccuracy: { mean: 0.75, low: 0.5, high: 0.9 },
    } as EvaluationRecord;
    for (const [job, head] of [
      ['probe', 'probe: '],
      ['train', 'evaluation at step 0: '],
    ] as const) {
      const { written, view } = screen(false);
      view.record({ type: 'run', config: { job } } as RunRecord);
      view.record(record);
      expect(written.join('').slice(0, head.length)).toBe(head);
      view.end();
    }
  });
});
