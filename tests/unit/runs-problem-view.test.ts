/** What a run says of a problem at a step. */
import { describe, expect, it } from 'vitest';
import type { JournalRecord } from '../../engine/protocol/records.ts';
import { RunColumns } from '../../engine/runs/columns.ts';
import { fold } from '../../engine/runs/fold.ts';
import { beforeText, problemView, viewBefore } from '../../engine/runs/problem-view.ts';
import { standingAt } from '../../engine/runs/standing.ts';
import { forecastOf, problemForecast } from '../support/forecast.ts';
import { group, step, TIME } from '../support/records.ts';

function folded(...records: JournalRecord[]): RunColumns {
  const columns = new RunColumns();
  for (const record of records) fold(columns, record);
  return columns;
}

describe('cursor A before the first step', () => {
  it('uses the first rollouts if nothing was sampled before', () => {
    expect(beforeText(folded(group(0, 1, 'trained'), step(1, 1)))).toBe('first rollouts');
    expect(beforeText(folded(group(0, 0, 'measured', { phase: 'evaluation' }), group(1, 1, 'trained')))).toBe(
      'before training',
    );
    expect(beforeText(folded())).toBe('before training');
  });
});

describe('the group that represents a problem', () => {
  const columns = folded(
    group(0, 0, 'before', { phase: 'probe' }),
    group(1, 0, 'measured', { phase: 'evaluation' }),
    group(2, 0, 'greedy', { phase: 'greedy', answers: ['greedy'] }),
    group(3, 1, 'trained'),
    step(4, 1),
    group(5, 2, 'later', { phase: 'evaluation' }),
    group(6, 2, 'greedy', { phase: 'greedy', answers: ['greedy'] }),
  );

  it('is of the requested phase, including greedy decoding', () => {
    expect(problemView(columns, 0, 9, 'train')).toMatchObject({ answer: 'trained', phase: 'train', step: 1, row: 3 });
    expect(problemView(columns, 0, 9, 'greedy')).toMatchObject({ answer: 'greedy', step: 2 });
    expect(problemView(columns, 0, 0, 'train')).toMatchObject({ status: 'unsampled', row: null });
  });

  it('is the one recorded last, at or before the step; greedy decoding has no vote', () => {
    const at = (step?: number) => problemView(columns, 0, step);
    expect(at(0)).toMatchObject({ answer: 'measured', phase: 'evaluation', step: 0, row: 1 });
    expect(at(1)).toMatchObject({ answer: 'trained', phase: 'train', step: 1 });
    expect(at(2)).toMatchObject({ answer: 'later', phase: 'evaluation', step: 2 });
    expect(at()).toEqual(at(2));
  });

  it('does not exist before the problem was sampled', () => {
    expect(problemView(columns, 5)).toMatchObject({
      row: null,
      status: 'unsampled',
      answer: null,
      verdict: 'unknown',
      quadrant: 'none',
    });
    expect(problemView(folded(group(0, 3, 'a')), 0, 2).status).toBe('unsampled');
  });
});

