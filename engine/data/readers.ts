/** Reads the rows of a file, each with its line. Errors name file, line and column. */
import fs from 'node:fs/promises';
import path from 'node:path';
import zlib from 'node:zlib';
import { CsvError, parse as parseCsv } from 'csv-parse/sync';
import { type Compressors, parquetReadObjects } from 'hyparquet';
import { RollscopeError } from '../protocol/errors.ts';
import { corpusRows, FEWEST_WORDS } from './corpus.ts';
import type { Values } from './fields.ts';
import { findFault } from './json-fault.ts';
import { lineCounter, scanObjects } from './json-scan.ts';

export interface Row {
  values: Values;
  /** From 1; null in binary files. */
  line: number | null;
}

export interface Table {
  rows: Row[];
  /** All names of columns, in the order in which they first appear. */
  columns: string[];
}

const READERS: Record<string, (file: string, bytes: Buffer) => Row[] | Promise<Row[]>> = {
  '.jsonl': readLines,
  '.ndjson': readLines,
  '.json': readJson,
  '.csv': readCsv,
  '.tsv': readCsv,
  '.parquet': readParquet,
  '.txt': readText,
  '.md': readText,
};
const EXTENSIONS = Object.keys(READERS);

/** Reads a data file. Throws RollscopeError `dataset`. */
export async function readTable(file: string): Promise<Table> {
  const extension = path.extname(file).toLowerCase();
  const reader = READERS[extension];
  if (!reader) {
    throw new RollscopeError(
      'dataset',
      `${file}: ${extension ? `files of type ${extension} are not supported` : 'the file has no extension'}.`,
      `Use one of ${EXTENSIONS.join(', ')}.`,
      { details: { reason: 'unsupported-type', file, value: extension } },
    );
  }
  const bytes = await readBytes(file);
  if (bytes.length === 0) throw empty(file);
  const rows = await reader(file, bytes);
  if (rows.length === 0) throw empty(file);
  const columns = new Set<string>();
  for (const { values } of rows) for (const name of Object.keys(values)) columns.add(name);
  return { rows, columns: [...columns] };
}

async function readBytes(file: string): Promise<Buffer> {
  try {
    return await fs.readFile(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      throw new RollscopeError('dataset', `${file} not found.`, 'Check the path of the dataset.', {
        details: { reason: 'not-found', file },
      });
    }
    if (code === 'EISDIR') {
      throw new RollscopeError('dataset', `${file} is a folder.`, `Choose a file in it (${EXTENSIONS.join(', ')}).`, {
        details: { reason: 'is-folder', file },
      });
    }
    if (code === 'EACCES' || code === 'EPERM') {
      throw new RollscopeError('dataset', `${file}: permission denied.`, 'Check the permissions of the file.', {
        details: { reason: 'forbidden', file },
      });
    }
    throw new RollscopeError('dataset', `${file} cannot be read: ${message}`, undefined, {
      details: { reason: 'unreadable', file, system: message },
    });
  }
}

function empty(file: string): RollscopeError {
  return new RollscopeError('dataset', `${file} contains no problems.`, 'Each row is one problem.', {
    details: { reason: 'empty', file },
  });
}

function decode(file: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new RollscopeError('dataset', `${file} is not UTF-8 text.`, 'Save the file as UTF-8.', {
      details: { reason: 'not-utf8', file },
    });
  }
}

/** JSON Lines. Lines end with \n only: other separators, such as U+2028, may stand inside of strings. */
function readLines(file: string, bytes: Buffer): Row[] {
  const rows: Row[] = [];
  decode(file, bytes)
    .split('\n')
    .forEach((text, i) => {
      if (text.trim() === '') return;
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch {
        const fault = findFault(text);
        throw brokenJson(file, i + 1, (fault?.offset ?? 0) + 1, fault?.message ?? 'not JSON', rows.length, text);
      }
      if (!isObject(value)) throw notAnObject(file, i + 1);
      rows.push({ values: value, line: i + 1 });
    });
  return rows;
}

/** A list of objects, or an object that holds one (`{"data": [...]}`). */
function readJson(file: string, bytes: Buffer): Row[] {
  const text = decode(file, bytes);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    const fault = findFault(text) ?? { offset: 0, message: 'not JSON' };
    const before = text.slice(0, fault.offset).split('\n');
    throw brokenJson(file, before.length, before.at(-1)!.length + 1, fault.message, 0, text);
  }
  const list = Array.isArray(document) ? document : isObject(document) ? firstList(document) : null;
  if (!list) {
    throw new RollscopeError(
      'dataset',
      `${file}: expected a list of problems, or an object that contains one.`,
      'Write [{"prompt": "...", "answer": "..."}, ...], or one object per line in a .jsonl file.',
      { details: { reason: 'no-list', file } },
    );
  }
  const lineOf = lineCounter(text);
  const lines = scanObjects(text).map(({ start }) => lineOf(start) + 1);
  // the scan knows objects only; in a document that holds anything else, lines would shift
  const bad = list.findIndex((value) => !isObject(value));
  if (bad >= 0) {
    throw new RollscopeError('dataset', `${file}: element ${bad} of the list is not an object.`, OBJECT_HINT, {
      details: { reason: 'not-an-object', file, element: bad },
    });
  }
  return list.map((value, i) => ({ values: value as Values, line: lines.length === list.length ? lines[i]! : null }));
}

