import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  averageAtK,
  bootstrap,
  estimatesAtK,
  evaluationMetrics,
  type JudgedGroup,
  labelAccuracy,
  majorityAtK,
  passAtK,
  rewardAccuracy,
  stepMetrics,
  wilson,
} from '../../engine/analysis/index.ts';
import { clusterAnswers } from '../../engine/grading/index.ts';
import type { RolloutSummary } from '../../engine/protocol/index.ts';
import { majorityOf } from '../../engine/reward/index.ts';

function judged(
  answers: (string | null)[],
  reference: string | null,
  rewards: (number | null)[] = answers.map(() => null),
  more: Partial<RolloutSummary>[] = [],
): JudgedGroup {
  const clusters = clusterAnswers(answers, reference);
  const vote = majorityOf({ answers, clusters });
  const rollouts = answers.map((answer, i): RolloutSummary => {
    const cluster = clusters.findIndex(({ members }) => members.includes(i));
    return {
      answer,
      cluster: cluster < 0 ? null : cluster,
      correct: reference === null ? null : (clusters[cluster]?.correct ?? false),
      reward: rewards[i]!,
      advantage: null,
      tokens: 10,
      logprob: -1,
      entropy: 1,
      finish: 'stop',
      ...more[i],
    };
  });
  const majority = vote && {
    answer: vote.answer,
    share: vote.share,
    rawShare: vote.rawShare,
    correct: clusters[0]!.correct,
  };
  return { clusters, majority, rollouts };
}

describe('pass@k', () => {
  test('values by hand', () => {
    expect(passAtK(4, 1, 1)).toBeCloseTo(1 / 4, 12);
    expect(passAtK(4, 1, 2)).toBeCloseTo(1 / 2, 12);
    expect(passAtK(4, 2, 2)).toBeCloseTo(5 / 6, 12);
    expect(passAtK(4, 3, 2)).toBe(1);
    expect(passAtK(4, 0, 4)).toBe(0);
    expect(passAtK(10, 3, 10)).toBe(1);
  });

  test('what cannot be estimated is null', () => {
    expect(passAtK(4, 1, 5)).toBeNull();
    expect(passAtK(4, 1, 0)).toBeNull();
  });

  test('is the share of subsets that hold a right sample', () => {
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
  test('k = 1 is the accuracy, k = n the vote itself with its tie rule', () => {
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

  test('large counts neither overflow nor take long', () => {
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

  test('Wilson has a width where all or none succeed, and is null for nothing', () => {
    expect(wilson(0, 20)!.low).toBe(0);
    expect(wilson(0, 20)!.high).toBeCloseTo(0.1611252, 6);
    expect(wilson(20, 20)!.high).toBe(1);
    expect(wilson(20, 20)!.low).toBeCloseTo(0.8388748, 6);
    expect(wilson(0, 0)).toBeNull();
  });

  test('the bootstrap is the same each time, holds the mean, and is near the normal interval', () => {
    const values = Array.from({ length: 200 }, (_, i) => (i % 4) / 3);
    const estimate = bootstrap(values)!;
    expect(bootstrap(values)).toEqual(estimate);
    expect(estimate.mean).toBeCloseTo(0.5, 12);
    const error = (1.96 * Math.sqrt(5 / 36)) / Math.sqrt(200);
    expect(estimate.low).toBeCloseTo(0.5 - error, 2);
    expect(estimate.high).toBeCloseTo(0.5 + error, 2);
    expect(bootstrap([])).toBeNull();
    expect(bootstrap([0.3])).toEqual({ mean: 0.3, low: 0.3, high: 0.3 });
  });
});

test('avg@k', () => {
  expect(averageAtK([true, false, true, true])).toBe(0.75);
  expect(averageAtK([])).toBeNull();
});

describe('step metrics', () => {
  // majority 4 right (3 of 4), majority 1 wrong (2 of 4, the right 9 loses), nobody answers
  const groups = [
    judged(['4', '4.0', '4', '5'], '4', [1, 1, 1, 0]),
    judged(['1', '1', '9', null], '9', [1, 1, 0, 0], [{ tokens: 40, entropy: 0.5, finish: 'length' }]),
    judged([null, null, null, null], '7', [0, 0, 0, 0]),
  ];

  test('by hand', () => {
    const metrics = stepMetrics(groups);
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
  });

  test('without labels, what needs them is null', () => {
    const metrics = stepMetrics([judged(['4', '4'], null, [1, 1])]);
    expect(metrics).toMatchObject({
      groundTruthReward: null,
      rewardAccuracy: null,
      labelAccuracy: null,
      proxyReward: 1,
    });
  });

  test('problems without a label do not count in accuracies', () => {
    const mixed = [judged(['4', '4'], '4', [1, 1]), judged(['1', '2'], null, [1, 0])];
    expect(labelAccuracy(mixed)).toBe(1);
    expect(rewardAccuracy(mixed.flatMap(({ rollouts }) => rollouts))).toBe(1);
  });
});

describe('evaluation metrics', () => {
  const sampled = [judged(['4', '4', '5', null], '4'), judged(['1', '1', '1', '9'], '9')];
  const greedy = [judged(['4'], '4'), judged(['1'], '9')];

  test('by hand', () => {
    const metrics = evaluationMetrics(sampled, greedy);
    expect(metrics.accuracy!.mean).toBeCloseTo((2 / 4 + 1 / 4) / 2, 12);
    expect(metrics.majorityAccuracy).toEqual(wilson(1, 2));
    expect(metrics.greedyAccuracy).toEqual(wilson(1, 2));
    expect(metrics.passAtK).toEqual(wilson(2, 2));
    expect(metrics.majorityShare).toBeCloseTo((2 / 4 + 3 / 4) / 2, 12);
    expect(metrics).toMatchObject({ entropy: 1, length: 10 });
  });

  test('what does not exist is null', () => {
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
    const { pass, majority } = estimatesAtK(sampled, 2);
    expect(pass!.mean).toBeCloseTo((passAtK(4, 2, 2)! + passAtK(4, 1, 2)!) / 2, 12);
    expect(majority!.mean).toBeGreaterThan(0);
    expect(estimatesAtK(sampled, 5)).toEqual({ pass: null, majority: null });
  });
});
