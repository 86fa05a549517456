/**
 * Statistics of the experiments' tables: rank correlation, AUROC, Brier score, means over seeds, paired differences. An
 * interval is a 95% interval; what cannot be computed is null.
 */
import type { Estimate } from '../protocol/records.ts';
import { bootstrap, boundedInterval, generator, mean, percentileInterval } from './estimates.ts';

/** Up to this many pairs, all orders are tried for the p-value of a correlation (8! = 40,320). */
const EXACT_PAIRS = 8;
/** Up to this many pairs, all signs are tried for the p-value of a paired difference (2^15 = 32,768). */
const EXACT_SIGNS = 15;
const DRAWS = 10_000;
/**
 * Fewest yes-or-no outcomes, all alike, whose Wilson interval can lie on one side of one half: fewer decide no criterion.
 * Of an AUROC, the fewest units in the smaller class: 4 against 4 in perfect order have p = 2 / 70, 3 against 3 2 / 20.
 */
export const FEWEST_OUTCOMES = 4;
/** Two statistics that differ by less than this are the same up to rounding. */
const SAME = 1e-12;

/** Ranks from 1; equal values share the mean of their ranks. Throws RangeError for NaN. */
export function ranks(values: readonly number[]): number[] {
  // NaN equals nothing, itself included: there is no order to rank by.
  if (values.some(Number.isNaN)) throw new RangeError('a value to rank is NaN');
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const found = new Array<number>(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let i = start; i < end; i++) found[order[i]!] = (start + 1 + end) / 2;
    start = end;
  }
  return found;
}

/** Pearson's correlation, in [-1, 1]; null for fewer than two pairs or a side without variance. */
export function pearson(x: readonly number[], y: readonly number[]): number | null {
  // Tested by value: equal numbers may have a variance of rounding errors.
  if (x.length < 2 || isConstant(x) || isConstant(y)) return null;
  const [centerX, centerY] = [mean(x)!, mean(y)!];
  let [xx, yy, xy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const [dx, dy] = [x[i]! - centerX, y[i]! - centerY];
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  return Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy)));
}

function isConstant(values: readonly number[]): boolean {
  return values.every((value) => value === values[0]);
}

/** Spearman's rho: Pearson's correlation of the ranks, ties sharing their mean rank. null as for `pearson`. */
export function spearman(x: readonly number[], y: readonly number[]): number | null {
  return pearson(ranks(x), ranks(y));
}

/**
 * Kendall's tau-b: (concordant - discordant) / sqrt((n0 - n1)(n0 - n2)) with n0 = n(n-1)/2 and n1, n2 the pairs tied in x
 * and in y (Kendall 1945). null for fewer than two pairs or when one side is all ties. O(n^2).
 */
export function kendall(x: readonly number[], y: readonly number[]): number | null {
  let [agree, inX, inY] = [0, 0, 0];
  for (let i = 1; i < x.length; i++) {
    for (let j = 0; j < i; j++) {
      const [dx, dy] = [Math.sign(x[i]! - x[j]!), Math.sign(y[i]! - y[j]!)];
      agree += dx * dy;
      inX += Math.abs(dx);
      inY += Math.abs(dy);
    }
  }
  return inX === 0 || inY === 0 ? null : agree / Math.sqrt(inX * inY);
}

const COEFFICIENTS = { pearson, spearman, kendall };

export interface Correlation {
  value: number;
  /** Percentile interval of a bootstrap over pairs; null for fewer than three pairs, and where all resamples are alike. */
  low: number | null;
  high: number | null;
  /** Two-sided p-value of "no association", from permutations of one side. */
  p: number;
  /** Whether all permutations were tried; else 10,000 drawn ones, the observed order counted among them. */
  exact: boolean;
  pairs: number;
}

/**
 * A correlation coefficient with its interval and p-value. The p-value is the share of orders of `y` whose coefficient
 * is at least as far from 0: exact up to 8 pairs. null where the coefficient is; throws when the lengths differ.
 */
export function correlation(
  kind: keyof typeof COEFFICIENTS,
  x: readonly number[],
  y: readonly number[],
  seed = 0,
): Correlation | null {
  if (x.length !== y.length) throw new RangeError(`${x.length} values against ${y.length}`);
  const coefficient = COEFFICIENTS[kind];
  const value = coefficient(x, y);
  if (value === null) return null;
  const interval =
    x.length < 3
      ? null
      : percentileInterval(
          x.length,
          (drawn) =>
            coefficient(
              Array.from(drawn, (i) => x[i]!),
              Array.from(drawn, (i) => y[i]!),
            ),
          seed,
        );
  const extreme = (order: readonly number[]) => Math.abs(coefficient(x, order)!) >= Math.abs(value) - SAME;
  const exact = x.length <= EXACT_PAIRS;
  const p = exact ? shareOfOrders(y, extreme) : shareOfDraws(seed, (random) => extreme(shuffled(y, random)));
  const { low, high } = interval && interval.high - interval.low > SAME ? interval : { low: null, high: null };
  return { value, low, high, p, exact, pairs: x.length };
}

