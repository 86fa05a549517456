/** Against scipy and scikit-learn (tests/parity/oracle/analysis.py), and by hand. */
import { describe, expect, test } from 'vitest';
import { passAtK } from '../../engine/analysis/at-k.ts';
import { correlation, kendall, pearson, ranks, spearman } from '../../engine/analysis/correlation.ts';
import {
  auroc,
  aurocEstimate,
  brier,
  clusteredAuroc,
  clustersOfSmallerClass,
} from '../../engine/analysis/discrimination.ts';
import {
  bootstrap,
  boundedInterval,
  DIFFERENCES,
  percentileInterval,
  wilson,
} from '../../engine/analysis/estimates.ts';
import { pairedDifference, tInterval, tQuantile } from '../../engine/analysis/seed-estimates.ts';
import golden from '../parity/golden/analysis.json' with { type: 'json' };

describe('rank correlation', () => {
  const kinds = ['pearson', 'spearman', 'kendall'] as const;

  test('tied values share their mean rank', () => {
    expect(ranks([30, 10, 20, 20])).toEqual([4, 1, 2.5, 2.5]);
    expect(ranks([])).toEqual([]);
    expect(() => ranks([1, Number.NaN])).toThrow(RangeError);
    expect(() => clusteredAuroc([1, Number.NaN], [true, false], [0, 1])).toThrow(RangeError);
  });

  test.each(golden.correlations.map((item) => [item.x.length, item] as const))('%i pairs as in scipy', (_, item) => {
    for (const kind of kinds) {
      const found = correlation(kind, item.x, item.y)!;
      expect(found.value, kind).toBeCloseTo(item[kind], 10);
      expect(found.exact).toBe(item.x.length <= 8);
      const p = (item as Record<string, unknown>)[`${kind}P`];
      if (found.exact) expect(found.p, kind).toBeCloseTo(p as number, 10);
      expect(found.low!).toBeLessThan(found.value);
      expect(found.high!).toBeGreaterThan(found.value);
    }
  });

  test('is computed for perfect orders, by hand', () => {
    const found = correlation('spearman', [1, 2, 3, 4], [10, 20, 40, 80])!;
    // Of 24 orders the same and the reverse are as far from 0.
    expect(found).toMatchObject({ value: 1, p: 2 / 24, exact: true, pairs: 4 });
    // Every resample is as perfect: an interval of them would say that no other order is possible.
    expect([found.low, found.high]).toEqual([null, null]);
    expect(correlation('kendall', [1, 2], [2, 1])).toMatchObject({ value: -1, p: 1, low: null, high: null });
  });

  test('is computed for random orders of unrelated and of related values', () => {
    const x = Array.from({ length: 30 }, (_, i) => i);
    expect(correlation('kendall', x, x)!).toMatchObject({ value: 1, p: 1 / 10_001, exact: false });
    const shuffled = x.map((i) => (i * 7) % 30);
    expect(correlation('spearman', x, shuffled)!.p).toBeGreaterThan(0.05);
    expect(correlation('spearman', x, shuffled)).toEqual(correlation('spearman', x, shuffled));
  });

  test('is null where it does not exist', () => {
    expect(spearman([1, 1, 1], [1, 2, 3])).toBeNull();
    expect(pearson([1], [2])).toBeNull();
    expect(pearson([1, 2, 3], [0.1, 0.1, 0.1])).toBeNull();
    expect(kendall([], [])).toBeNull();
    expect(correlation('pearson', [1, 2], [3, 3])).toBeNull();
    expect(() => correlation('pearson', [1, 2], [3])).toThrow(RangeError);
  });
});

