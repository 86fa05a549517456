/** Small curves as plain text. */
import { largest, mean, smallest } from './values.ts';

const BARS = '▁▂▃▄▅▆▇█';

/**
 * A curve of block characters over at most `columns` columns; each shows the mean of its values, or a space if it has
 * none.
 */
export function sparkline(
  values: readonly (number | null)[],
  columns: number,
  range?: { low: number; high: number },
): string {
  const count = Math.min(columns, values.length);
  const means = Array.from({ length: count }, (_, column) => {
    const from = Math.floor((column * values.length) / count);
    const to = Math.floor(((column + 1) * values.length) / count);
    return mean(values.slice(from, to));
  });
  const known = means.filter((value) => value !== null);
  const low = range?.low ?? smallest(known);
  const high = range?.high ?? largest(known);
  return means
    .map((value) => {
      if (value === null) return ' ';
      const part = high > low ? (value - low) / (high - low) : 0.5;
      return BARS[Math.max(0, Math.min(BARS.length - 1, Math.round(part * (BARS.length - 1))))];
    })
    .join('');
}
