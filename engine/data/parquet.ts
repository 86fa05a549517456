/** Parquet files, in every compression that the usual tools write. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { RollscopeError } from '../protocol/errors.ts';
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
      // between two groups, whoever waits for this thread has a turn
      await nextTurn();
    }
    return rows;
  } catch (error) {
    throw unreadable(file, error);
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
