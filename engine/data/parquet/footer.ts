/** The metadata of a Parquet file: its columns, and where their values are. */
import type { CompressionCodec, ConvertedType, LogicalType, SchemaElement, SchemaTree } from 'hyparquet';
import { CompressionCodecs, ConvertedTypes, FieldRepetitionTypes, ParquetTypes } from 'hyparquet/src/constants.js';
import { deserializeTCompactProtocol } from 'hyparquet/src/thrift.js';
import { checkThrift } from './thrift.ts';

/** Limits on rows, schema elements and nesting that a file may declare. */
const MAX_ROWS = 20_000_000;
const MAX_ELEMENTS = 20_000;
const MAX_NESTING = 24;
const MAGIC = 'PAR1';
/** Separator of the names in a path, since names may contain dots. */
const PATH_SEPARATOR = '\0';

/** A column of one row group. `start`, `end`: its byte range in the file. `path`: the schema elements that lead to it. */
export interface Chunk {
  name: string;
  path: SchemaTree[];
  codec: CompressionCodec | undefined;
  start: number;
  end: number;
}

export interface RowGroup {
  rows: number;
  chunks: Chunk[];
}

export interface Footer {
  schema: SchemaTree;
  groups: RowGroup[];
}

type Fields = ReturnType<typeof deserializeTCompactProtocol>;

/** Length of the footer, from the file's last eight bytes. Throws if it is not a Parquet file. */
export function footerLength(tail: Uint8Array, size: number): number {
  if (tail.length < 8 || new TextDecoder('latin1').decode(tail.subarray(-4)) !== MAGIC)
    throw new Error(`parquet file invalid (footer != ${MAGIC})`);
  const length = new DataView(tail.buffer, tail.byteOffset + tail.length - 8, 4).getUint32(0, true);
  if (length > size - 8) throw new Error(`a footer of ${length} bytes in a file of ${size}`);
  return length;
}

