/** Numbers of other trainers, which write NaN and infinities where the journal has null. Pure. */

/** The number; null if it is absent or not finite. */
export function finiteOrNull(value: number | null | undefined): number | null {
  return value !== undefined && value !== null && Number.isFinite(value) ? value : null;
}

/** The same for each number among named values; other values stay. */
export function finiteValues<T>(values: Record<string, T>): Record<string, T | null> {
  // Usually there is nothing to replace, and rebuilding the object for every rollout of a dump would be slow.
  if (!hasInfinite(values)) return values;
  const entries = Object.entries(values).map(
    ([name, value]) => [name, typeof value === 'number' && !Number.isFinite(value) ? null : value] as const,
  );
  return Object.fromEntries(entries);
}

function hasInfinite(values: Record<string, unknown>): boolean {
  for (const name in values) {
    const value = values[name];
    if (typeof value === 'number' && !Number.isFinite(value)) return true;
  }
  return false;
}
