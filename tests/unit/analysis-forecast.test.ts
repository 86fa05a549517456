/** The forecast and its score, computed by hand. */
import { describe, expect, test } from 'vitest';
import { forecastProblem, forecastSet, scoreForecast } from '../../engine/analysis/forecast.ts';
import { optimum } from '../../engine/analysis/optimum.ts';
import { signalQuality } from '../../engine/analysis/signal-quality.ts';
import { Forecast } from '../../engine/protocol/forecast.ts';
import { judged } from '../support/judged.ts';

const likelihood = (...values: number[]) => values.map((logprob) => ({ logprob }));
const answers = ['7', '7.0', '7', '8', '8', null, '9', '7'];
const group = judged(answers, '8', undefined, likelihood(-1, -2, -1, -3, -1.5, -4, -5, -1));

describe('one problem', () => {
  test('under the majority vote, by hand', () => {
    const found = forecastProblem({ problem: 3, group, rewards: null, selfCertainty: [1, 1, 1, 0, 0, 0, 0, null] });
    expect(found).toMatchObject({ problem: 3, votes: 8, answer: '7', majority: true, margin: (4 - 2) / 8 });
    expect(found.share!.mean).toBe(4 / 8);
    expect(found.confidenceGap).toBeCloseTo(-5 / 4 + 13.5 / 4, 12);
    // Of 16 pairs only -2 against -1.5 is the other way round.
    expect(found.agreement).toBe(15 / 16);
    expect(found.certaintyAgreement).toBe(1);
    expect(found.right).toBeCloseTo(1 / (1 + Math.exp(0.65 - 1.35 * 0.25 * Math.sqrt(8))), 12);
    // Half of the rewards are 1: they are sqrt(7/8) * 2 standard deviations above the others.
    const gap = 1 / Math.sqrt(2 / 7);
    expect(found.optimum).toBeCloseTo(1 / (1 + Math.exp(-gap / 0.5)), 12);
    expect(found.answerEntropy).toBeCloseTo(
      -(4 / 7) * Math.log(4 / 7) - (2 / 7) * Math.log(2 / 7) - Math.log(1 / 7) / 7,
      12,
    );
  });

  test('uses no labels', () => {
    const blind = judged(answers, null, undefined, likelihood(-1, -2, -1, -3, -1.5, -4, -5, -1));
    const otherwise = judged(answers, '7', undefined, likelihood(-1, -2, -1, -3, -1.5, -4, -5, -1));
    const first = forecastProblem({ problem: 0, group, rewards: null });
    expect(forecastProblem({ problem: 0, group: blind, rewards: null })).toEqual(first);
    expect(forecastProblem({ problem: 0, group: otherwise, rewards: null })).toEqual(first);
  });

  test('another reward amplifies another answer, whatever its scale', () => {
    const rewards = [0, 0, 0, 1, 1, 0, 0, 0];
    const found = forecastProblem({ problem: 0, group, rewards });
    expect(found).toMatchObject({ answer: '8', majority: false, margin: (2 - 4) / 8 });
    expect(found.right).toBeLessThan(0.2);
    const scaled = forecastProblem({ problem: 0, group, rewards: rewards.map((r) => 1000 * r - 7) });
    expect(scaled.optimum).toBeCloseTo(found.optimum!, 12);
    // By what pi* says of the standardized rewards.
    const sd = Math.sqrt((6 * 0.25 ** 2 + 2 * 0.75 ** 2) / 7);
    expect(found.optimum).toBeCloseTo(
      optimum(
        group,
        rewards.map((r) => r / sd),
        0.5,
      ).clusters[1]!,
      12,
    );
  });

  test('equal rewards leave the majority, and without an answer there is none', () => {
    expect(forecastProblem({ problem: 0, group, rewards: answers.map(() => 2) })).toMatchObject({
      answer: '7',
      optimum: 0.5,
    });
    expect(forecastProblem({ problem: 0, group: judged([null, null], '1'), rewards: null })).toEqual({
      problem: 0,
      votes: 2,
      answer: null,
      majority: false,
      share: null,
      margin: null,
      answerEntropy: null,
      confidenceGap: null,
      agreement: null,
      certaintyAgreement: null,
      optimum: null,
      right: 0,
    });
    const certain = forecastProblem({ problem: 0, group: judged(['1', '1'], null), rewards: null });
    expect(certain).toMatchObject({ margin: 1, agreement: null, confidenceGap: null, optimum: 1 });
    // Two votes say little, however equal; of 32 votes and more none adds anything.
    expect(certain.right).toBeCloseTo(1 / (1 + Math.exp(0.65 - 1.35 * Math.SQRT2)), 12);
    const unanimous = (votes: number) =>
      forecastProblem({ problem: 0, group: judged(Array<string>(votes).fill('1'), null), rewards: null }).right;
    expect(unanimous(8)).toBeLessThan(unanimous(32));
    expect(unanimous(64)).toBe(unanimous(32));
  });
});