function firstList(document: Values): unknown[] | null {
  return (Object.values(document).find(Array.isArray) as unknown[] | undefined) ?? null;
}

const OBJECT_HINT = 'Each row is an object such as {"prompt": "1+1=", "answer": "2"}.';

function notAnObject(file: string, line: number): RollscopeError {
  return new RollscopeError('dataset', `${file}:${line}: this row is not an object.`, OBJECT_HINT, {
    details: { reason: 'not-an-object', file, line },
  });
}

function brokenJson(
  file: string,
  line: number,
  column: number,
  message: string,
  rowsBefore: number,
  text: string,
): RollscopeError {
  const hint =
    rowsBefore === 0 && /^\s*[[{]\s*$/.test(text)
      ? 'A pretty-printed list belongs in a .json file; a .jsonl file has one object per line.'
      : 'Correct this place in the file.';
  return new RollscopeError('dataset', `${file}:${line}:${column}: broken JSON: ${message}.`, hint, {
    details: { reason: 'broken-json', file, line, column, fault: message },
  });
}

function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A corpus. */
function readText(file: string, bytes: Buffer): Row[] {
  const text = decode(file, bytes);
  const zero = text.indexOf('\0');
  if (zero >= 0) {
    throw new RollscopeError(
      'dataset',
      `${file}:${text.slice(0, zero).split('\n').length}: contains a NUL byte: not a text file.`,
      'Use UTF-8 text.',
      { details: { reason: 'nul-byte', file, line: text.slice(0, zero).split('\n').length } },
    );
  }
  const rows = corpusRows(text);
  if (rows.length > 0) return rows;
  throw new RollscopeError(
    'dataset',
    `${file} contains no usable paragraph.`,
    `Paragraphs are separated by blank lines; paragraphs of fewer than ${FEWEST_WORDS} words are skipped.`,
    { details: { reason: 'no-paragraph', file, fewest: FEWEST_WORDS } },
  );
}

interface CsvRecord {
  record: Record<string, string>;
  raw: string;
  info: { lines: number };
}

function readCsv(file: string, bytes: Buffer): Row[] {
  // A line break inside of a cell is one line in whatever form; the parser would count \r\n twice.
  const text = decode(file, bytes).replaceAll('\r\n', '\n');
  const header = /^[^\n]*/.exec(text)![0];
  const delimiter = [',', ';', '\t'].reduce((best, d) =>
    header.split(d).length > header.split(best).length ? d : best,
  );
  let records: CsvRecord[];
  try {
    records = parseCsv(text, {
      bom: true,
      columns: (names: string[]) => checkHeader(file, names),
      delimiter,
      info: true,
      raw: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as CsvRecord[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = (error as CsvError & { lines?: number }).lines;
    const message = error.message.replace(/:? (?:at|on) line \d+\b.*$/s, '');
    throw new RollscopeError(
      'dataset',
      `${file}${line ? `:${line}` : ''}: broken CSV: ${message}.`,
      'Quote cells that contain the separator, a quote or a line break, and double quotes inside a quoted cell.',
      { details: { reason: 'broken-csv', file, line, system: message } },
    );
  }
  return records.map(({ record, raw, info }) => {
    // `lines` counts up to the record's end, `raw` may begin with blank lines before it
    const inside = raw.trim().split('\n').length - 1;
    return { values: record, line: info.lines - inside };
  });
}

function checkHeader(file: string, names: string[]): string[] {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new RollscopeError(
      'dataset',
      `${file}:1: two columns are named "${twice}".`,
      'Give each column its own name.',
      { details: { reason: 'duplicate-column', file, line: 1, value: twice } },
    );
  }
  return names;
}

type Zstd = { zstdDecompressSync?: (bytes: Uint8Array) => Uint8Array };

async function readParquet(file: string, bytes: Buffer): Promise<Row[]> {
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const zstd = (zlib as Zstd).zstdDecompressSync;
  const compressors: Compressors = {
    GZIP: (input) => new Uint8Array(zlib.gunzipSync(input)),
    BROTLI: (input) => new Uint8Array(zlib.brotliDecompressSync(input)),
    ...(zstd && { ZSTD: (input: Uint8Array) => new Uint8Array(zstd(input)) }),
  };
  try {
    const rows = await parquetReadObjects({ file: buffer, compressors });
    return rows.map((values) => ({ values, line: null }));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new RollscopeError(
      'dataset',
      `${file} is not a readable Parquet file: ${message}.`,
      'Write it again with snappy or gzip compression, or convert it to JSONL.',
      { cause: error, details: { reason: 'unreadable', file, system: message } },
    );
  }
}
