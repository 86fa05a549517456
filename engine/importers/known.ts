/** Numbers of other trainers, who write NaN and infinities where the journal has null. Pure. */

/** null for what is absent or not finite. */
export function known(value: number | null | undefined): number | null {
  return value !== undefined && value !== null && Number.isFinite(value) ? value : null;
}

/** The same for each number among named values; other values stay. */
export function knownValues<T>(values: Record<string, T>): Record<string, T | null> {
  const entries = Object.entries(values).map(
    ([name, value]) => [name, typeof value === 'number' && !Number.isFinite(value) ? null : value] as const,
  );
  return Object.fromEntries(entries);
}
