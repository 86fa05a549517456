/** Means with their 95% intervals. */
import type { Estimate } from '../protocol/records.ts';
import { mean } from '../protocol/values.ts';
import { wilson } from '../protocol/wilson.ts';

export { wilson };

const RESAMPLES = 2000;
/** Fewer values are not resampled, and do not decide a criterion: their spread says too little about unseen values. */
export const MIN_VALUES = 8;
/** Values that differ by less are equal up to rounding. */
const EQUALITY_TOLERANCE = 1e-9;

/** Smallest and largest possible value. */
type Range = readonly [number, number];
const SHARES: Range = [0, 1];
/** Range of differences of two shares, and of correlations. */
export const DIFFERENCES: Range = [-1, 1];

/**
 * Conservative interval for a mean of `n` values that uses only their range: Wilson's for binary values at both ends of the
 * range, which have the largest variance for a given mean. The same bound holds for an AUROC with `n` units in the smaller
 * class (van Dantzig 1951). Its width is positive for every n above 0.
 */
export function boundedInterval(center: number, n: number, [least, most]: Range = SHARES): Estimate {
  const span = most - least;
  const { low, high } = wilson((n * (center - least)) / span, n)!;
  return { mean: center, low: Math.min(center, least + span * low), high: Math.max(center, least + span * high) };
}

/**
 * Mean of one value per problem with the percentile interval of a bootstrap over problems; deterministic for the same
 * values and seed. If resampling is uninformative, the interval comes from the range of the values: for fewer than 8 values
 * as in `boundedInterval`; for equal values by assuming that as many other problems as Wilson's interval for 0 of n allows
 * are at either end of the range. null without values.
 * @param range by default [0, 1], or [-1, 1] if a value is negative; it is extended to include the values
 */
export function bootstrap(
  values: readonly number[],
  seed = 0,
  range: Range = values.some((value) => value < 0) ? DIFFERENCES : SHARES,
): Estimate | null {
  const center = mean(values);
  if (center === null) return null;
  const n = values.length;
  const [least, most] = values.reduce(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [center, center]);
  const [bottom, top] = [Math.min(range[0], least), Math.max(range[1], most)];
  if (n < MIN_VALUES) return boundedInterval(center, n, [bottom, top]);
  if (most - least < EQUALITY_TOLERANCE) {
    const unseen = wilson(0, n)!.high;
    return { mean: center, low: center - unseen * (center - bottom), high: center + unseen * (top - center) };
  }
  const { low, high } = percentileInterval(
    n,
    (drawn) => {
      let total = 0;
      for (const i of drawn) total += values[i]!;
      return total / drawn.length;
    },
    seed,
  )!;
  return { mean: center, low: Math.min(center, low), high: Math.max(center, high) };
}

/**
 * 95% percentile interval of a statistic by the bootstrap (Efron 1979): 2,000 resamples of `count` units with replacement.
 * Resamples for which the statistic is undefined (null) are left out; null if these are more than half, or without units.
 * @param statistic of the drawn units' indexes; the array is reused for the next resample
 */
export function percentileInterval(
  count: number,
  statistic: (drawn: Int32Array) => number | null,
  seed = 0,
): Pick<Estimate, 'low' | 'high'> | null {
  if (count === 0) return null;
  const random = mulberry32(seed);
  const drawn = new Int32Array(count);
  const found = new Float64Array(RESAMPLES);
  let used = 0;
  for (let i = 0; i < RESAMPLES; i++) {
    for (let k = 0; k < count; k++) drawn[k] = Math.floor(random() * count);
    const value = statistic(drawn);
    if (value !== null) found[used++] = value;
  }
  if (used * 2 < RESAMPLES) return null;
  const sorted = found.subarray(0, used).sort();
  return { low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
}

/** Linear interpolation between order statistics. */
function quantile(sorted: Float64Array, q: number): number {
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(sorted.length - 1, low + 1);
  return sorted[low]! + (sorted[high]! - sorted[low]!) * (at - low);
}

/** A small seeded generator, good enough for resampling. Uniform in [0, 1). */
export function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
