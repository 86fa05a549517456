/** Means with their 95% intervals. */
import type { Estimate } from '../protocol/records.ts';

/** Two-sided 95% quantile of the normal distribution. */
const Z = 1.959963984540054;
const RESAMPLES = 2000;

export function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((total, value) => total + value, 0) / values.length;
}

/**
 * Share of successes with Wilson's score interval (Wilson 1927), which stays inside [0, 1] and has a width also where
 * all or none succeed. null for n = 0.
 */
export function wilson(successes: number, n: number): Estimate | null {
  if (n === 0) return null;
  const p = successes / n;
  const scale = 1 / (1 + (Z * Z) / n);
  const center = scale * (p + (Z * Z) / (2 * n));
  const half = scale * Z * Math.sqrt((p * (1 - p)) / n + (Z * Z) / (4 * n * n));
  return { mean: p, low: Math.max(0, Math.min(p, center - half)), high: Math.min(1, Math.max(p, center + half)) };
}

/**
 * Mean of one value a problem with the percentile interval of a bootstrap over problems (Efron 1979): 2,000 resamples,
 * always the same ones for the same number of values and seed. null without values.
 */
export function bootstrap(values: readonly number[], seed = 0): Estimate | null {
  const center = mean(values);
  if (center === null) return null;
  const random = generator(seed);
  const means = new Float64Array(RESAMPLES);
  for (let i = 0; i < RESAMPLES; i++) {
    let total = 0;
    for (let k = 0; k < values.length; k++) total += values[Math.floor(random() * values.length)]!;
    means[i] = total / values.length;
  }
  means.sort();
  return {
    mean: center,
    low: Math.min(center, quantile(means, 0.025)),
    high: Math.max(center, quantile(means, 0.975)),
  };
}

/** Linear interpolation between order statistics. */
function quantile(sorted: Float64Array, q: number): number {
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(sorted.length - 1, low + 1);
  return sorted[low]! + (sorted[high]! - sorted[low]!) * (at - low);
}

/** mulberry32: small, seeded, good enough to draw resamples. */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
