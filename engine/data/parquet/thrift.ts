/**
 * Validates a structure in Thrift's compact protocol before the library reads it: the library trusts lengths of lists and
 * numbers of any size, so a few bytes could make it allocate gigabytes or compute for minutes.
 */

const TYPE = { true: 1, false: 2, byte: 3, i16: 4, i32: 5, i64: 6, double: 7, binary: 8, list: 9, struct: 12 } as const;
/** Maximum nesting of structures; Parquet's has fewer than ten levels. */
const MAX_DEPTH = 32;
const MAX_VARINT = 10;

/** Walks the structure at `offset`, and returns its end. Throws if it is damaged. */
export function checkThrift(bytes: Uint8Array, offset: number): number {
  let at = offset;
  const byte = () => bytes[at++] ?? damaged('it ends too early');
  const varint = () => {
    let value = 0;
    for (let i = 0; i < MAX_VARINT; i++) {
      const next = byte();
      value += (next & 0x7f) * 2 ** (7 * i);
      if (next < 0x80) return value;
    }
    return damaged('a number has too many bytes');
  };
  const skip = (length: number) => {
    if (length > bytes.length - at) damaged(`a length of ${length} bytes`);
    at += length;
  };
  const element = (type: number, depth: number): void => {
    if (type === TYPE.true || type === TYPE.false) return;
    if (type === TYPE.byte) skip(1);
    else if (type === TYPE.i16 || type === TYPE.i32 || type === TYPE.i64) varint();
    else if (type === TYPE.double) skip(8);
    else if (type === TYPE.binary) skip(varint());
    else if (type === TYPE.list) list(depth + 1);
    else if (type === TYPE.struct) struct(depth + 1);
    else damaged(`a value of the unknown type ${type}`);
  };
  const list = (depth: number) => {
    if (depth > MAX_DEPTH) damaged('it is nested too deeply');
    const head = byte();
    const type = head & 0x0f;
    const size = head >> 4 === 15 ? varint() : head >> 4;
    // each element takes at least a byte
    if (size > bytes.length - at) damaged(`a list of ${size} elements`);
    for (let i = 0; i < size; i++) element(type <= TYPE.false ? TYPE.byte : type, depth);
  };
  const struct = (depth: number) => {
    if (depth > MAX_DEPTH) damaged('it is nested too deeply');
    for (let head = byte(); (head & 0x0f) !== 0; head = byte()) {
      if (head >> 4 === 0) varint();
      element(head & 0x0f, depth);
    }
  };
  struct(0);
  return at;
}

function damaged(what: string): never {
  throw new Error(`damaged header: ${what}`);
}
