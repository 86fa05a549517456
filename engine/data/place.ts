/** Where a row is, for people and for programs. Pure. */

export interface RowPlace {
  /** `file:12`, or `file, row 12` in binary files. */
  text: string;
  /** The line is null in binary files; rows are counted from 1. */
  facts: { file: string; line: number | null; row: number };
}

/** @param row from 0 */
export function placeOfRow(file: string, line: number | null, row: number): RowPlace {
  const text = line === null ? `${file}, row ${row + 1}` : `${file}:${line}`;
  return { text, facts: { file, line, row: row + 1 } };
}
