/** The literals of a block: bytes that its sequences copy into the output (RFC 8878, 3.1.1.3.1). */
import { damaged } from './bits.ts';
import { type HuffmanTable, readHuffmanStream, readHuffmanTable } from './huffman.ts';
import { MAX_BLOCK } from './output.ts';

export interface Literals {
  bytes: Uint8Array;
  /** Their end in the block. */
  end: number;
  /** The Huffman table that the next block may reuse; null if there is none yet. */
  table: HuffmanTable | null;
}

/** Reads the literals at the beginning of a block. `table`: the previous block's. */
export function readLiterals(block: Uint8Array, table: HuffmanTable | null): Literals {
  const first = block[0] ?? damaged();
  const kind = first & 3;
  const format = (first >> 2) & 3;
  if (kind < 2) {
    const header = format === 3 ? 3 : format === 1 ? 2 : 1;
    const size = number(block, header) >> (header === 1 ? 3 : 4);
    const end = header + (kind === 0 ? size : 1);
    if (size > MAX_BLOCK || end > block.length) damaged();
    const bytes = kind === 0 ? block.subarray(header, end) : new Uint8Array(size).fill(block[header]!);
    return { bytes, end, table };
  }
  const header = format < 2 ? 3 : format + 2;
  const bits = [10, 10, 14, 18][format]!;
  const sizes = Math.floor(number(block, header) / 16);
  const size = sizes % 2 ** bits;
  const end = header + Math.floor(sizes / 2 ** bits);
  if (size > MAX_BLOCK || end > block.length) damaged();
  let packed = block.subarray(header, end);
  let own = table;
  if (kind === 2) {
    const found = readHuffmanTable(packed);
    own = found.table;
    packed = packed.subarray(found.end);
  }
  const bytes = new Uint8Array(size);
  if (!own) damaged();
  if (format === 0) readHuffmanStream(packed, own, bytes);
  else readStreams(packed, own, bytes);
  return { bytes, end, table: own };
}

/** Reads four streams; the first three have the same decompressed length. */
function readStreams(packed: Uint8Array, table: HuffmanTable, output: Uint8Array): void {
  if (packed.length < 6) damaged();
  const part = (output.length + 3) >> 2;
  if (3 * part > output.length) damaged();
  let at = 6;
  for (let i = 0; i < 4; i++) {
    const end = i < 3 ? at + (packed[2 * i]! | (packed[2 * i + 1]! << 8)) : packed.length;
    if (end > packed.length) damaged();
    readHuffmanStream(packed.subarray(at, end), table, output.subarray(i * part, i < 3 ? (i + 1) * part : undefined));
    at = end;
  }
}

/** The little-endian number in the first bytes of a block. */
function number(block: Uint8Array, bytes: number): number {
  if (bytes > block.length) damaged();
  let value = 0;
  for (let i = bytes - 1; i >= 0; i--) value = value * 256 + block[i]!;
  return value;
}
