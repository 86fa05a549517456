/** Smoothing of a curve, as TensorBoard does it: an exponential moving average without the pull of its beginning. Pure. */

/** Weights of what came before that the charts offer; 0: none. */
export const SMOOTHINGS = [0, 0.6, 0.9] as const;
export type Smoothing = (typeof SMOOTHINGS)[number];

/**
 * @param values one per step; NaN where there is none, which stays NaN and does not count
 * @param weight of what came before, from 0 to below 1
 */
export function smoothed(values: readonly number[], weight: number): number[] {
  if (weight === 0) return [...values];
  let [sum, seen] = [0, 0];
  return values.map((value) => {
    if (!Number.isFinite(value)) return Number.NaN;
    sum = weight * sum + (1 - weight) * value;
    seen++;
    return sum / (1 - weight ** seen);
  });
}
