import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { averageAtK, majorityAtK, passAtK } from '../../engine/analysis/at-k.ts';
import { bootstrap, wilson } from '../../engine/analysis/estimates.ts';
import { curveAtK, estimatesAtK, evaluationMetrics } from '../../engine/analysis/evaluation-metrics.ts';
import {
  answerDiversity,
  answerEntropy,
  confidenceAgreement,
  labelAccuracy,
  rewardAccuracy,
  stepMetrics,
} from '../../engine/analysis/metrics.ts';
import { problemMetrics } from '../../engine/analysis/problem-metrics.ts';
import { repeatedTrigrams } from '../../engine/protocol/index.ts';
import { judged } from '../support/judged.ts';

describe('pass@k', () => {
  test('is computed by hand', () => {
    expect(passAtK(4, 1, 1)).toBeCloseTo(1 / 4, 12);
    expect(passAtK(4, 1, 2)).toBeCloseTo(1 / 2, 12);
    expect(passAtK(4, 2, 2)).toBeCloseTo(5 / 6, 12);
    expect(passAtK(4, 3, 2)).toBe(1);
    expect(passAtK(4, 0, 4)).toBe(0);
    expect(passAtK(10, 3, 10)).toBe(1);
  });

  test('is null where it cannot be estimated', () => {
    expect(passAtK(4, 1, 5)).toBeNull();
    expect(passAtK(4, 1, 0)).toBeNull();
  });

  test('is the share of subsets that contain a right sample', () => {
    for (const [n, c, k] of [
      [6, 2, 3],
      [7, 1, 4],
      [8, 5, 2],
    ] as const) {
      const hits = subsets(n, k).filter((s) => s.some((i) => i < c)).length;
      expect(passAtK(n, c, k)).toBeCloseTo(hits / subsets(n, k).length, 12);
    }
  });
});

function subsets(n: number, k: number): number[][] {
  const found: number[][] = [];
  const walk = (from: number, chosen: number[]) => {
    if (chosen.length === k) found.push(chosen);
    else for (let i = from; i < n; i++) walk(i + 1, [...chosen, i]);
  };
  walk(0, []);
  return found;
}

describe('maj@k', () => {
  test('is the accuracy for k = 1, and the vote itself with its tie rule for k = n', () => {
    const counts = [
      { votes: 3, correct: false },
      { votes: 2, correct: true },
    ];
    expect(majorityAtK(counts, 6, 1)).toBeCloseTo(2 / 6, 12);
    expect(majorityAtK(counts, 6, 6)).toBe(0);
    expect(
      majorityAtK(
        [
          { votes: 2, correct: true },
          { votes: 2, correct: false },
        ],
        4,
        4,
      ),
    ).toBe(1);
    expect(majorityAtK([], 4, 4)).toBe(0);
    expect(majorityAtK([], 4, 2)).toBe(0);
    expect(majorityAtK(counts, 6, 7)).toBeNull();
  });

  test('is the share of subsets whose vote is right, a tie of t counting 1/t', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.boolean()), { maxLength: 3 }),
        fc.nat(3),
        fc.nat(6),
        (clusters, silent, pick) => {
          const owners = [
            ...clusters.flatMap(([votes], c) => Array<number>(votes).fill(c)),
            ...Array<number>(silent).fill(-1),
          ];
          const n = owners.length;
          if (n < 2) return;
          const k = 1 + (pick % (n - 1));
          let total = 0;
          const all = subsets(n, k);
          for (const subset of all) {
            const counts = clusters.map((_, c) => subset.filter((i) => owners[i] === c).length);
            const most = Math.max(0, ...counts);
            const winners = most === 0 ? [] : counts.flatMap((count, c) => (count === most ? c : []));
            total += winners.length === 0 ? 0 : winners.filter((c) => clusters[c]![1]).length / winners.length;
          }
          const given = clusters.map(([votes, correct]) => ({ votes, correct }));
          expect(majorityAtK(given, n, k)).toBeCloseTo(total / all.length, 9);
        },
      ),
      { numRuns: 300, seed: 2 },
    );
  });

  test('handles large counts quickly and without overflow', () => {
    const value = majorityAtK(
      [
        { votes: 1500, correct: true },
        { votes: 1000, correct: false },
      ],
      4096,
      64,
    )!;
    expect(value).toBeGreaterThan(0.8);
    expect(value).toBeLessThanOrEqual(1);
  });
});

