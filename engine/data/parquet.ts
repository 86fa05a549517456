/** Parquet files, in every compression that the usual tools write. */
import zlib from 'node:zlib';
import { decompress } from 'fzstd';
import {
  type Compressors,
  type FileMetaData,
  type ParquetParsers,
  parquetMetadata,
  parquetReadObjects,
  type SchemaElement,
} from 'hyparquet';
import { RollscopeError } from '../protocol/errors.ts';
import type { RowValues } from './fields.ts';
import { readJson } from './json.ts';
import { unpackLz4, unpackLz4Block } from './lz4.ts';
import type { Row } from './rows.ts';

/** Rows and bytes of a page that a damaged file may claim. */
const MAX_ROWS = 20_000_000;
const MAX_PAGE = 1 << 29;

function bounded(decompress: (input: Uint8Array, length: number) => Uint8Array) {
  return (input: Uint8Array, length: number): Uint8Array => {
    if (length > MAX_PAGE) throw new Error(`a page of ${length} bytes`);
    return decompress(input, length);
  };
}

/** Node 20 has no Zstandard of its own. */
const COMPRESSORS: Compressors = {
  GZIP: bounded((input, length) => new Uint8Array(zlib.gunzipSync(input, { maxOutputLength: Math.max(length, 1) }))),
  BROTLI: bounded(
    (input, length) => new Uint8Array(zlib.brotliDecompressSync(input, { maxOutputLength: Math.max(length, 1) })),
  ),
  ZSTD: bounded((input) => decompress(input)),
  LZ4: bounded(unpackLz4),
  LZ4_RAW: bounded(unpackLz4Block),
};

const PARSERS = {
  // exactly, and not deeper than can be walked over
  jsonFromBytes: (bytes?: Uint8Array) => bytes && readJson(new TextDecoder().decode(bytes)),
} as ParquetParsers;

/** The rows of a Parquet file. Throws RollscopeError `dataset`. */
export async function parquetRows(file: string, bytes: Uint8Array): Promise<Row[]> {
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  try {
    const end = new TextDecoder('latin1').decode(buffer.slice(-4));
    if (end !== 'PAR1') throw new Error('parquet file invalid (footer != PAR1)');
    const metadata = parquetMetadata(buffer, { parsers: PARSERS });
    const rows = Number(metadata.num_rows);
    if (!(rows >= 0 && rows <= MAX_ROWS)) throw new Error(`${metadata.num_rows} rows`);
    const found = await read(buffer, metadata);
    const fix = readableNumbers(metadata.schema);
    return found.map((values) => ({ values: fix(values), line: null }));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new RollscopeError(
      'dataset',
      `${file} is not a readable Parquet file: ${message}.`,
      'Write it again, for instance with snappy compression, or convert it to JSONL.',
      { cause: error, details: { reason: 'unreadable', file, system: message } },
    );
  }
}

/**
 * The rows of a file in memory. The library starts a promise for each column before it looks at the next column; where it
 * stumbles over that one, the earlier promises would be rejected while nobody listens, which ends a process. So the bytes
 * come one turn of the event loop later, and not at all once it has stumbled.
 */
async function read(buffer: ArrayBuffer, metadata: FileMetaData): Promise<RowValues[]> {
  let failed = false;
  const slice = (start: number, end?: number) =>
    new Promise<ArrayBuffer>((resolve) => {
      setImmediate(() => {
        if (!failed) resolve(buffer.slice(start, end));
      });
    });
  const file = { byteLength: buffer.byteLength, slice };
  try {
    return await parquetReadObjects({ file, metadata, compressors: COMPRESSORS, parsers: PARSERS });
  } catch (error) {
    failed = true;
    throw error;
  }
}

/**
 * A function that gives numbers of a row's own columns the digits that were stored: the library multiplies decimals by a
 * power of ten (0.3 becomes 0.30000000000000004), and a single-precision 0.1 is 0.10000000149011612 in double precision.
 */
function readableNumbers(schema: readonly SchemaElement[]): (values: RowValues) => RowValues {
  const fixes = new Map<string, (value: number) => number>();
  for (const { name, type, converted_type, logical_type, scale, num_children } of schema.slice(1)) {
    if (num_children) continue;
    const isDecimal = converted_type === 'DECIMAL' || logical_type?.type === 'DECIMAL';
    if (isDecimal) fixes.set(name, (value) => decimal(value, scale ?? 0));
    else if (type === 'FLOAT') fixes.set(name, shortestSingle);
  }
  if (fixes.size === 0) return (values) => values;
  return (values) =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => [
        name,
        typeof value === 'number' && Number.isFinite(value) ? (fixes.get(name)?.(value) ?? value) : value,
      ]),
    );
}

/** The nearest number with so many digits behind the point; larger ones than a double holds whole stay. */
function decimal(value: number, places: number): number {
  const whole = Math.round(value * 10 ** places);
  return Number.isSafeInteger(whole) ? Number(`${whole}e-${places}`) : value;
}

/** The shortest decimal number that is this one in single precision. */
function shortestSingle(value: number): number {
  if (value === 0) return value;
  const first = Math.floor(Math.log10(Math.abs(value)));
  for (let digits = 0; digits < 8; digits++) {
    const exponent = first - digits;
    const short = Number(`${Math.round(value / 10 ** exponent)}e${exponent}`);
    if (Math.fround(short) === value) return short;
  }
  return value;
}
