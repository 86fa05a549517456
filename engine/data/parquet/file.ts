/**
 * A Parquet file, read by row group. Even for malicious files, the time is proportional to the number of bytes and values,
 * and memory stays within a budget; errors name the location.
 */
import { assembleNested } from 'hyparquet/src/assemble.js';
import type { RowValues } from '../fields.ts';
import { Budget, OBJECT, REFERENCE } from './budget.ts';
import { columnValues, PARSERS } from './column.ts';
import { type Footer, footerLength, readFooter } from './footer.ts';
import { readableNumbers } from './numbers.ts';

/** Reads the bytes from `start` up to `end`. */
export type ReadBytes = (start: number, end: number) => Uint8Array;

/** A file whose footer has been read. Row groups are read one at a time, each as a whole. */
export class ParquetFile {
  readonly #footer: Footer;
  readonly #read: ReadBytes;
  readonly #fix: (values: RowValues) => RowValues;

  /** Reads the footer of a file of `size` bytes. Throws if it is not a Parquet file. */
  constructor(size: number, read: ReadBytes) {
    const tail = read(Math.max(0, size - 8), size);
    const length = footerLength(tail, size);
    this.#footer = readFooter(read(size - 8 - length, size - 8), size);
    this.#read = read;
    this.#fix = readableNumbers(this.#footer.schema.children.map(({ element }) => element));
  }

  /** Number of rows in each row group. */
  get groups(): number[] {
    return this.#footer.groups.map(({ rows }) => rows);
  }

  /** The rows of a row group. Throws if it is damaged, or needs more memory than the budget allows. */
  rows(group: number, budget = new Budget()): RowValues[] {
    const { rows, chunks } = this.#footer.groups[group]!;
    if (rows === 0) return [];
    const { schema } = this.#footer;
    budget.take(rows * (OBJECT + REFERENCE * schema.children.length));
    const parts = new Map<string, Map<string, unknown[]>>();
    for (const chunk of chunks) {
      const values = withColumnPlace(group, chunk.name, () =>
        columnValues(chunk, this.#read(chunk.start, chunk.end), rows, budget),
      );
      const top = chunk.path[1]!.element.name;
      const subcolumns = parts.get(top) ?? new Map<string, unknown[]>();
      parts.set(top, subcolumns);
      subcolumns.set(chunk.name, values);
    }
    const columns: [name: string, values: ArrayLike<unknown>][] = [];
    for (const child of schema.children) {
      const { name } = child.element;
      const subcolumns = parts.get(name);
      if (!subcolumns) continue;
      const values = withColumnPlace(group, name, () => {
        if (child.children.length > 0) assembleNested(subcolumns as never, child, PARSERS);
        const found = subcolumns.get(name);
        if (!found) throw new Error('parts of it are missing');
        if (found.length < rows) throw new Error(`${found.length} of ${rows} rows`);
        return found;
      });
      columns.push([name, values]);
    }
    return Array.from({ length: rows }, (_, row) => {
      const values: RowValues = {};
      for (const [name, column] of columns) values[name] = column[row];
      return this.#fix(values);
    });
  }
}

/** Adds the row group and the column to errors of `read`. */
function withColumnPlace<T>(group: number, column: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`row group ${group + 1}, column "${column}": ${message}`, { cause: error });
  }
}