describe("a problem's state", () => {
  const of = (answers: (string | null)[], reference: string | null) =>
    problemView(folded(group(0, 1, 'x', { answers, reference })), 0);
  const wide = (answer: string) => Array.from({ length: 9 }, () => answer);

  it('is right, wrong or unknown by its majority, and confident above a share of 0.8', () => {
    expect(of([...wide('7'), '8'], '7')).toMatchObject({
      status: 'majority',
      verdict: 'correct',
      quadrant: 'confident-correct',
    });
    expect(of([...wide('7'), '8'], '8')).toMatchObject({ verdict: 'wrong', quadrant: 'confident-wrong', share: 0.9 });
    expect(of(['7', '7', '8'], '7')).toMatchObject({ quadrant: 'uncertain-correct' });
    expect(of(['7', '7', '8'], null)).toMatchObject({ verdict: 'unknown', quadrant: 'uncertain', accuracy: null });
    expect(of(wide('7'), null)).toMatchObject({ quadrant: 'confident' });
    expect(of(['7', '7', '8', null], '7')).toMatchObject({ accuracy: 0.5, unanswered: 1, rollouts: 4 });
    expect(of(['7'], '7').confidence).toBeCloseTo(Math.exp(-0.5), 12);
  });

  it('has disagreeing votes and likelihoods if the other rollouts are more likely', () => {
    const lead = (answers: (string | null)[], own: number, others: number) => {
      const record = group(0, 1, 'x', { answers });
      const share = answers.filter((item) => item === answers[0]).length / answers.length;
      const logprob = share * Math.log(own) + (1 - share) * Math.log(others);
      return problemView(
        folded({
          ...record,
          means: { ...record.means, logprob },
          majority: { ...record.majority!, logprob: Math.log(own) },
        }),
        0,
      ).lead;
    };
    expect(lead(['7', '7', '7', '8'], 0.2, 0.9)).toBeCloseTo(-0.7, 12);
    expect(lead(['7', '7', null], 0.9, 0.5)).toBeCloseTo(0.4, 12);
    expect(lead(['7', '7'], 0.9, 0.5)).toBeNull();
    expect(lead(['7', '7', '8'], Number.NaN, 0.5)).toBeNull();
  });

  it('is a tie if two answers have the same count', () => {
    expect(of(['7', '8', '7', '8'], '8')).toMatchObject({ status: 'tie', answer: '7', verdict: 'wrong' });
  });

  it('is unanswered, and not solved if there is a reference', () => {
    expect(of([null, null], '7')).toMatchObject({
      status: 'unanswered',
      verdict: 'wrong',
      quadrant: 'unanswered',
    });
    expect(of([null, null], null)).toMatchObject({ status: 'unanswered', verdict: 'unknown', quadrant: 'unanswered' });
  });
});

it('a problem knows since when it has had its answer and its verdict', () => {
  const columns = folded(
    ...[
      ['a', 'a'],
      ['b', 'a'],
      ['b', 'a'],
      ['a', 'x'],
      ['c', 'x'],
    ].map(([answer, reference], i) => group(i, 1 + 2 * i, answer!, { reference: reference! })),
  );
  const since = (at: number) => problemView(columns, 0, at).since;
  expect(since(0)).toEqual({ answer: null, verdict: null });
  expect(since(2)).toEqual({ answer: 1, verdict: 1 });
  expect(since(6)).toEqual({ answer: 3, verdict: 3 });
  // Another answer, and still wrong.
  expect(since(99)).toEqual({ answer: 9, verdict: 3 });
});

describe('a prediction', () => {
  const forecast = forecastOf([0.8, 0.3, 0.5, 0.5].map((right, problem) => problemForecast(problem, { right })));
  const estimate = { mean: 0.5, low: 0.2, high: 0.8 };
  const score = { problems: 4, auroc: null, brier: estimate, baseBrier: 0.25, expected: 0.6, actual: estimate };
  const predicted = (...records: JournalRecord[]) =>
    folded({ type: 'forecast', seq: 0, time: TIME, step: 0, forecast }, ...records);
  const scored = (seq: number): JournalRecord => ({ type: 'forecast-score', seq, time: TIME, step: 1, score });

  it('ends right or wrong according to the votes that scored it', () => {
    const votes = { phase: 'evaluation', reference: 'a' } as const;
    const columns = predicted(
      group(1, 0, 'b', votes),
      step(2, 1),
      group(3, 1, 'a', votes),
      group(4, 1, 'b', { ...votes, problem: 1 }),
      group(5, 1, 'b', { ...votes, problem: 2, answers: [null] }),
      group(6, 1, 'b', { ...votes, problem: 3, reference: null }),
    );
    const outcomes = () => [0, 1, 2, 3, 9].map((problem) => problemView(columns, problem).outcome);
    expect(outcomes()).toEqual([null, null, null, null, null]);
    fold(columns, scored(7));
    expect(outcomes()).toEqual([true, false, false, null, null]);
    expect(problemView(columns, 1).prediction).toMatchObject({ right: 0.3, likelyWrong: true });
    // A step that comes again makes the score one of the past.
    fold(columns, step(8, 1));
    expect(outcomes()).toEqual([null, null, null, null, null]);
  });

  it('uses the probe after the last step if there was one', () => {
    const columns = predicted(
      step(1, 1),
      group(2, 1, 'b', { phase: 'evaluation', reference: 'a' }),
      group(3, 1, 'a', { phase: 'probe', reference: 'a' }),
      scored(4),
    );
    expect(problemView(columns, 0).outcome).toBe(true);
  });
});

