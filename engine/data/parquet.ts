/** Reads Parquet files in every common compression. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { RollscopeError } from '../protocol/errors.ts';
import type { RowValues } from './fields.ts';
import { Budget } from './parquet/budget.ts';
import { ParquetFile } from './parquet/file.ts';
import type { Row } from './rows.ts';

/** The rows of a Parquet file. Throws RollscopeError `dataset`. */
export async function parquetRows(file: string, bytes: Uint8Array): Promise<Row[]> {
  try {
    const found = new ParquetFile(bytes.length, (start, end) => bytes.subarray(start, end));
    const budget = new Budget();
    const rows: Row[] = [];
    for (const group of found.groups.keys()) {
      for (const values of found.rows(group, budget)) rows.push({ values, line: null });
      // let other work run between row groups
      await nextTurn();
    }
    return rows;
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** A Parquet file that is read from disk one row group at a time. */
export class ParquetOnDisk {
  readonly #descriptor: number;
  readonly #parquet: ParquetFile;
  /** File size in bytes. */
  readonly size: number;

  /** @throws RollscopeError `dataset` if it is not a Parquet file */
  constructor(readonly file: string) {
    this.#descriptor = openSync(file, 'r');
    try {
      this.size = fstatSync(this.#descriptor).size;
      this.#parquet = new ParquetFile(this.size, (start, end) => this.#read(start, end));
    } catch (error) {
      this.close();
      throw unreadable(file, error);
    }
  }

  /** Number of rows in each row group. */
  get groups(): number[] {
    return this.#parquet.groups;
  }

  /** @throws RollscopeError `dataset` if it is damaged, or needs too much memory */
  rows(group: number): RowValues[] {
    try {
      return this.#parquet.rows(group);
    } catch (error) {
      throw unreadable(this.file, error);
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #read(start: number, end: number): Uint8Array {
    const bytes = new Uint8Array(Math.max(0, end - start));
    const count = readSync(this.#descriptor, bytes, 0, bytes.length, start);
    return bytes.subarray(0, count);
  }
}

function unreadable(file: string, error: unknown): RollscopeError {
  const message = error instanceof Error ? error.message : String(error);
  return new RollscopeError(
    'dataset',
    `${file} is not a readable Parquet file: ${message}.`,
    'Write it again, for instance with snappy compression, or convert it to JSONL.',
    { cause: error, details: { reason: 'unreadable', file, system: message } },
  );
}
