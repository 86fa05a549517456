/** Rank and linear correlation of pairs, with permutation p-values. Undefined values are null. */

import { mean, shuffled } from '../protocol/values.ts';
import { mulberry32, percentileInterval } from './estimates.ts';

/** Up to this many pairs, the p-value of a correlation uses all permutations (8! = 40,320). */
const EXACT_PAIRS = 8;

/** Number of random permutations for more pairs; the seed is fixed. */
const DRAWS = 10_000;
const SEED = 0;

/** Statistics that differ by less are equal up to rounding. */
export const EQUALITY_TOLERANCE = 1e-12;

/** Ranks from 1; equal values share the mean of their ranks. Throws RangeError for NaN. */
export function ranks(values: readonly number[]): number[] {
  // NaN compares with nothing, not even itself, so it has no rank.
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
  // Compare values: the computed variance of equal numbers may be a rounding error.
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
 * Kendall's tau-b: (concordant - discordant) / sqrt((n0 - n1)(n0 - n2)) with n0 = n(n-1)/2, and n1, n2 the pairs tied in x
 * and in y (Kendall 1945). null for fewer than two pairs, or if all values of one side are tied. O(n^2).
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
  /** Percentile interval of a bootstrap over pairs; null for fewer than three pairs, or if all resamples are alike. */
  low: number | null;
  high: number | null;
  /** Two-sided p-value of "no association" from permutations of one side. */
  p: number;
  /** Whether all permutations were tried; else 10,000 random ones were, and the observed order counts as one of them. */
  exact: boolean;
  pairs: number;
}

/**
 * A correlation coefficient with its interval and p-value: the share of permutations of `y` whose coefficient is at least as
 * far from 0, exact up to 8 pairs. null if the coefficient is; throws if the lengths differ.
 */
export function correlation(
  kind: keyof typeof COEFFICIENTS,
  x: readonly number[],
  y: readonly number[],
): Correlation | null {
  if (x.length !== y.length) throw new RangeError(`${x.length} values against ${y.length}`);
  const coefficient = COEFFICIENTS[kind];
  const value = coefficient(x, y);
  if (value === null) return null;
  const interval =
    x.length < 3
      ? null
      : percentileInterval(x.length, (drawn) =>
          coefficient(
            Array.from(drawn, (i) => x[i]!),
            Array.from(drawn, (i) => y[i]!),
          ),
        );
  const extreme = (order: readonly number[]) =>
    Math.abs(coefficient(x, order)!) >= Math.abs(value) - EQUALITY_TOLERANCE;
  const exact = x.length <= EXACT_PAIRS;
  const p = exact ? shareOfOrders(y, extreme) : shareOfDraws(SEED, (random) => extreme(shuffled(y, random)));
  const { low, high } =
    interval && interval.high - interval.low > EQUALITY_TOLERANCE ? interval : { low: null, high: null };
  return { value, low, high, p, exact, pairs: x.length };
}

/** Share of all permutations of `values` for which `holds` is true (Heap's algorithm). */
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

/** (hits + 1) / (draws + 1): the observation counts as one of the draws (Davison and Hinkley 1997). */
export function shareOfDraws(seed: number, holds: (random: () => number) => boolean): number {
  const random = mulberry32(seed);
  let hits = 1;
  for (let i = 0; i < DRAWS; i++) if (holds(random)) hits++;
  return hits / (DRAWS + 1);
}