/** Reads the footer of a file of `size` bytes. Throws if it is damaged, or declares more than the file can contain. */
export function readFooter(bytes: Uint8Array, size: number): Footer {
  checkThrift(bytes, 0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields = deserializeTCompactProtocol({ view, offset: 0 });
  const elements = list(fields.field_2).map(schemaElement);
  const { schema, leaves } = schemaOf(elements);
  const groups = list(fields.field_4).map((group) => rowGroup(group, leaves, size));
  const rows = groups.reduce((sum, group) => sum + group.rows, 0);
  if (!(rows <= MAX_ROWS)) throw new Error(`${rows} rows`);
  // Columns must not share bytes, so that the time to read is bounded by the file size.
  const taken = groups.flatMap(({ chunks }) => chunks).reduce((sum, { start, end }) => sum + end - start, 0);
  if (taken > size) throw new Error(`columns of ${taken} bytes in a file of ${size}`);
  return { schema, groups };
}

function rowGroup(fields: Fields, leaves: ReadonlyMap<string, SchemaTree[]>, size: number): RowGroup {
  const rows = requireInteger(fields.field_3, 'the rows of a row group');
  const seen = new Set<string>();
  const chunks = list(fields.field_1).map((column): Chunk => {
    const meta = column.field_3 as Fields | undefined;
    if (column.field_1 !== undefined) throw new Error('columns in other files are not supported');
    if (meta === undefined) throw new Error('a column without its metadata');
    const parts = list<Uint8Array>(meta.field_3).map(text);
    const [name, key] = [parts.join('.'), parts.join(PATH_SEPARATOR)];
    const path = leaves.get(key);
    if (!path || seen.has(key)) throw new Error(`the column "${name}" ${path ? 'twice' : 'that the schema lacks'}`);
    seen.add(key);
    const start = requireInteger(meta.field_11 || meta.field_9, `the place of the column "${name}"`);
    const end = start + requireInteger(meta.field_7, `the size of the column "${name}"`);
    if (start > size) throw new Error(`the column "${name}" lies beyond the end of the file`);
    return { name, path, codec: CompressionCodecs[meta.field_4], start, end: Math.min(end, size) };
  });
  return { rows, chunks };
}

function schemaElement(fields: Fields): SchemaElement {
  const element: SchemaElement = { name: text(fields.field_4) };
  const [type, repetition, converted] = [fields.field_1, fields.field_3, fields.field_6];
  if (type !== undefined) element.type = ParquetTypes[type] ?? unknownFault(`the type ${type}`);
  if (fields.field_2 !== undefined) element.type_length = fields.field_2;
  if (repetition !== undefined)
    element.repetition_type = FieldRepetitionTypes[repetition] ?? unknownFault(`the repetition ${repetition}`);
  if (fields.field_5 !== undefined) element.num_children = fields.field_5;
  const kind: ConvertedType | undefined = converted === undefined ? undefined : ConvertedTypes[converted];
  if (kind !== undefined) element.converted_type = kind;
  if (fields.field_7 !== undefined) element.scale = fields.field_7;
  const logical = fields.field_10 === undefined ? undefined : logicalType(fields.field_10);
  if (logical !== undefined) element.logical_type = logical;
  // the library uses these names as property names
  if (element.name === '__proto__') unknownFault('a column named __proto__');
  return element;
}

/** The logical types that change how a value is read. */
function logicalType(fields: Fields): LogicalType | undefined {
  if (fields.field_1) return { type: 'STRING' };
  if (fields.field_5) {
    const { field_1: scale, field_2: precision } = fields.field_5 as Fields;
    return { type: 'DECIMAL', scale, precision };
  }
  if (fields.field_8) {
    const { field_1: isAdjustedToUTC, field_2: unit } = fields.field_8 as Fields;
    const { field_1: millis, field_2: micros } = (unit ?? {}) as Fields;
    return { type: 'TIMESTAMP', isAdjustedToUTC, unit: millis ? 'MILLIS' : micros ? 'MICROS' : 'NANOS' };
  }
  if (fields.field_10) {
    const { field_1: bitWidth, field_2: isSigned } = fields.field_10 as Fields;
    return { type: 'INTEGER', bitWidth, isSigned };
  }
  if (fields.field_14) return { type: 'UUID' };
  if (fields.field_15) return { type: 'FLOAT16' };
  return undefined;
}

/** The schema as a tree, and the path to each column, keyed by its names. */
function schemaOf(elements: readonly SchemaElement[]): { schema: SchemaTree; leaves: Map<string, SchemaTree[]> } {
  if (elements.length > MAX_ELEMENTS) throw new Error(`a schema of ${elements.length} elements`);
  const leaves = new Map<string, SchemaTree[]>();
  let next = 0;
  const tree = (above: readonly SchemaTree[]): SchemaTree => {
    if (above.length > MAX_NESTING) throw new Error(`columns nested more than ${MAX_NESTING} deep`);
    const element = elements[next++] ?? unknownFault('a schema that ends too early');
    const path = above.length === 0 ? [] : [...above.at(-1)!.path, element.name];
    const node: SchemaTree = { children: [], count: 1, element, path };
    const here = [...above, node];
    for (let i = 0; i < (element.num_children ?? 0); i++) {
      const child = tree(here);
      node.children.push(child);
      node.count += child.count;
    }
    if (above.length > 0 && node.children.length === 0) leaves.set(path.join(PATH_SEPARATOR), here);
    return node;
  };
  return { schema: tree([]), leaves };
}

function list<T = Fields>(value: unknown): T[] {
  if (!Array.isArray(value)) throw new Error('damaged header: a list is missing');
  return value;
}

function text(value: unknown): string {
  if (!(value instanceof Uint8Array)) throw new Error('damaged header: a name is missing');
  return new TextDecoder().decode(value);
}

function requireInteger(value: unknown, what: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`damaged header: ${what} is ${value}`);
  return number;
}

function unknownFault(what: string): never {
  throw new Error(`damaged header: ${what}`);
}
