/** Reads the values of one page of a column. */
import type { CompressionCodec, Encoding, PageType, SchemaElement, SchemaTree } from 'hyparquet';
import { Encodings, PageTypes } from 'hyparquet/src/constants.js';
import { byteStreamSplit } from 'hyparquet/src/encoding.js';
import { readPlain } from 'hyparquet/src/plain.js';
import { deserializeTCompactProtocol } from 'hyparquet/src/thrift.js';
import { type Budget, OBJECT, REFERENCE } from './budget.ts';
import { readDeltaLengths, readDeltas, readDeltaTexts } from './delta.ts';
import { readRuns } from './runs.ts';
import { checkThrift } from './thrift.ts';
import { unpackPage } from './unpack.ts';

export type ColumnValues = ArrayLike<unknown>;

/** The column that a page belongs to. `repetitions`, `definitions`: the column's maximum levels. */
export interface PageColumn {
  element: SchemaElement;
  codec: CompressionCodec | undefined;
  repetitions: number;
  definitions: number;
}

export interface PageHeader {
  type: PageType | undefined;
  unpacked: number;
  /** Number of values, including nulls. */
  values: number;
  encoding: Encoding | undefined;
  /** Version 2 only: bytes of the levels, which are uncompressed, and whether the values are compressed. */
  levels: { repetitions: number; definitions: number; compressed: boolean } | null;
}

/** A page extracted from a column. */
export interface Page {
  header: PageHeader;
  packed: Uint8Array;
}

/** Levels of all values including nulls, and the values without nulls. null: all levels are the maximum. */
export interface PageValues {
  repetitions: Uint8Array | null;
  definitions: Uint8Array | null;
  values: ColumnValues;
  /** Whether the values are dictionary indexes. */
  indexes: boolean;
}

type Fields = ReturnType<typeof deserializeTCompactProtocol>;

/** Extracts the page that begins at `offset` from the bytes of a column. Throws if it is damaged. */
export function cutPage(bytes: Uint8Array, offset: number): { page: Page; end: number } {
  const start = checkThrift(bytes, offset);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields = deserializeTCompactProtocol({ view, offset });
  const type = PageTypes[fields.field_1];
  const end = start + requireInteger(fields.field_3);
  if (end > bytes.length) throw new Error('a page ends beyond its column');
  const unpacked = requireInteger(fields.field_2);
  const page = { header: header(fields, type, unpacked), packed: bytes.subarray(start, end) };
  return { page, end };
}

function header(fields: Fields, type: PageType | undefined, unpacked: number): PageHeader {
  const own = type === 'DATA_PAGE' ? fields.field_5 : type === 'DATA_PAGE_V2' ? fields.field_8 : fields.field_7;
  const known = type === 'DATA_PAGE' || type === 'DATA_PAGE_V2' || type === 'DICTIONARY_PAGE';
  if (!known) return { type, unpacked, values: 0, encoding: undefined, levels: null };
  if (own === undefined) throw new Error(`a page of the type ${type} without its header`);
  const {
    field_1: values,
    field_2: second,
    field_4: fourth,
    field_5: fifth,
    field_6: sixth,
    field_7: seventh,
  } = own as Fields;
  const isSecond = type === 'DATA_PAGE_V2';
  const levels = isSecond
    ? { repetitions: requireInteger(sixth), definitions: requireInteger(fifth), compressed: seventh !== false }
    : null;
  return { type, unpacked, values: requireInteger(values), encoding: Encodings[isSecond ? fourth : second], levels };
}

/** The values of a dictionary page. */
export function dictionaryValues({ header, packed }: Page, column: PageColumn, budget: Budget): ColumnValues {
  const bytes = unpackPage(packed, header.unpacked, column.codec);
  return plain(bytes, header.values, column.element, budget);
}

/** Levels and values of a data page. Throws if it is damaged, or needs more memory than the budget allows. */
export function pageValues({ header, packed }: Page, column: PageColumn, budget: Budget): PageValues {
  budget.take(header.values * REFERENCE);
  const { levels } = header;
  if (levels) {
    const definitionsAt = levels.repetitions;
    const valuesAt = definitionsAt + levels.definitions;
    if (valuesAt > packed.length) throw new Error('levels end beyond their page');
    const repetitions = levelsOf(packed.subarray(0, definitionsAt), column.repetitions, header.values);
    const definitions = levelsOf(packed.subarray(definitionsAt, valuesAt), column.definitions, header.values);
    const length = header.unpacked - valuesAt;
    const bytes = unpackPage(packed.subarray(valuesAt), length, levels.compressed ? column.codec : 'UNCOMPRESSED');
    return withValues(bytes, { repetitions, definitions }, header, column, budget);
  }
  let bytes = unpackPage(packed, header.unpacked, column.codec);
  const prefixed = (highest: number) => {
    if (highest === 0) return null;
    const length = bytes.length < 4 ? Number.POSITIVE_INFINITY : uint32(bytes, 0);
    if (length > bytes.length - 4) throw new Error('levels end beyond their page');
    const found = levelsOf(bytes.subarray(4, 4 + length), highest, header.values);
    bytes = bytes.subarray(4 + length);
    return found;
  };
  const repetitions = prefixed(column.repetitions);
  const definitions = prefixed(column.definitions);
  return withValues(bytes, { repetitions, definitions }, header, column, budget);
}

