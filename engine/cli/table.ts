/** Tables and small curves as plain text. */

import { largest } from '../protocol/values.ts';
import { visibleLine } from '../protocol/visible.ts';

/** Columns padded to their widest cell, each cell in one line; those named in `right` are aligned to the right. */
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