it('knows the last change of the verdict, and the state before training', () => {
  const answers = (...all: string[]) => ({ answers: all, reference: '7' });
  const columns = folded(
    group(0, 0, 'x', { phase: 'evaluation', ...answers('7', '7', '8') }),
    group(1, 1, 'x', answers('7', '7', '8')),
    step(2, 1),
    group(3, 4, 'x', answers('8', '8', '7')),
    step(4, 4),
    group(5, 6, 'x', answers('9', '9', '7')),
    step(6, 6),
  );
  expect(problemView(columns, 0).flip).toEqual({ since: 4, until: 1, from: 'correct' });
  expect(problemView(columns, 0).since).toEqual({ answer: 6, verdict: 4 });
  expect(problemView(columns, 0, 3).flip).toBeNull();
  expect(viewBefore(columns, 0, null)).toMatchObject({ step: 0, verdict: 'correct' });
  expect(viewBefore(columns, 0, 5)).toMatchObject({ step: 4, answer: '8' });
  const later = folded(group(0, 3, '7'), step(1, 3), group(2, 5, '8'), step(3, 5));
  expect(viewBefore(later, 0, null)).toMatchObject({ step: 3, answer: '7' });
  expect(viewBefore(later, 1, null)).toMatchObject({ row: null });
});

it('distinguishes ties, single votes and missing answers from right and wrong', () => {
  const standing = (...all: (string | null)[]) =>
    standingAt(folded(group(0, 1, 'x', { answers: all, reference: '7' })), 0);
  expect(standing('7', '7', '8')).toBe('correct');
  expect(standing('8', '8', '7')).toBe('wrong');
  expect(standing('7', '7', '8', '8')).toBe('undecided');
  expect(standing('7', null, null)).toBe('undecided');
  expect(standing(null, null)).toBe('unanswered');
  expect(standingAt(folded(group(0, 1, '7')), 0)).toBe('unknown');
});

describe('since when, for groups that arrive one by one', () => {
  const ANSWERS = ['7', '8', null];
  const PHASES_HERE = ['train', 'evaluation', 'greedy'] as const;
  // The same every time, and without a pattern.
  const drawn = (i: number, most: number) => ((i * 7919 + 13) ** 2 % 101) % most;
  const made = (steps: readonly number[]) =>
    steps.map((at, i) => {
      const answer = ANSWERS[drawn(i, 3)]!;
      const answers = [answer, answer, '9'];
      return group(i, at, 'x', { answers, reference: '7', phase: PHASES_HERE[drawn(i + 5, 3)]!, problem: i % 2 });
    });

  /** By looking at every group that counts again. */
  function expected(columns: RunColumns, problem: number, at: number) {
    const those = columns.rowsOf(problem).map((row) => columns.summaryOf(row));
    const spoken = those.filter(({ step, phase }) => step <= at && phase !== 'greedy');
    const last = spoken.at(-1);
    if (!last) return null;
    const right = (item: (typeof those)[number]) => item.majority?.correct ?? false;
    const others = spoken.findLastIndex((candidate) => right(candidate) !== right(last));
    const [before, since] = [spoken[others], spoken[others + 1]!.step];
    return { step: last.step, verdict: since, flip: before ? { since, until: before.step } : null };
  }

  it.each([
    ['in the order of their steps', Array.from({ length: 60 }, (_, i) => 1 + Math.floor(i / 3))],
    ['in another order', Array.from({ length: 60 }, (_, i) => 1 + ((i * 37) % 20))],
  ])('%s', (_, steps) => {
    const columns = new RunColumns();
    for (const record of made(steps)) {
      fold(columns, record);
      for (const at of [0, 3, 7, 12, 40]) {
        const wanted = expected(columns, 0, at);
        const view = problemView(columns, 0, at);
        expect(view.step).toBe(wanted?.step ?? null);
        expect(view.since.verdict).toBe(wanted?.verdict ?? null);
        if (wanted?.flip) expect(view.flip).toMatchObject(wanted.flip);
        else expect(view.flip).toBeNull();
      }
    }
    expect(columns.rowsOf(0).length).toBeGreaterThan(5);
  });
});