describe('a set', () => {
  const problems = [
    judged(['1', '1', '1', '1'], '1'),
    judged(['2', '2', '1', '3'], '1'),
    judged(['1', '2', null, null], '1'),
    judged([null], '1'),
  ].map((one, problem) => ({ problem, group: one, rewards: null }));
  const forecast = forecastSet('majority-vote', problems);

  test('sums over its problems, and can be stored', () => {
    const right = forecast.problems.map((item) => item.right);
    expect(forecast.accuracy!.mean).toBeCloseTo(right.reduce((a, b) => a + b, 0) / 4, 12);
    expect(forecast.wrong).toBeCloseTo(3 - right[0]! - right[1]! - right[2]!, 12);
    // A margin of 1/4 is just above, none is below one half.
    expect(forecast.likelyWrong).toEqual([2]);
    expect(Forecast.parse(JSON.parse(JSON.stringify(forecast)))).toEqual(forecast);
    expect(forecastSet('majority-vote', problems)).toEqual(forecast);
    expect(forecastSet('majority-vote', [])).toMatchObject({ accuracy: null, wrong: 0, likelyWrong: [] });
  });

  test('has an interval for problems and outcomes that is wider than either alone', () => {
    const many = forecastSet(
      'majority-vote',
      Array.from({ length: 100 }, (_, problem) => ({ ...problems[1]!, problem })),
    );
    const { mean, low, high } = many.accuracy!;
    // All problems are alike, so what is left is the outcomes: binomial.
    const half = 1.96 * Math.sqrt((mean * (1 - mean)) / 100);
    expect(high - low).toBeCloseTo(2 * half, 1);
    expect(low).toBeGreaterThan(mean - half - 0.03);
    expect(high).toBeLessThan(mean + half + 0.03);
  });

  test('quality of its signals, by hand', () => {
    const right = new Map<number, boolean | null>([
      [0, true],
      [1, false],
      [2, true],
      [3, null],
    ]);
    const quality = Object.fromEntries(signalQuality(forecast, right).map((item) => [item.signal, item]));
    expect(quality.share).toMatchObject({ auroc: { mean: 0.5 }, problems: 3 });
    expect(quality.margin!.auroc.mean).toBe(0.5);
    // One answer, then two, then three: the fewer the better here.
    expect(quality['negative-answer-entropy']!.auroc.mean).toBe(1);
    expect(quality['certainty-agreement']).toBeUndefined();
    expect(signalQuality(forecast, new Map())).toEqual([]);
  });

  test('its score, by hand', () => {
    const outcomes = new Map<number, boolean | null>([
      [0, true],
      [1, false],
      [2, false],
    ]);
    const [a, b, c] = forecast.problems.map(({ right }) => right);
    const found = scoreForecast(forecast, outcomes)!;
    expect(found.brier.mean).toBeCloseTo(((1 - a!) ** 2 + b! ** 2 + c! ** 2) / 3, 12);
    expect(found.baseBrier).toBeCloseTo(2 / 9, 12);
    expect(found.auroc!.mean).toBe(1);
    expect(found).toMatchObject({ problems: 3, actual: { mean: 1 / 3 } });
    expect(found.expected).toBeCloseTo((a! + b! + c!) / 3, 12);
    expect(scoreForecast(forecast, new Map([[0, true]]))!.auroc).toBeNull();
    expect(scoreForecast(forecast, new Map())).toBeNull();
  });
});
