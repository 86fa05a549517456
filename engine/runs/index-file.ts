/**
 * The index of a run: its columns in one file next to the journal, so that opening does not read the journal again. It can
 * always be rebuilt, so it is only trusted if it is complete, of this version, and made from the journal that is there.
 *
 * Little-endian: `RSIX`, version, CRC-32 of all that follows, length of a JSON header, the header, then the arrays, each at a
 * multiple of 8 bytes from the beginning of the file. An array is as narrow as its numbers allow without loss: few columns need
 * what they are declared as, and those of a journal of a gigabyte take half the room.
 */
import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import * as z from 'zod';
import { crc32 } from '../journal/crc.ts';
import { streamAside } from '../system/aside.ts';
import { openRegular } from '../system/regular-file.ts';
import type { RunColumns } from './columns.ts';
import { isPartUnchanged, type JournalPart, seemsPartUnchanged } from './journal-part.ts';
import { adopt, type PackedColumns, viewOf } from './packed.ts';
import type { Column } from './table.ts';

export const INDEX_FILE = 'view.index';
/** Raised whenever columns, or what the fold puts into them, change. */
const INDEX_VERSION = 7;
const MAGIC = 0x58495352;
const FIXED_HEADER_BYTES = 16;
const ALIGNMENT = 8;
/** Bytes to read at once. */
const BYTES_PER_READ = 2 ** 26;

const TYPES = {
  ...{ i8: Int8Array, u8: Uint8Array, i16: Int16Array, u16: Uint16Array, i32: Int32Array },
  ...{ f32: Float32Array, f64: Float64Array },
} as const;
/** Ranges of what whole numbers are stored as, the narrowest first. */
const INTEGER_RANGES = [
  ['u8', 0, 2 ** 8 - 1],
  ['i8', -(2 ** 7), 2 ** 7 - 1],
  ['u16', 0, 2 ** 16 - 1],
  ['i16', -(2 ** 15), 2 ** 15 - 1],
] as const;
type TypeName = keyof typeof TYPES;

interface ArrayPlace {
  /** Such as `['groups', 'share']`. */
  path: string[];
  type: TypeName;
  length: number;
}

type Scalars = Pick<PackedColumns, 'seq' | 'step' | 'texts' | 'head'>;

interface Header extends Scalars {
  journal: JournalPart;
  arrays: ArrayPlace[];
}

export interface Indexed {
  columns: RunColumns;
  /** The part of the journal that the columns are made of. */
  journal: JournalPart;
}

/** The possible places of a run's index: next to the journal, or in the cache if the run folder is not writable. */
export function indexPaths(folder: string, cache: string): string[] {
  const key = createHash('sha256').update(resolve(folder)).digest('hex').slice(0, 32);
  return [join(folder, INDEX_FILE), join(cache, 'indexes', `${key}.index`)];
}

/** The index of a run; null where there is none that can be used. Never throws. */
export async function readIndex(folder: string, cache: string): Promise<Indexed | null> {
  for (const path of indexPaths(folder, cache)) {
    const found = await readOne(path).catch(() => null);
    if (found && (await isPartUnchanged(folder, found.journal))) return found;
  }
  return null;
}

/** The part of an index that the list of runs reads, without the columns. */
const IndexHead = z.object({
  seq: z.number(),
  journal: z.object({ bytes: z.number(), blocks: z.array(z.number()), size: z.number(), changed: z.number() }),
  head: z.object({
    skipped: z.record(z.string(), z.number()),
    warnings: z.array(z.object({ code: z.string(), message: z.string(), step: z.number().nullable() })),
  }),
});
type IndexHead = z.infer<typeof IndexHead>;

/**
 * The part of a run's head that is in its index, valid for a part of the journal. null if there is none, or if the
 * journal was changed in that part. Never throws.
 * @param writing whether a writer, which only appends, is alive; then only the end of the part is compared, which takes
 * no time
 */
export async function readIndexHead(folder: string, cache: string, writing: boolean): Promise<IndexHead | null> {
  const isThere = writing ? seemsPartUnchanged : isPartUnchanged;
  for (const path of indexPaths(folder, cache)) {
    const header = await readHeader(path).catch(() => null);
    if (header && (await isThere(folder, header.journal))) return header;
  }
  return null;
}

async function readHeader(path: string): Promise<IndexHead | null> {
  const handle = await openRegular(path);
  try {
    const fixed = Buffer.alloc(FIXED_HEADER_BYTES);
    await handle.read(fixed, 0, FIXED_HEADER_BYTES, 0);
    if (fixed.readUInt32LE(0) !== MAGIC || fixed.readUInt32LE(4) !== INDEX_VERSION) return null;
    const json = Buffer.alloc(Math.min(fixed.readUInt32LE(12), (await handle.stat()).size));
    await handle.read(json, 0, json.length, FIXED_HEADER_BYTES);
    return IndexHead.parse(JSON.parse(json.toString()));
  } finally {
    await handle.close();
  }
}

/**
 * Writes the index next to the journal, otherwise into the cache. Does without one if neither is writable. Never
 * throws.
 */
