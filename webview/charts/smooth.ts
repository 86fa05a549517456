/** Smoothing of a curve, as TensorBoard does it: an exponential moving average without the pull of its beginning. Pure. */

/** Weights of the preceding values that the charts offer; 0 for none. */
export const SMOOTHINGS = [0, 0.6, 0.9] as const;
export type Smoothing = (typeof SMOOTHINGS)[number];

/**
 * @param values one per step; NaN if there is none, which stays NaN and has no weight
 * @param weight of the preceding values, 0 to below 1
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