function levelsOf(bytes: Uint8Array, highest: number, count: number): Uint8Array | null {
  if (highest === 0) return null;
  const levels = new Uint8Array(count);
  readRuns(bytes, 32 - Math.clz32(highest), levels);
  for (const level of levels)
    if (level > highest) throw new Error(`a level of ${level}, where ${highest} is the highest`);
  return levels;
}

function withValues(
  bytes: Uint8Array,
  { repetitions, definitions }: Pick<PageValues, 'repetitions' | 'definitions'>,
  header: PageHeader,
  { element, definitions: highest }: PageColumn,
  budget: Budget,
): PageValues {
  let count = header.values;
  if (definitions) for (const level of definitions) if (level !== highest) count--;
  const indexes = header.encoding === 'PLAIN_DICTIONARY' || header.encoding === 'RLE_DICTIONARY';
  const values = indexes ? places(bytes, count) : encoded(bytes, count, header.encoding, element, budget);
  return { repetitions, definitions: count === header.values ? null : definitions, values, indexes };
}

/** Dictionary indexes, which follow a byte with their bit width. */
function places(bytes: Uint8Array, count: number): Uint32Array {
  const output = new Uint32Array(count);
  if (count > 0) readRuns(bytes.subarray(1), bytes[0] ?? tooShort(), output);
  return output;
}

function encoded(
  bytes: Uint8Array,
  count: number,
  encoding: Encoding | undefined,
  element: SchemaElement,
  budget: Budget,
): ColumnValues {
  if (count === 0) return [];
  const { type } = element;
  switch (encoding) {
    case 'PLAIN':
      return plain(bytes, count, element, budget);
    case 'RLE': {
      if (type !== 'BOOLEAN') break;
      const bits = new Uint8Array(count);
      if (bytes.length < 4) tooShort();
      readRuns(bytes.subarray(4), 1, bits);
      return Array.from(bits, (bit) => bit === 1);
    }
    case 'BYTE_STREAM_SPLIT': {
      if (!type || type === 'BYTE_ARRAY' || type === 'BOOLEAN' || type === 'INT96') break;
      if (count * widthOf(element) > bytes.length) tooShort();
      budget.take(count * OBJECT);
      return byteStreamSplit(readerOf(bytes), count, type, element.type_length);
    }
    case 'DELTA_BINARY_PACKED': {
      if (type !== 'INT32' && type !== 'INT64') break;
      const output = type === 'INT32' ? new Int32Array(count) : new BigInt64Array(count);
      readDeltas(bytes, 0, output);
      return output;
    }
    case 'DELTA_LENGTH_BYTE_ARRAY':
      if (type === 'BYTE_ARRAY') return readDeltaLengths(bytes, count, budget);
      break;
    case 'DELTA_BYTE_ARRAY':
      if (type === 'BYTE_ARRAY' || type === 'FIXED_LEN_BYTE_ARRAY') return readDeltaTexts(bytes, count, budget);
      break;
    default:
  }
  throw new Error(`parquet unsupported encoding: ${encoding} of ${type}`);
}

/** Minimum bytes of a value; 1/8 for a Boolean. */
function widthOf({ type, type_length = 0 }: SchemaElement): number {
  switch (type) {
    case 'BOOLEAN':
      return 1 / 8;
    case 'INT32':
    case 'FLOAT':
    case 'BYTE_ARRAY':
      return 4;
    case 'INT64':
    case 'DOUBLE':
      return 8;
    case 'INT96':
      return 12;
    default:
      if (!(type_length > 0)) throw new Error(`values of ${type_length} bytes`);
      return type_length;
  }
}

function plain(bytes: Uint8Array, count: number, element: SchemaElement, budget: Budget): ColumnValues {
  if (!element.type) throw new Error('a column without a type');
  if (count * widthOf(element) > bytes.length) tooShort();
  if (element.type !== 'BYTE_ARRAY') {
    budget.take(count * (element.type === 'FIXED_LEN_BYTE_ARRAY' ? 4 * OBJECT : OBJECT));
    return readPlain(readerOf(bytes), element.type, count, element.type_length);
  }
  let at = 0;
  return Array.from({ length: count }, () => {
    if (bytes.length - at < 4) tooShort();
    const length = uint32(bytes, at);
    at += 4;
    if (length > bytes.length - at) tooShort();
    budget.take(OBJECT + length);
    at += length;
    return bytes.subarray(at - length, at);
  });
}

/** The maximum levels of the column at a path. */
export function levelsAt(path: readonly SchemaTree[]): { repetitions: number; definitions: number } {
  const parts = path.slice(1).map(({ element }) => element.repetition_type);
  const repetitions = parts.filter((type) => type === 'REPEATED').length;
  return { repetitions, definitions: parts.filter((type) => type !== 'REQUIRED').length };
}

function readerOf(bytes: Uint8Array): { view: DataView; offset: number } {
  return { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
}

function uint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

function requireInteger(value: unknown): number {
  if (typeof value !== 'number' || value < 0) throw new Error(`damaged header: a size of ${value}`);
  return value;
}

function tooShort(): never {
  throw new Error('a page ends too early');
}
