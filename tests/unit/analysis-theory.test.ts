/** Sharpening: by hand, by its own algebra, and against scipy and numpy (tests/parity/oracle/analysis.py). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pearson } from '../../engine/analysis/correlation.ts';
import { mulberry32 } from '../../engine/analysis/estimates.ts';
import { answerShares, checkTheorem, optimum, totalVariation } from '../../engine/analysis/optimum.ts';
import {
  changeRatio,
  fitCommonGrowth,
  fitGrowth,
  initialMajorityShares,
  oneStepChanges,
  predictionError,
  predictShare,
  type ShareObservation,
  shareAt,
  splitInTime,
} from '../../engine/analysis/theory.ts';
import golden from '../parity/golden/analysis.json' with { type: 'json' };
import { counted, judged, sameText } from '../support/judged.ts';
import { expectThrow } from '../support/refusals.ts';

describe('the exact step', () => {
  test('multiplies the odds by e^(1/beta), by hand', () => {
    // odds 1/3, times e^1
    expect(predictShare(0.25, 1)).toBeCloseTo(Math.E / 3 / (1 + Math.E / 3), 12);
    expect(predictShare(0.5, 0.5, 3)).toBeCloseTo(1 / (1 + Math.exp(-6)), 12);
    expect(predictShare(0, 1)).toBe(0);
    expect(predictShare(1, 1)).toBe(1);
    expect(predictShare(0.3, Number.POSITIVE_INFINITY)).toBeCloseTo(0.3, 12);
    expect(predictShare(0.3, 1e-9)).toBe(1);
  });

  test('many steps are a sequence of single steps, and 1 - p falls at the rate e^(-1/beta)', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        fc.double({ min: 0.3, max: 20, noNaN: true }),
        fc.integer({ min: 1, max: 12 }),
        (share, beta, steps) => {
          let step = share;
          for (let i = 0; i < steps; i++) step = predictShare(step, beta);
          expect(predictShare(share, beta, steps)).toBeCloseTo(step, 10);
        },
      ),
      { seed: 5 },
    );
    const [near, next] = [1 - predictShare(0.5, 1, 12), 1 - predictShare(0.5, 1, 13)];
    expect(next / near).toBeCloseTo(Math.exp(-1), 4);
  });

  test.each([0, -1, Number.NaN])('refuses a beta of %d', (beta) => {
    const range = { reason: 'out-of-range', field: 'beta', value: beta };
    expectThrow(() => predictShare(0.5, beta), 'usage', range);
    expectThrow(() => optimum(judged(['1'], null), [1], beta), 'usage', range);
  });
});

describe('growth', () => {
  const { votes, steps, shares, single, common } = golden.growth;
  const problems = shares.map((values) => values.map((share, i) => ({ step: steps[i]!, share, votes })));

  test("of one problem equals scipy's, with its standard error", () => {
    problems.forEach((observations, i) => {
      const fit = fitGrowth(observations)!;
      expect(fit.growth).toBeCloseTo(single[i]!.growth, 9);
      expect(fit.error).toBeCloseTo(single[i]!.error, 9);
      expect(fit.beta).toBeCloseTo(1 / single[i]!.growth, 9);
      expect(fit.rate).toBeCloseTo(Math.exp(-single[i]!.growth), 9);
      expect(fit.observations).toBe(8);
    });
  });

  test("of a run, with an intercept per problem, equals numpy's", () => {
    const fit = fitCommonGrowth(problems)!;
    expect(fit.growth).toBeCloseTo(common.growth, 9);
    expect(fit.error).toBeCloseTo(common.error, 9);
  });

  const track = (...values: number[]): ShareObservation[] => values.map((share, step) => ({ step, share, votes: 4 }));

  test('keeps shares half a vote away from 0 and 1, and ends there', () => {
    const logit = (p: number) => Math.log(p / (1 - p));
    expect(fitGrowth(track(0.5, 1, 1, 0.25))!.growth).toBeCloseTo(logit(7 / 8), 12);
    expect(fitGrowth(track(0.5, 0, 0, 0))!.growth).toBeCloseTo(-logit(7 / 8), 12);
    expect(fitGrowth(track(0.5, 0, 0, 0))).toMatchObject({ beta: null, error: null, observations: 2 });
    expect(fitGrowth(track(1, 0.5))).toBeNull();
    expect(fitGrowth(track(0.5))).toBeNull();
    expect(fitCommonGrowth([])).toBeNull();
  });

  test('explains the squared correlation of steps and logits; nothing if the share is constant', () => {
    for (const observations of problems) {
      const logits = observations.map(({ share }) => {
        const p = Math.min(1 - 0.5 / votes, Math.max(0.5 / votes, share));
        return Math.log(p / (1 - p));
      });
      expect(fitGrowth(observations)!.explained).toBeCloseTo(pearson(steps, logits)! ** 2, 9);
    }
    expect(fitGrowth(track(0.5, 0.5, 0.5))!.explained).toBeNull();
    // logits 0, ln 3, 0: no slope
    expect(fitGrowth(track(0.5, 0.75, 0.5))!.explained).toBeCloseTo(0, 12);
  });

  test('of exact shares is 1/beta, and predicts them without error', () => {
    const exact = [0.3, 0.45].map((start) =>
      [0, 1, 2, 3].map((step) => ({ step, share: predictShare(start, 4, step), votes: 1e9 })),
    );
    const fit = fitCommonGrowth(exact)!;
    expect(fit.beta).toBeCloseTo(4, 9);
    expect(fit.explained).toBeCloseTo(1, 9);
    const error = predictionError(exact, fit.growth)!;
    expect(error.oneStep).toBeCloseTo(0, 9);
    expect(error.manySteps).toBeCloseTo(0, 9);
    expect(error.predictions).toBe(6);
    expect(error.manyStepsUnchanged).toBeGreaterThan(error.oneStepUnchanged);
  });

  test('gives the share at a later step, by hand; a series that has ended starts half a vote away', () => {
    expect(shareAt({ step: 2, share: 0.5, votes: 4 }, Math.log(3), 3)).toBeCloseTo(0.75, 12);
    expect(shareAt({ step: 2, share: 0.75, votes: 4 }, -Math.log(3), 4)).toBeCloseTo(0.25, 12);
    expect(shareAt({ step: 2, share: 1, votes: 4 }, 0, 9)).toBeCloseTo(7 / 8, 12);
  });

  test('gives the error of a prediction, by hand', () => {
    const error = predictionError([track(0.5, 0.75, 0.5), track(0.25)], Math.log(3))!;
    // From 0.5 to 0.75 and then to 0.9; from 0.75 to 0.9.
    expect(error.manySteps).toBeCloseTo((0 + 0.4) / 2, 12);
    expect(error.oneStep).toBeCloseTo((0 + 0.4) / 2, 12);
    expect(error).toMatchObject({ oneStepUnchanged: 0.25, manyStepsUnchanged: 0.125, predictions: 2 });
    expect(predictionError([track(0.5)], 1)).toBeNull();
  });

  test('is fitted on the first steps: predictions start from the last fitted one', () => {
    const steps = (observations: readonly ShareObservation[]) => observations.map(({ step }) => step);
    const cut = splitInTime(track(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7), 1 / 3);
    expect([steps(cut.early), steps(cut.late)]).toEqual([
      [0, 1, 2],
      [2, 3, 4, 5, 6],
    ]);
    const short = splitInTime(track(0.1, 0.2), 1 / 3);
    expect([steps(short.early), steps(short.late)]).toEqual([[0, 1], [1]]);
  });

  test('gives changes within one step, by hand', () => {
    // logits of 0.5 and 0.75: 0 and ln 3
    expect(oneStepChanges(track(0.5, 0.75, 0.25), Math.log(3))).toEqual([
      { predicted: expect.closeTo(0.25, 12), measured: 0.25 },
      { predicted: expect.closeTo(0.9 - 0.75, 12), measured: -0.5 },
    ]);
    expect(oneStepChanges(track(0.5), 1)).toEqual([]);
    expect(changeRatio([oneStepChanges(track(0.5, 0.75, 0.25), Math.log(3))])!.mean).toBeCloseTo(-0.25 / 0.4, 12);
  });

  test('measured over predicted changes: 1 for the theory, 0 for constant shares, whatever the noise of votes', () => {
    const random = mulberry32(3);
    const votes = 32;
    const voted = (share: number) => Array.from({ length: votes }, random).filter((u) => u < share).length / votes;
    const ratioOf = (course: (start: number, step: number) => number) =>
      changeRatio(
        Array.from({ length: 30 }, (_, i) =>
          oneStepChanges(
            Array.from({ length: 40 }, (_, step) => ({ step, share: voted(course(0.5 + i / 100, step)), votes })),
            1 / 12,
          ),
        ),
      )!;
    const sharpened = ratioOf((start, step) => predictShare(start, 12, step));
    expect(sharpened.low).toBeGreaterThan(0.8);
    expect(sharpened.high).toBeLessThan(1.25);
    const flat = ratioOf((start) => start);
    expect(flat.low).toBeGreaterThan(-0.25);
    expect(flat.high).toBeLessThan(0.25);
    expect(changeRatio([])).toBeNull();
    expect(changeRatio([[{ predicted: 0, measured: 1 }]])).toBeNull();
  });

  test('follows the initial majority answer, even after it has lost its majority', () => {
    const history = [
      { step: 1, group: counted([null, null], null) },
      { step: 2, group: counted(['4', '4', '5', null], null) },
      { step: 3, group: counted(['5', '5', '5', '4.0'], null) },
      { step: 5, group: counted(['5', '5', '5', '5'], null) },
    ];
    const same = (a: string, b: string) => Number(a) === Number(b);
    expect(initialMajorityShares(history, same).map(({ step, share }) => [step, share])).toEqual([
      [2, 0.5],
      [3, 0.25],
      [5, 0],
    ]);
    expect(initialMajorityShares(history)[1]!.share).toBe(0);
    expect(initialMajorityShares(history.slice(0, 1))).toEqual([]);
  });
});

describe('the optimum', () => {
  const { rewards, cluster, cases } = golden.optimum;
  const group = judged(
    cluster.map((c) => (c === null ? null : String(c))),
    '1',
  );

  test.each(cases)('reweights rollouts like a softmax, beta $beta', (expected) => {
    const found = optimum(group, rewards, expected.beta);
    found.weights.forEach((weight, i) => {
      expect(weight).toBeCloseTo(expected.weights[i]!, 10);
    });
    found.clusters.forEach((share, c) => {
      expect(share).toBeCloseTo(expected.clusters[c]!, 10);
    });
    expect(found.effective).toBeCloseTo(expected.effective, 9);
    expect(found.accuracy).toBeCloseTo(expected.clusters[1]!, 10);
    expect(found.noAnswer + found.clusters.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
  });

  test('of the majority reward is the exact step', () => {
    const votes = judged(['7', '7', '7', '8', '8', null], '8');
    const found = optimum(votes, [1, 1, 1, 0, 0, 0], 0.7);
    expect(found.majorityShare).toBeCloseTo(predictShare(3 / 6, 0.7), 12);
    expect(found.top).toBe(0);
  });

  test('at infinite temperature is the policy itself; extreme rewards do not overflow', () => {
    const votes = judged(['7', '7', '8'], null);
    const same = optimum(votes, [3, 1, 2], Number.POSITIVE_INFINITY);
    expect(same.clusters[0]).toBeCloseTo(2 / 3, 12);
    expect(same).toMatchObject({ accuracy: null, effective: 3 });
    const sharp = optimum(votes, [-1e6, -2e6, 1e6], 1e-3);
    expect(sharp).toMatchObject({ weights: [0, 0, 1], top: 1, majorityShare: 0, effective: 1 });
    expect(() => optimum(votes, [1], 1)).toThrow(RangeError);
    const unanswered = { majorityShare: null, top: null, noAnswer: 1, accuracy: 0 };
    expect(optimum(judged([null], '1'), [1], 1)).toMatchObject(unanswered);
  });
});

test('total variation, by hand: a missing answer counts as an answer of its own', () => {
  const p = answerShares(counted(['1', '1', '2', null], null));
  const q = answerShares(counted(['1', '3', null, null], null));
  expect(p).toEqual([
    { answer: '1', share: 0.5 },
    { answer: '2', share: 0.25 },
  ]);
  expect(totalVariation(p, q)).toBeCloseTo((0.25 + 0.25 + 0.25 + 0.25) / 2, 12);
  expect(totalVariation(p, p)).toBe(0);
  expect(totalVariation(p, [])).toBeCloseTo(0.75, 12);
});

test("Theorem 1's prediction: the initial majority is kept", () => {
  const [right, wrong, none] = [judged(['1', '1'], '1'), judged(['2', '2'], '1'), judged([null], '1')];
  const check = checkTheorem(
    [
      { first: right, last: right },
      { first: wrong, last: wrong },
      { first: wrong, last: judged(['3', '3'], '1') },
      { first: wrong, last: right },
      { first: none, last: right },
    ],
    sameText,
  );
  expect(check.problems).toBe(4);
  expect(check.kept!.mean).toBe(2 / 4);
  expect(check.outcome!.mean).toBe(3 / 4);
  expect(checkTheorem([], sameText).kept).toBeNull();
});
