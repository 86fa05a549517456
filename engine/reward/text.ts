/** Numbers in the sentences that explain a reward. */

/** Four significant digits at most, without trailing zeros; very small and large ones with an exponent. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (value === 0 || (size >= 1e-3 && size < 1e6)) return String(Number(value.toPrecision(4)));
  return value.toExponential(2);
}
