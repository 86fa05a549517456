/** Means over few values, such as seeds, and paired differences, with their 95% intervals. Undefined values are null. */
import { mean } from '../protocol/values.ts';
import { EQUALITY_TOLERANCE, shareOfDraws } from './correlation.ts';

/** Up to this many pairs, the p-value of a paired difference uses all sign flips (2^15 = 32,768). */
const EXACT_SIGNS = 15;

/** A mean over few values, such as seeds; `low` and `high` are null for a single value. */
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
  /** Two-sided p-value of "no difference": the share of sign flips whose mean is at least as far from 0. */
  p: number;
  /** Whether all sign flips were tried (up to 15 pairs); else 10,000 random ones. */
  exact: boolean;
}

/** Mean of a - b over pairs (seeds or problems) with its t-interval. null without pairs; throws if the lengths differ. */
export function pairedDifference(a: readonly number[], b: readonly number[], seed = 0): PairedDifference | null {
  if (a.length !== b.length) throw new RangeError(`${a.length} values against ${b.length}`);
  const differences = a.map((value, i) => value - b[i]!);
  const estimate = tInterval(differences);
  if (estimate === null) return null;
  const observed = Math.abs(differences.reduce((total, d) => total + d, 0));
  const extreme = (negated: (i: number) => boolean) =>
    Math.abs(differences.reduce((total, d, i) => total + (negated(i) ? -d : d), 0)) >= observed - EQUALITY_TOLERANCE;
  const exact = differences.length <= EXACT_SIGNS;
  if (!exact) return { ...estimate, p: shareOfDraws(seed, (random) => extreme(() => random() < 0.5)), exact };
  const all = 2 ** differences.length;
  let hits = 0;
  for (let signs = 0; signs < all; signs++) if (extreme((i) => ((signs >> i) & 1) === 1)) hits++;
  return { ...estimate, p: hits / all, exact };
}

/** Quantile of Student's t with `df` degrees of freedom for probabilities of at least 0.5, by bisection of its CDF. */
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

/** Regularized incomplete beta function I_x(a, b) by continued fraction (Numerical Recipes, 6.4). */
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

/** Logarithm of the gamma function for x > 0: Stirling's series from 10 on, the recurrence relation below. */
function logGamma(x: number): number {
  let shift = 0;
  let at = x;
  for (; at < 10; at++) shift += Math.log(at);
  const inverse = 1 / (at * at);
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse * (1 / 1680 - inverse / 1188)))) / at;
  return (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + series - shift;
}
