/** Small questions about values that every room asks. Pure. */

/** An object with named values: neither null nor a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Mean of the values that exist; null if none does. */
export function mean(values: readonly (number | null)[]): number | null {
  let total = 0;
  let count = 0;
  for (const value of values) {
    if (value === null) continue;
    total += value;
    count++;
  }
  return count === 0 ? null : total / count;
}

/**
 * A copy of a list in random order (Fisher-Yates).
 * @param random returns numbers in [0, 1)
 */
export function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const result = [...list];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}

/** The largest of any number of values; -Infinity without any. `Math.max` cannot take 130,000 arguments. */
export function largest(values: Iterable<number>): number {
  let found = Number.NEGATIVE_INFINITY;
  for (const value of values) found = Math.max(found, value);
  return found;
}

/** The smallest of any number of values; Infinity without any. */
export function smallest(values: Iterable<number>): number {
  let found = Number.POSITIVE_INFINITY;
  for (const value of values) found = Math.min(found, value);
  return found;
}

/** A cell as text, for answers, ids and templates; null for nothing. A list of one item is that item. */
export function cellText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value.trim() === '' ? null : value;
  if (Number.isNaN(value)) return null;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (Array.isArray(value) && value.length === 1) return cellText(value[0]);
  return JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v));
}

/**
 * Mean of the majority shares of problems, each null without an answer. Next to others such a problem counts 0, since
 * nobody agrees; null where no problem has an answer, because then there is no majority to speak of.
 */
export function meanShare(shares: readonly (number | null)[]): number | null {
  return shares.every((share) => share === null) ? null : mean(shares.map((share) => share ?? 0));
}