describe('AUROC', () => {
  test.each(golden.auroc)("equals scikit-learn's", ({ scores, positive, auroc: expected }) => {
    expect(auroc(scores, positive)).toBeCloseTo(expected, 10);
    const estimate = aurocEstimate(scores, positive)!;
    expect(estimate.mean).toBeCloseTo(expected, 10);
    expect(estimate.low).toBeLessThan(expected);
  });

  test('is computed by hand, with ties counting one half', () => {
    expect(auroc([1, 2, 2, 3], [false, true, false, true])).toBe(3.5 / 4);
    expect(auroc([1, 1], [true, false])).toBe(0.5);
    expect(auroc([1, 2], [true, true])).toBeNull();
    expect(auroc([], [])).toBeNull();
  });

  test('has an interval over clusters: duplicated units do not change it', () => {
    const { scores, positive } = golden.auroc[1]!;
    const twice = <T>(values: readonly T[]) => [...values, ...values];
    const clusters = scores.map((_, i) => i + 100);
    const whole = clusteredAuroc(twice(scores), twice(positive), twice(clusters))!;
    expect(whole).toEqual(aurocEstimate(scores, positive));
    const apart = aurocEstimate(twice(scores), twice(positive))!;
    expect(apart.high - apart.low).toBeLessThan(whole.high - whole.low);
  });

  test('is that of its units in each resample', () => {
    const { scores, positive } = golden.auroc[1]!;
    const slow = percentileInterval(scores.length, (drawn) =>
      auroc(
        Array.from(drawn, (i) => scores[i]!),
        Array.from(drawn, (i) => positive[i]!),
      ),
    )!;
    const { low, high } = aurocEstimate(scores, positive)!;
    expect(low).toBeCloseTo(slow.low, 12);
    expect(high).toBeCloseTo(slow.high, 12);
  });

  test('has an interval even for few problems in a class and for a perfect order', () => {
    // One positive above two negatives: by chance alone one time in three. Wilson's for 1 of 1: 1 / (1 + 1.96^2).
    const few = clusteredAuroc([0.9, 0.5, 0.4], [true, false, false], [0, 1, 2])!;
    expect(few).toEqual({ mean: 1, low: expect.closeTo(0.2065, 4), high: 1 });
    const perfect = (n: number) => {
      const scores = Array.from({ length: 2 * n }, (_, i) => i);
      return aurocEstimate(
        scores,
        scores.map((i) => i >= n),
      )!;
    };
    for (const n of [1, 3, 4, 20]) expect(perfect(n)).toEqual(wilson(n, n));
    // Only from 4 on can it be told from one half.
    expect([perfect(3).low > 0.5, perfect(4).low > 0.5]).toEqual([false, true]);
    // Scores that are all equal tell nothing, but are not known to.
    const tied = aurocEstimate(Array(12).fill(1), Array(12).fill(true).fill(false, 6))!;
    expect(tied).toEqual(wilson(3, 6));
  });

  test("treats a problem's rollouts of one class as one cluster", () => {
    const scores = [9, 8, 7, 3, 2, 1, 0];
    const positive = scores.map((score) => score > 5);
    expect(clusteredAuroc(scores, positive, [0, 0, 0, 1, 1, 1, 1])).toEqual(wilson(1, 1));
    expect(clustersOfSmallerClass(positive, [0, 0, 1, 1, 2, 3, 4])).toBe(2);
  });
});