describe('intervals', () => {
  test('Wilson, by hand: 8 of 10', () => {
    const { mean, low, high } = wilson(8, 10)!;
    expect(mean).toBe(0.8);
    expect(low).toBeCloseTo(0.4901625, 6);
    expect(high).toBeCloseTo(0.9433178, 6);
  });

  test('Wilson has a width if all or none succeed, and is null for no data', () => {
    expect(wilson(0, 20)!.low).toBe(0);
    expect(wilson(0, 20)!.high).toBeCloseTo(0.1611252, 6);
    expect(wilson(20, 20)!.high).toBe(1);
    expect(wilson(20, 20)!.low).toBeCloseTo(0.8388748, 6);
    expect(wilson(0, 0)).toBeNull();
  });

  test('the bootstrap is reproducible, contains the mean, and is close to the normal interval', () => {
    const values = Array.from({ length: 200 }, (_, i) => (i % 4) / 3);
    const estimate = bootstrap(values)!;
    expect(bootstrap(values)).toEqual(estimate);
    expect(estimate.mean).toBeCloseTo(0.5, 12);
    const error = (1.96 * Math.sqrt(5 / 36)) / Math.sqrt(200);
    expect(estimate.low).toBeCloseTo(0.5 - error, 2);
    expect(estimate.high).toBeCloseTo(0.5 + error, 2);
    expect(bootstrap([])).toBeNull();
  });
});

test('avg@k', () => {
  expect(averageAtK([true, false, true, true])).toBe(0.75);
  expect(averageAtK([])).toBeNull();
});

/** Of a reward that says right or wrong. */
const VERDICT = { saysRight: true };