/** Share of all orders of `values` for which something holds (Heap's algorithm). */
function shareOfOrders(values: readonly number[], holds: (order: readonly number[]) => boolean): number {
  const order = [...values];
  const counters = new Array<number>(order.length).fill(0);
  let all = 1;
  let hits = holds(order) ? 1 : 0;
  for (let i = 1; i < order.length; ) {
    if (counters[i]! >= i) {
      counters[i++] = 0;
      continue;
    }
    const other = i % 2 === 0 ? 0 : counters[i]!;
    [order[i], order[other]] = [order[other]!, order[i]!];
    all++;
    if (holds(order)) hits++;
    counters[i]!++;
    i = 1;
  }
  return hits / all;
}

/** (hits + 1) / (draws + 1): what was observed counts as one of the draws (Davison and Hinkley 1997). */
function shareOfDraws(seed: number, holds: (random: () => number) => boolean): number {
  const random = generator(seed);
  let hits = 1;
  for (let i = 0; i < DRAWS; i++) if (holds(random)) hits++;
  return hits / (DRAWS + 1);
}

function shuffled(values: readonly number[], random: () => number): number[] {
  const order = [...values];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/**
 * AUROC: chance that a positive scores above a negative, a tie counting one half (Mann and Whitney 1947). In [0, 1], 0.5
 * for a score that tells nothing. null without a positive or without a negative.
 */
export function auroc(scores: readonly number[], positive: readonly boolean[]): number | null {
  const positives = positive.filter(Boolean).length;
  const negatives = positive.length - positives;
  if (positives === 0 || negatives === 0) return null;
  const rank = ranks(scores);
  const sum = rank.reduce((total, r, i) => (positive[i] ? total + r : total), 0);
  return (sum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** AUROC over units such as problems, with an interval over them as in `clusteredAuroc`; null as for `auroc`. */
export function aurocEstimate(scores: readonly number[], positive: readonly boolean[], seed = 0): Estimate | null {
  return clusteredAuroc(
    scores,
    positive,
    scores.map((_, i) => i),
    seed,
  );
}

/**
 * AUROC over scores that come in clusters (the rollouts of a problem), with the percentile interval of a bootstrap over
 * clusters. `cluster` holds the cluster of each score: any number. Where fewer than 4 clusters have a positive, or a
 * negative, and where all resamples are alike (a perfect order stays one), the interval is Wilson's with the number of
 * clusters of the smaller class (`boundedInterval`). null as for `auroc`.
 */
export function clusteredAuroc(
  scores: readonly number[],
  positive: readonly boolean[],
  cluster: readonly number[],
  seed = 0,
): Estimate | null {
  const value = auroc(scores, positive);
  if (value === null) return null;
  const smaller = clustersOfSmallerClass(positive, cluster);
  if (smaller < FEWEST_OUTCOMES) return boundedInterval(value, smaller);
  const places = new Map([...new Set(cluster)].map((name, place) => [name, place]));
  const order = scores.map((_, i) => i).sort((a, b) => scores[a]! - scores[b]!);
  const weights = new Float64Array(places.size);
  const sorted = order.map((i) => ({ score: scores[i]!, positive: positive[i]!, place: places.get(cluster[i]!)! }));
  // Sorted once, each resample is one walk with a weight for each cluster: how often it was drawn.
  const interval = percentileInterval(
    places.size,
    (drawn) => {
      weights.fill(0);
      for (const i of drawn) weights[i]!++;
      let [positives, negatives, wins] = [0, 0, 0];
      for (let start = 0; start < sorted.length; ) {
        let [up, down] = [0, 0];
        const { score } = sorted[start]!;
        for (; start < sorted.length && sorted[start]!.score === score; start++) {
          const weight = weights[sorted[start]!.place]!;
          if (sorted[start]!.positive) up += weight;
          else down += weight;
        }
        wins += up * (negatives + down / 2);
        positives += up;
        negatives += down;
      }
      return positives === 0 || negatives === 0 ? null : wins / (positives * negatives);
    },
    seed,
  );
  if (interval === null || interval.high - interval.low < SAME) return boundedInterval(value, smaller);
  return { mean: value, low: Math.min(value, interval.low), high: Math.max(value, interval.high) };
}

/** Number of clusters that have a positive, or of those that have a negative: the smaller one. */
export function clustersOfSmallerClass(positive: readonly boolean[], cluster: readonly number[]): number {
  const having = (which: boolean) => new Set(cluster.filter((_, i) => positive[i] === which)).size;
  return Math.min(having(true), having(false));
}

/**
 * Brier score: mean squared difference of a probability from what came true (Brier 1950), with a bootstrap over units. In
 * [0, 1], smaller is better; 0.25 for a constant 0.5. null without units.
 */
export function brier(probabilities: readonly number[], outcomes: readonly boolean[], seed = 0): Estimate | null {
  return bootstrap(
    probabilities.map((p, i) => (p - (outcomes[i] ? 1 : 0)) ** 2),
    seed,
  );
}

/** A mean over few values, such as seeds; `low` and `high` are null for a single one. */
export interface SeedEstimate {
  mean: number;
  low: number | null;
  high: number | null;
  n: number;
}

/** Mean of independent values with Student's t-interval: mean +- t(0.975, n - 1) sd / sqrt(n). null without values. */
export function tInterval(values: readonly number[]): SeedEstimate | null {
  const center = mean(values);
  if (center === null) return null;
  const n = values.length;
  if (n === 1) return { mean: center, low: null, high: null, n };
  const variance = values.reduce((total, value) => total + (value - center) ** 2, 0) / (n - 1);
  const half = tQuantile(0.975, n - 1) * Math.sqrt(variance / n);
  return { mean: center, low: center - half, high: center + half, n };
}

export interface PairedDifference extends SeedEstimate {
  /** Two-sided p-value of "no difference": the share of all signs of the differences with a mean at least as far from 0. */
  p: number;
  /** Whether all signs were tried (up to 15 pairs); else 10,000 drawn ones. */
  exact: boolean;
}

/** Mean of a - b over pairs (one seed or one problem each) with its t-interval. null without pairs; throws when the lengths differ. */
export function pairedDifference(a: readonly number[], b: readonly number[], seed = 0): PairedDifference | null {
  if (a.length !== b.length) throw new RangeError(`${a.length} values against ${b.length}`);
  const differences = a.map((value, i) => value - b[i]!);
  const estimate = tInterval(differences);
  if (estimate === null) return null;
  const observed = Math.abs(differences.reduce((total, d) => total + d, 0));
  const extreme = (negated: (i: number) => boolean) =>
    Math.abs(differences.reduce((total, d, i) => total + (negated(i) ? -d : d), 0)) >= observed - SAME;
  const exact = differences.length <= EXACT_SIGNS;
  if (!exact) return { ...estimate, p: shareOfDraws(seed, (random) => extreme(() => random() < 0.5)), exact };
  const all = 2 ** differences.length;
  let hits = 0;
  for (let signs = 0; signs < all; signs++) if (extreme((i) => ((signs >> i) & 1) === 1)) hits++;
  return { ...estimate, p: hits / all, exact };
}

/** Quantile of Student's t with `df` degrees of freedom, for probabilities of 0.5 and more: by bisection of its CDF. */
export function tQuantile(probability: number, df: number): number {
  let [low, high] = [0, 1];
  while (tCdf(high, df) < probability) high *= 2;
  for (let i = 0; i < 80; i++) {
    const middle = (low + high) / 2;
    if (tCdf(middle, df) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(T <= t) for t >= 0: 1 - I_x(df/2, 1/2) / 2 with x = df / (df + t^2). */
function tCdf(t: number, df: number): number {
  return 1 - incompleteBeta(df / (df + t * t), df / 2, 0.5) / 2;
}

/** Regularized incomplete beta function I_x(a, b) by its continued fraction (Numerical Recipes, 6.4). */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  let [c, d] = [1, 1 - ((a + b) * x) / (a + 1)];
  d = 1 / d;
  let fraction = d;
  for (let m = 1; m < 500; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / (1 + even * d);
    c = 1 + even / c;
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + odd * d);
    c = 1 + odd / c;
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return front * fraction;
}

/** Logarithm of the gamma function for x > 0: Stirling's series from 10 on, and the recurrence below. */
function logGamma(x: number): number {
  let shift = 0;
  let at = x;
  for (; at < 10; at++) shift += Math.log(at);
  const inverse = 1 / (at * at);
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse * (1 / 1680 - inverse / 1188)))) / at;
  return (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + series - shift;
}
