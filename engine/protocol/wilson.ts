/** An interval for a proportion. Pure, without schemas: the panel's page uses it too. */
import type { Estimate } from './estimate.ts';

/** Two-sided 95% quantile of the normal distribution. */
const Z = 1.959963984540054;

/**
 * Share of successes with Wilson's score interval (Wilson 1927), which stays inside [0, 1] and has a width even if all
 * or none succeed. null for n = 0.
 */
export function wilson(successes: number, n: number): Estimate | null {
  if (n === 0) return null;
  const p = successes / n;
  const scale = 1 / (1 + (Z * Z) / n);
  const center = scale * (p + (Z * Z) / (2 * n));
  const half = scale * Z * Math.sqrt((p * (1 - p)) / n + (Z * Z) / (4 * n * n));
  return { mean: p, low: Math.max(0, Math.min(p, center - half)), high: Math.min(1, Math.max(p, center + half)) };
}