export async function writeIndex(folder: string, cache: string, indexed: Indexed): Promise<void> {
  const parts = encode(indexed);
  for (const path of indexPaths(folder, cache)) {
    try {
      await streamAside(path, Readable.from(parts()));
      return;
    } catch {
      // Try the next place, or do without: the columns are in memory.
    }
  }
}

async function readOne(path: string): Promise<Indexed | null> {
  const handle = await openRegular(path);
  try {
    const { size } = await handle.stat();
    // One buffer, which the columns take over; typed arrays begin at multiples of 8 from its beginning.
    const bytes = new Uint8Array(size);
    let length = 0;
    for (let read = 1; read > 0 && length < size; length += read) {
      read = (await handle.read(bytes, length, Math.min(BYTES_PER_READ, size - length), length)).bytesRead;
    }
    return length === size ? decode(bytes) : null;
  } finally {
    await handle.close();
  }
}

/**
 * The parts of the file, generated again by each call: only one array at a time exists both as it is stored and as a
 * column.
 */
function encode({ columns, journal }: Indexed): () => Generator<Uint8Array> {
  const packed = viewOf(columns);
  const arrays = arraysOf(packed).map(([path, array]) => ({ path, array, type: typeFor(path, array) }));
  const header: Header = {
    journal,
    seq: packed.seq,
    step: packed.step,
    texts: packed.texts,
    head: packed.head!,
    arrays: arrays.map(({ path, array, type }) => ({ path, type, length: array.length })),
  };
  const json = Buffer.from(JSON.stringify(header));
  const fixed = new Uint8Array(FIXED_HEADER_BYTES);
  function* rest(): Generator<Uint8Array> {
    yield* padded(json, FIXED_HEADER_BYTES + json.length);
    for (const { array, type } of arrays) {
      const stored = array instanceof TYPES[type] ? array : new TYPES[type](array);
      yield* padded(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength), stored.byteLength);
    }
  }
  const view = new DataView(fixed.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, INDEX_VERSION, true);
  view.setUint32(12, json.length, true);
  let sum = crc32(fixed.subarray(12));
  for (const part of rest()) sum = crc32(part, sum);
  view.setUint32(8, sum, true);
  return function* () {
    yield fixed;
    yield* rest();
  };
}

/** The narrowest type that can hold the same numbers. Series are few and are stored differently. */
function typeFor([kind]: readonly string[], array: Column): TypeName {
  const own = typeOf(array);
  if (kind === 'series') return own;
  if (own === 'f64' || own === 'f32') {
    for (let i = 0; i < array.length; i++) if (!Object.is(Math.fround(array[i]!), array[i])) return 'f64';
    return 'f32';
  }
  let [least, most] = [0, 0];
  for (let i = 0; i < array.length; i++) {
    if (array[i]! < least) least = array[i]!;
    else if (array[i]! > most) most = array[i]!;
  }
  return INTEGER_RANGES.find(([, from, to]) => least >= from && most <= to)?.[0] ?? 'i32';
}

/** The bytes followed by the padding up to the next array; no empty part, for which zlib would return 0. */
function padded(bytes: Uint8Array, end: number): Uint8Array[] {
  return [bytes, new Uint8Array(aligned(end) - end)].filter((part) => part.length > 0);
}

/** null for anything but a whole index of this version. */
function decode(bytes: Uint8Array<ArrayBuffer>): Indexed | null {
  if (bytes.length < FIXED_HEADER_BYTES) return null;
  const view = new DataView(bytes.buffer);
  if (view.getUint32(0, true) !== MAGIC || view.getUint32(4, true) !== INDEX_VERSION) return null;
  if (view.getUint32(8, true) !== crc32(bytes.subarray(12))) return null;
  const length = view.getUint32(12, true);
  const { journal, arrays, ...scalars }: Header = JSON.parse(
    Buffer.from(bytes.buffer, FIXED_HEADER_BYTES, length).toString(),
  );
  const packed = { ...scalars, whole: true, groups: {}, clusters: {}, updates: {}, series: { values: {} } };
  let at = aligned(FIXED_HEADER_BYTES + length);
  for (const { path, type, length: count } of arrays) {
    const array = new TYPES[type](bytes.buffer, at, count);
    put(packed, path, array);
    at = aligned(at + array.byteLength);
  }
  return { columns: adopt(packed as unknown as PackedColumns), journal };
}

function arraysOf({ groups, clusters, updates, series }: PackedColumns): [path: string[], array: Column][] {
  const of = (path: string[], table: Record<string, Column>): [string[], Column][] =>
    Object.entries(table).map(([name, array]) => [[...path, name], array]);
  return [
    ...of(['groups'], groups),
    ...of(['clusters'], clusters),
    ...of(['updates'], updates),
    [['series', 'steps'], series.steps],
    ...of(['series', 'values'], series.values),
  ];
}

function put(into: Record<string, unknown>, path: readonly string[], array: Column): void {
  const [name, ...rest] = path;
  if (rest.length === 0) into[name!] = array;
  else put(into[name!] as Record<string, unknown>, rest, array);
}

function typeOf(array: Column): TypeName {
  return (Object.keys(TYPES) as TypeName[]).find((name) => array instanceof TYPES[name])!;
}

function aligned(at: number): number {
  return Math.ceil(at / ALIGNMENT) * ALIGNMENT;
}
