/** Tables as plain text. */

import { largest } from '../protocol/values.ts';
import { visibleLine } from '../protocol/visible.ts';

/** Pads columns to their widest cell, each cell on one line; columns in `right` are right-aligned. */
export function table(header: string[], rows: string[][], right: readonly number[] = []): string {
  const all = [header, ...rows].map((row) => row.map(visibleLine));
  const widths = header.map((_, column) => largest(all.map((row) => width(row[column] ?? ''))));
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

function width(text: string): number {
  return [...text].length;
}
