/**
 * Columns of a dataset that its problems can be grouped by, such as level or subject. They are read from the file when
 * a run is shown, since a run stores only what it needs.
 */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { RowValues } from '../data/fields.ts';
import { jsonLinesRows, jsonRows } from '../data/json-rows.ts';
import type { Row } from '../data/rows.ts';
import { decode } from '../data/text-file.ts';
import type { Problem } from '../protocol/problem.ts';
import { cellText } from '../protocol/values.ts';
import type { DataColumns } from '../runs/panel-contract.ts';

/** Larger files are not read for this. */
const MAX_FILE_BYTES = 64 * 2 ** 20;
/** The most groups that are still useful, and the longest name of one. */
const MAX_GROUPS = 40;
const MAX_NAME_LENGTH = 40;

/**
 * Maps each column to its value for every problem, in order. Only columns with few different values, which most
 * problems have; none if the file no longer exists, is not JSON, CSV or Parquet, or has other rows by now.
 * @param fileOf where a source is on this machine
 */
export async function dataColumns(
  problems: readonly Pick<Problem, 'source' | 'row' | 'text' | 'columns'>[],
  fileOf: (source: string) => string,
): Promise<DataColumns> {
  const files = new Map<string, readonly RowValues[]>();
  for (const source of new Set(problems.map(({ source }) => source))) files.set(source, await rowsOf(fileOf(source)));
  const values = problems.map(({ source, row, text, columns }): RowValues => {
    const found = files.get(source)?.[row];
    return { ...columns, ...(found && isSameRow(found, text) ? found : {}) };
  });
  const names = new Set(values.flatMap((row) => Object.keys(row)));
  const columns = [...names].map((name) => [name, values.map((row) => groupName(row[name]))] as const);
  return Object.fromEntries(columns.filter(([, column]) => canGroup(column)));
}

type Reader = (file: string, bytes: Buffer) => readonly Row[] | Promise<readonly Row[]>;

/** Tables and Parquet are loaded when there is such a file. */
const csv: Reader = async (file, bytes) => (await import('../data/csv.ts')).csvRows(file, decode(file, bytes));
const parquet: Reader = async (file, bytes) => (await import('../data/parquet.ts')).parquetRows(file, bytes);
const jsonLines: Reader = async (file, bytes) => (await jsonLinesRows(file, decode(file, bytes), {})).rows;
const json: Reader = async (file, bytes) => (await jsonRows(file, decode(file, bytes), {})).rows;
const READERS: ReadonlyMap<string, Reader> = new Map([
  ['.jsonl', jsonLines],
  ['.ndjson', jsonLines],
  ['.json', json],
  ['.csv', csv],
  ['.tsv', csv],
  ['.parquet', parquet],
]);

/** The rows of a file; [] if it cannot be read. */
async function rowsOf(file: string): Promise<readonly RowValues[]> {
  const read = READERS.get(path.extname(file).toLowerCase());
  if (!read) return [];
  try {
    const about = await stat(file);
    if (!about.isFile() || about.size > MAX_FILE_BYTES) return [];
    return (await read(file, await readFile(file))).map(({ values }) => values);
  } catch {
    // Errors in a dataset are reported when it is read for training.
    return [];
  }
}

/** Whether the row is still the one that the problem came from. */
function isSameRow(values: RowValues, text: string): boolean {
  const plain = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
  return JSON.stringify(values, plain).includes(JSON.stringify(text).slice(1, -1));
}

function groupName(value: unknown): string | null {
  const text = cellText(value);
  return text === null || text.length > MAX_NAME_LENGTH ? null : text;
}

function canGroup(column: readonly (string | null)[]): boolean {
  const known = column.filter((value) => value !== null);
  const groups = new Set(known).size;
  return groups > 1 && groups <= Math.min(MAX_GROUPS, column.length / 2) && known.length >= column.length / 2;
}
