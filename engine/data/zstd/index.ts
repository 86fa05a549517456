/**
 * Decompresses Zstandard (RFC 8878), which Node 20 does not support. For any input, work and memory are bounded by the
 * lengths of input and output. Pure.
 */
import { damaged } from './bits.ts';
import { checksum } from './checksum.ts';
import type { HuffmanTable } from './huffman.ts';
import { readLiterals } from './literals.ts';
import { MAX_BLOCK, Unpacked } from './output.ts';
import { firstState, runSequences } from './sequences.ts';

const MAGIC = 0xfd2fb528;
/** Skippable frames begin with one of 16 magic numbers. */
const SKIPPED = 0x184d2a50;

/** Decompresses `length` bytes. Throws if the input is damaged or has another length. */
export function unpackZstd(input: Uint8Array, length: number): Uint8Array {
  const output = new Unpacked(length, length);
  readFrames(input, output);
  if (output.length !== length) damaged();
  return output.bytes;
}

/** Decompresses a file of unknown length. Throws if the input is damaged, or exceeds `limit` bytes (TooLong). */
export function unpackZstdFile(input: Uint8Array, limit: number): Uint8Array {
  const output = new Unpacked(limit, Math.min(16 * input.length, 1 << 26));
  readFrames(input, output);
  return output.bytes;
}

function readFrames(input: Uint8Array, output: Unpacked): void {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  let at = 0;
  while (at < input.length) {
    if (input.length - at < 5) damaged();
    const magic = view.getUint32(at, true);
    if (magic === MAGIC) at = readFrame(view, input, at, output);
    else if ((magic & 0xfffffff0) >>> 0 === SKIPPED && input.length - at >= 8) at += 8 + view.getUint32(at + 4, true);
    else damaged();
  }
  if (at !== input.length) damaged();
}

interface FrameHeader {
  end: number;
  /** Decompressed size of the frame in bytes; null if not stated. */
  size: number | null;
  hasChecksum: boolean;
}

function frameHeader(view: DataView, from: number): FrameHeader {
  const flags = view.getUint8(from + 4);
  const isSingle = (flags & 0x20) !== 0;
  if ((flags & 0x08) !== 0) damaged();
  const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][flags >> 6]!;
  const dictionaryBytes = [0, 1, 2, 4][flags & 3]!;
  const dictionaryAt = from + 5 + (isSingle ? 0 : 1);
  const sizeAt = dictionaryAt + dictionaryBytes;
  const end = sizeAt + sizeBytes;
  if (end > view.byteLength) damaged();
  for (let i = dictionaryAt; i < sizeAt; i++) {
    if (view.getUint8(i) !== 0) throw new Error('Zstandard data with its own dictionary');
  }
  const sizes: Record<number, () => number> = {
    1: () => view.getUint8(sizeAt),
    2: () => view.getUint16(sizeAt, true) + 256,
    4: () => view.getUint32(sizeAt, true),
    8: () => view.getUint32(sizeAt, true) + view.getUint32(sizeAt + 4, true) * 2 ** 32,
  };
  return { end, size: sizes[sizeBytes]?.() ?? null, hasChecksum: (flags & 0x04) !== 0 };
}

/** Decompresses one frame and returns its end. */
function readFrame(view: DataView, input: Uint8Array, from: number, output: Unpacked): number {
  const { end: blocksAt, size, hasChecksum } = frameHeader(view, from);
  if (size !== null) output.check(size);
  const start = output.length;
  const state = firstState();
  let table: HuffmanTable | null = null;
  let at = blocksAt;
  for (let isLast = false; !isLast; ) {
    if (at + 3 > input.length) damaged();
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    isLast = (header & 1) === 1;
    const kind = (header >> 1) & 3;
    const length = header >> 3;
    const end = at + 3 + (kind === 1 ? 1 : length);
    if (length > MAX_BLOCK || end > input.length || kind === 3) damaged();
    const block = input.subarray(at + 3, end);
    if (kind === 0) output.append(block);
    else if (kind === 1) output.fill(block[0]!, length);
    else {
      const literals = readLiterals(block, table);
      table = literals.table;
      runSequences(block.subarray(literals.end), literals.bytes, { state, output, start });
    }
    at = end;
  }
  const unpacked = output.bytes.subarray(start);
  if (size !== null && size !== unpacked.length) damaged();
  if (!hasChecksum) return at;
  if (at + 4 > input.length || view.getUint32(at, true) !== checksum(unpacked)) damaged();
  return at + 4;
}
