/** Numbers, tables and small curves as plain text. A value that does not exist is a dash. */
import type { Estimate } from '../protocol/records.ts';

export const DASH = '-';
const BARS = '▁▂▃▄▅▆▇█';

/** A proportion with two decimals. */
export function share(value: number | null | undefined): string {
  return value === null || value === undefined ? DASH : value.toFixed(2);
}

export function number(value: number | null | undefined, digits = 2): string {
  if (value === null || value === undefined) return DASH;
  if (value !== 0 && Math.abs(value) < 10 ** -digits) return value.toExponential(1);
  return value.toFixed(digits);
}

/** `0.71 (0.66 to 0.76)`. */
export function estimate(value: Estimate | null | undefined): string {
  return value ? `${value.mean.toFixed(3)} (${value.low.toFixed(3)} to ${value.high.toFixed(3)})` : DASH;
}

/** `0:38`, `12:05`, `3:07:12`. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return DASH;
  const total = Math.round(seconds);
  const pad = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor(total / 60) % 60;
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(total % 60)}` : `${minutes}:${pad(total % 60)}`;
}

/** `512 MB`, `3.4 GB`, in binary units. */
export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return DASH;
  if (value >= 2 ** 30) return `${(value / 2 ** 30).toFixed(1)} GB`;
  return `${Math.round(value / 2 ** 20)} MB`;
}

export function verdict(correct: boolean | null | undefined): string {
  return correct === null || correct === undefined ? DASH : correct ? 'right' : 'wrong';
}

/** One line of at most `width` characters: line breaks become spaces, the rest is cut with an ellipsis. */
export function oneLine(text: string, width: number): string {
  const flat = text.replace(/\s+/g, ' ').trim();
  const characters = [...flat];
  return characters.length <= width ? flat : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

/** Columns padded to their widest cell; those named in `right` are aligned to the right. */
export function table(header: string[], rows: string[][], right: readonly number[] = []): string {
  const all = [header, ...rows];
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
    const known = values.slice(from, to).filter((value) => value !== null);
    return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
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