describe('step metrics', () => {
  // majority 4 right (3 of 4), majority 1 wrong (2 of 4, the right 9 loses), nobody answers
  const groups = [
    judged(['4', '4.0', '4', '5'], '4', [1, 1, 1, 0]),
    judged(['1', '1', '9', null], '9', [1, 1, 0, 0], [{ tokens: 40, entropy: 0.5, finish: 'length' }]),
    judged([null, null, null, null], '7', [0, 0, 0, 0]),
  ];

  test('have no majority share without any answer', () => {
    expect(stepMetrics([groups[2]!, groups[2]!], VERDICT)).toMatchObject({
      majorityShare: null,
      rawMajorityShare: null,
      labelAccuracy: 0,
      noAnswer: 1,
    });
  });

  test('are computed by hand', () => {
    const metrics = stepMetrics(groups, VERDICT);
    expect(metrics.proxyReward).toBeCloseTo(5 / 12, 12);
    expect(metrics.groundTruthReward).toBeCloseTo(4 / 12, 12);
    expect(metrics.rewardAccuracy).toBeCloseTo(9 / 12, 12);
    expect(metrics.labelAccuracy).toBeCloseTo(1 / 3, 12);
    expect(metrics.majorityShare).toBeCloseTo((3 / 4 + 2 / 4 + 0) / 3, 12);
    expect(metrics.rawMajorityShare).toBeCloseTo((2 / 4 + 2 / 4 + 0) / 3, 12);
    expect(metrics.entropy).toBeCloseTo((110 * 1 + 40 * 0.5) / 150, 12);
    expect(metrics.length).toBeCloseTo(150 / 12, 12);
    expect(metrics.truncated).toBeCloseTo(1 / 12, 12);
    expect(metrics.noAnswer).toBeCloseTo(5 / 12, 12);
    const [first, second] = [
      -(3 / 4) * Math.log(3 / 4) - (1 / 4) * Math.log(1 / 4),
      Math.log(3) - (2 / 3) * Math.log(2),
    ];
    expect(metrics.answerEntropy).toBeCloseTo((first + second) / 2, 12);
    expect(metrics.answerDiversity).toBe(1);
    expect(metrics.confidenceAgreement).toBe(0.5);
    expect(metrics.repetition).toBeCloseTo(0.25, 12);
  });

  test('have no reward accuracy if the reward does not judge correctness', () => {
    // Log-probabilities: none is half or more, so that they would say "wrong" of everything.
    const sure = judged(['4', '4', '5'], '4', [-0.1, -0.2, -3]);
    const degrees = { saysRight: false };
    expect(stepMetrics([sure], degrees)).toMatchObject({ rewardAccuracy: null, labelAccuracy: 1 });
    expect(problemMetrics(sure, degrees)).toMatchObject({ rewardAccuracy: null, labelAccuracy: 1 });
  });

  test('are null where nothing was answered or recorded', () => {
    const metrics = stepMetrics(
      [judged([null, null], '7', [0, 0], [{ repetition: null }, { repetition: null }])],
      VERDICT,
    );
    expect(metrics).toMatchObject({
      answerEntropy: null,
      answerDiversity: null,
      confidenceAgreement: null,
      repetition: null,
    });
  });

  test('of a problem at one step, with its own pass@k and maj@k', () => {
    const metrics = problemMetrics(groups[0]!, VERDICT);
    expect(metrics).toMatchObject(stepMetrics([groups[0]!], VERDICT));
    expect(metrics.accuracy).toEqual(wilson(3, 4));
    expect(metrics.atK!.map(({ k }) => k)).toEqual([1, 2, 4]);
    expect(metrics.atK![1]!.pass).toBeCloseTo(1, 12);
    // Of 6 pairs 3 hold two right answers and 3 a tie.
    expect(metrics.atK![1]!.majority).toBeCloseTo(3 / 6 + (3 / 6) * (1 / 2), 12);
    expect(problemMetrics(judged(['4', '5'], null), VERDICT)).toMatchObject({
      ...{ accuracy: null, atK: null, labelAccuracy: null, kl: null, clipFraction: null },
    });
    const update = { problem: 3, kl: 0.02, clipFraction: 0.1 };
    expect(problemMetrics(groups[0]!, VERDICT, update)).toMatchObject({ kl: 0.02, clipFraction: 0.1 });
  });

  test('that need labels are null without them', () => {
    const metrics = stepMetrics([judged(['4', '4'], null, [1, 1])], VERDICT);
    expect(metrics).toMatchObject({
      groundTruthReward: null,
      rewardAccuracy: null,
      labelAccuracy: null,
      proxyReward: 1,
    });
  });

  test('exclude problems without a label from accuracies', () => {
    const mixed = [judged(['4', '4'], '4', [1, 1]), judged(['1', '2'], null, [1, 0])];
    expect(labelAccuracy(mixed)).toBe(1);
    expect(rewardAccuracy(mixed.flatMap(({ rollouts }) => rollouts))).toBe(1);
  });
});

describe('signals without labels', () => {
  test('answer entropy: of clusters, not strings; 0 for one answer, ln N for N answers, missing answers excluded', () => {
    expect(answerEntropy(judged(['4', '4.0', '8/2'], null))).toBe(0);
    expect(answerEntropy(judged(['1', '2', '3', null, null], null))).toBeCloseTo(Math.log(3), 12);
    expect(answerEntropy(judged([null], null))).toBeNull();
  });

  test('answer diversity: the same answer everywhere gives 1 / problems', () => {
    const groups = ['7', '7', '7', '9'].map((answer) => judged([answer, answer], null));
    expect(answerDiversity(groups)).toBe(2 / 4);
    expect(answerDiversity([judged([null], null)])).toBeNull();
  });

  test('agreement of likelihood and majority, by hand', () => {
    const likelihoods = (...values: number[]) => values.map((logprob) => ({ logprob }));
    const of = (answers: (string | null)[], ...values: number[]) =>
      confidenceAgreement(judged(answers, null, undefined, likelihoods(...values)));
    expect(of(['1', '1', '2'], -0.1, -0.2, -0.9)).toBe(1);
    expect(of(['1', '1', '2'], -0.8, -0.9, -0.1)).toBe(0);
    // Pairs of a member with another: -0.1 > -0.2, -0.1 > -0.3, -0.2 = -0.2, -0.2 > -0.3.
    expect(of(['1', '1', '2', null], -0.1, -0.2, -0.2, -0.3)).toBe(3.5 / 4);
    expect(of(['1', '1'], -0.1, -0.2)).toBeNull();
  });

  test('repeated trigrams, by hand', () => {
    expect(repeatedTrigrams([1, 2])).toBeNull();
    expect(repeatedTrigrams([1, 2, 3])).toBe(0);
    expect(repeatedTrigrams([1, 1, 1, 1, 1])).toBeCloseTo(2 / 3, 12);
    // 123 231 312 123 231: two of five were there before.
    expect(repeatedTrigrams(new Int32Array([1, 2, 3, 1, 2, 3, 1]))).toBeCloseTo(2 / 5, 12);
  });

  test('repeated trigrams equal a count of strings, for ids as large as a vocabulary', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 1, 2, 151_000, 262_143), { minLength: 3, maxLength: 40 }), (tokens) => {
        const all = tokens.slice(2).map((_, i) => tokens.slice(i, i + 3).join());
        expect(repeatedTrigrams(tokens)).toBeCloseTo(1 - new Set(all).size / all.length, 12);
      }),
      { numRuns: 200, seed: 3 },
    );
  });
});