describe('means whose bootstrap interval is too narrow', () => {
  test('fewer than 8 values: as wide as for outcomes at the ends of the range', () => {
    for (const values of [[0.2], [0, 0, 0, 0], [0.1, 0.5], [1, 1, 1, 1, 1, 1, 1]]) {
      const n = values.length;
      const sum = values.reduce((total, value) => total + value, 0);
      const found = bootstrap(values)!;
      expect(found.low).toBeCloseTo(wilson(sum, n)!.low, 12);
      expect(found.high).toBeCloseTo(wilson(sum, n)!.high, 12);
      expect(found.high - found.low).toBeGreaterThan(0.3);
    }
    // A difference of 0 is in the middle of its range.
    expect(bootstrap([0, 0, 0], 0, DIFFERENCES)).toEqual(boundedInterval(0, 3, DIFFERENCES));
    const { low, high } = bootstrap([0, 0, 0], 0, DIFFERENCES)!;
    expect([low, high]).toEqual([2 * wilson(1.5, 3)!.low - 1, 2 * wilson(1.5, 3)!.high - 1]);
    expect(bootstrap([-0.2, 0.1])!.low).toBeLessThan(-0.5);
  });

  test('equal values: an unseen part may lie elsewhere in the range', () => {
    const seen = (c: number, range?: readonly [number, number]) => bootstrap(Array(40).fill(c), 0, range)!;
    const q = wilson(0, 40)!.high;
    expect(seen(0)).toEqual({ mean: 0, low: 0, high: q });
    expect(seen(1)).toEqual({ mean: 1, low: 1 - q, high: 1 });
    expect(seen(0.25).low).toBeCloseTo(0.25 - q / 4, 12);
    expect(seen(0.25).high).toBeCloseTo(0.25 + (q * 3) / 4, 12);
    expect(seen(0, DIFFERENCES)).toEqual({ mean: 0, low: -q, high: q });
    // up to rounding: 0.8 - 0.6 is not 0.2
    const rounded = bootstrap(Array.from({ length: 10 }, (_, i) => (i % 2 ? 0.2 : 0.8 - 0.6)))!;
    expect(rounded.high - rounded.low).toBeGreaterThan(0.2);
  });

  test('8 different values are resampled', () => {
    const values = [0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.9, 1];
    const resampled = percentileInterval(8, (drawn) => drawn.reduce((sum, i) => sum + values[i]!, 0) / 8)!;
    const found = bootstrap(values)!;
    expect(found.low).toBeCloseTo(resampled.low, 12);
    expect(found.high).toBeCloseTo(resampled.high, 12);
  });
});

describe('scores and means', () => {
  test("Brier score equals scikit-learn's", () => {
    const { confidence, right, brier: expected } = golden.calibration;
    const score = brier(confidence, right)!;
    expect(score.mean).toBeCloseTo(expected, 10);
    expect(score.low).toBeLessThan(expected);
    expect(brier([], [])).toBeNull();
  });

  test.each(golden.seeds.quantiles)("Student's t, $df degrees, $p", ({ df, p, t }) => {
    expect(tQuantile(p, df)).toBeCloseTo(t, 7);
  });

  test('mean over seeds with its t-interval', () => {
    const { a, interval } = golden.seeds;
    const found = tInterval(a)!;
    expect([found.mean, found.low, found.high].map((value) => value!.toFixed(9))).toEqual(
      interval.map((value) => value.toFixed(9)),
    );
    expect(tInterval([0.5])).toEqual({ mean: 0.5, low: null, high: null, n: 1 });
    expect(tInterval([])).toBeNull();
  });

  test('paired difference with exact signs', () => {
    const { a, b, paired, p } = golden.seeds;
    const found = pairedDifference(a, b)!;
    expect([found.mean, found.low, found.high].map((value) => value!.toFixed(9))).toEqual(
      paired.map((value) => value.toFixed(9)),
    );
    expect(found.p).toBeCloseTo(p, 10);
    expect(found.exact).toBe(true);
    expect(pairedDifference([3, 4, 5], [1, 2, 3])).toMatchObject({ mean: 2, low: 2, high: 2, p: 2 / 8 });
    const many = Array.from({ length: 20 }, (_, i) => i);
    expect(
      pairedDifference(
        many,
        many.map((x) => x - 1),
      ),
    ).toMatchObject({ mean: 1, exact: false, p: 1 / 10_001 });
    expect(() => pairedDifference([1], [])).toThrow(RangeError);
    expect(pairedDifference([], [])).toBeNull();
  });

  test.each(golden.pass)('pass@$k of $c right in $n, from the hypergeometric distribution', ({ n, c, k, pass }) => {
    expect(passAtK(n, c, k)).toBeCloseTo(pass, 10);
  });
});
