/** Tables and small curves as plain text. */
import { mean } from '../protocol/values.ts';
import { visibleLine } from '../protocol/visible.ts';

const BARS = '▁▂▃▄▅▆▇█';

/** Columns padded to their widest cell, each cell in one line; those named in `right` are aligned to the right. */
export function table(header: string[], rows: string[][], right: readonly number[] = []): string {
  const all = [header, ...rows].map((row) => row.map(visibleLine));
  const widths = header.map((_, column) => Math.max(...all.map((row) => width(row[column] ?? ''))));
  return all
    .map((row) =>
      row
        .map((cell, column) => {
          const padding = ' '.repeat(widths[column]! - width(cell));
          return right.includes(column) ? padding + cell : cell + padding;
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** A curve of block characters over at most `columns` columns; each shows the mean of its values, a space where none is. */
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
  const low = range?.low ?? Math.min(...known);
  const high = range?.high ?? Math.max(...known);
  return means
    .map((value) => {
      if (value === null) return ' ';
      const part = high > low ? (value - low) / (high - low) : 0.5;
      return BARS[Math.max(0, Math.min(BARS.length - 1, Math.round(part * (BARS.length - 1))))];
    })
    .join('');
}

function width(text: string): number {
  return [...text].length;
}