describe('evaluation metrics', () => {
  const sampled = [judged(['4', '4', '5', null], '4'), judged(['1', '1', '1', '9'], '9')];
  const greedy = [judged(['4'], '4'), judged(['1'], '9')];

  test('are computed by hand', () => {
    const metrics = evaluationMetrics(sampled, greedy);
    expect(metrics.accuracy!.mean).toBeCloseTo((2 / 4 + 1 / 4) / 2, 12);
    expect(metrics.majorityAccuracy).toEqual(wilson(1, 2));
    expect(metrics.greedyAccuracy).toEqual(wilson(1, 2));
    expect(metrics.passAtK).toEqual(wilson(2, 2));
    expect(metrics.majorityShare).toBeCloseTo((2 / 4 + 3 / 4) / 2, 12);
    expect(metrics).toMatchObject({ entropy: 1, length: 10, repetition: 0.25, truncated: 0, noAnswer: 1 / 8 });
  });

  test('are null where they do not exist', () => {
    expect(evaluationMetrics([judged(['4'], null)], [])).toMatchObject({
      accuracy: null,
      majorityAccuracy: null,
      greedyAccuracy: null,
      passAtK: null,
    });
    expect(evaluationMetrics([], greedy)).toMatchObject({
      accuracy: null,
      entropy: null,
      length: null,
      greedyAccuracy: { mean: 0.5 },
    });
  });

  test('pass@k and maj@k for a smaller k', () => {
    const { pass, majority } = estimatesAtK(sampled, 2)!;
    expect(pass.mean).toBeCloseTo((passAtK(4, 2, 2)! + passAtK(4, 1, 2)!) / 2, 12);
    // 1st: of the pairs of {4, 4, 5, none} 1 is right, 2 tie, 2 hold one 4, 1 holds the 5 alone; 2nd: 3 of 6 tie.
    expect(majority.mean).toBeCloseTo(((1 + 2 / 2 + 2) / 6 + 3 / 2 / 6) / 2, 12);
    expect(estimatesAtK(sampled, 5)).toBeNull();
  });

  test('the curve over k goes from the accuracy to the vote of the whole group', () => {
    const curve = curveAtK([...sampled, judged(['4'], null)]);
    expect(curve.map(({ k }) => k)).toEqual([1, 2, 4]);
    expect(curve[0]!.pass.mean).toBeCloseTo(3 / 8, 12);
    expect(curve[0]!.majority.mean).toBeCloseTo(3 / 8, 12);
    expect(curve[2]!.pass.mean).toBe(1);
    expect(curve[2]!.majority.mean).toBe(1 / 2);
    expect(evaluationMetrics(sampled, []).atK).toEqual(curve);
    expect(curveAtK([judged(['4'], null)])).toEqual([]);
    const large = judged(Array<string>(200).fill('4'), '4');
    expect(curveAtK([large]).map(({ k }) => k)).toEqual([1, 2, 4, 8, 16, 32, 64, 200]);
  });
});
