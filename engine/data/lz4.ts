/**
 * LZ4 in Parquet files: a raw block (LZ4_RAW), or, under the older name LZ4, Hadoop's blocks, each preceded by two lengths;
 * some writers store a raw block under that name, too. Pure.
 */

/** Decompresses a block of `length` bytes. Throws if it is damaged. */
export function unpackLz4Block(input: Uint8Array, length: number): Uint8Array {
  const output = new Uint8Array(length);
  let at = 0;
  let end = 0;
  // a length of 15 continues in the following bytes, until one is not 255
  const lengthFrom = (nibble: number) => {
    let sum = nibble;
    for (let byte = nibble === 15 ? 255 : 0; byte === 255; sum += byte) {
      byte = input[at++] ?? damaged();
    }
    return sum;
  };
  while (at < input.length) {
    const token = input[at++]!;
    const literals = lengthFrom(token >> 4);
    if (at + literals > input.length || end + literals > length) damaged();
    output.set(input.subarray(at, at + literals), end);
    at += literals;
    end += literals;
    if (at === input.length) break;
    const offset = input[at]! | ((input[at + 1] ?? damaged()) << 8);
    at += 2;
    const copied = lengthFrom(token & 15) + 4;
    if (offset === 0 || offset > end || end + copied > length) damaged();
    // byte by byte, since source and destination may overlap
    for (let i = 0; i < copied; i++, end++) output[end] = output[end - offset]!;
  }
  if (end !== length) damaged();
  return output;
}

/** Decompresses Hadoop's blocks, or a raw block. Throws if they are damaged. */
export function unpackLz4(input: Uint8Array, length: number): Uint8Array {
  return hadoopBlocks(input, length) ?? unpackLz4Block(input, length);
}

function hadoopBlocks(input: Uint8Array, length: number): Uint8Array | null {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const output = new Uint8Array(length);
  let at = 0;
  let end = 0;
  while (at + 8 <= input.length) {
    const [unpacked, packed] = [view.getUint32(at), view.getUint32(at + 4)];
    at += 8;
    if (packed > input.length - at || unpacked > length - end) return null;
    try {
      output.set(unpackLz4Block(input.subarray(at, at + packed), unpacked), end);
    } catch {
      return null;
    }
    at += packed;
    end += unpacked;
  }
  return at === input.length && end === length ? output : null;
}

function damaged(): never {
  throw new Error('damaged LZ4 data');
}
