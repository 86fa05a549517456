/** The location of a row, for people and for programs. Pure. */

export interface RowPlace {
  /** `file:12`, or `file, row 12` for binary files. */
  text: string;
  /** `line` is null for binary files; `row` counts from 1. */
  facts: { file: string; line: number | null; row: number };
}

/** @param row from 0 */
export function placeOfRow(file: string, line: number | null, row: number): RowPlace {
  const text = line === null ? `${file}, row ${row + 1}` : `${file}:${line}`;
  return { text, facts: { file, line, row: row + 1 } };
}
