/** Snappy, the usual compression of Parquet files. Pure. */

/** Decompresses `length` bytes. Throws if the input is damaged. */
export function unpackSnappy(input: Uint8Array, length: number): Uint8Array {
  const output = new Uint8Array(length);
  let at = 0;
  let end = 0;
  const byte = () => (at < input.length ? input[at++]! : damaged());
  const number = (bytes: number) => {
    let value = 0;
    for (let i = 0; i < bytes; i++) value |= byte() << (8 * i);
    return value >>> 0;
  };
  // skip the length, which is already known
  if (input.length > 0) while (byte() >= 0x80);
  while (at < input.length) {
    const tag = byte();
    const kind = tag & 3;
    if (kind === 0) {
      const short = tag >> 2;
      const literal = (short < 60 ? short : number(short - 59)) + 1;
      if (literal > input.length - at || literal > length - end) damaged();
      output.set(input.subarray(at, at + literal), end);
      at += literal;
      end += literal;
      continue;
    }
    const copied = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const offset = kind === 1 ? ((tag >> 5) << 8) + byte() : number(kind === 2 ? 2 : 4);
    if (offset === 0 || offset > end || copied > length - end) damaged();
    // byte by byte: at most 64 bytes, and source and destination may overlap
    for (const last = end + copied; end < last; end++) output[end] = output[end - offset]!;
  }
  if (end !== length) damaged();
  return output;
}

function damaged(): never {
  throw new Error('damaged Snappy data');
}
