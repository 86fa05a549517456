/** Writes Protocol Buffers messages (protobuf.dev/programming-guides/encoding): only the part that ONNX needs. */

const VARINT = 0;
const BYTES = 2;
const FIXED32 = 5;
const utf8 = new TextEncoder();

function varint(value: number | bigint): number[] {
  const bytes: number[] = [];
  if (typeof value === 'number' && value >= 0 && value < 2 ** 31) {
    // Covers nearly all values, and is far faster than with a bigint.
    let small = value;
    for (; small >= 128; small >>>= 7) bytes.push((small & 127) | 128);
    bytes.push(small);
    return bytes;
  }
  // Negative numbers are encoded as 64-bit two's complement.
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest >= 128n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}

/** A message, written field by field in call order. */
export class Message {
  private readonly parts: Uint8Array[] = [];
  private length = 0;

  private push(bytes: Uint8Array): void {
    this.parts.push(bytes);
    this.length += bytes.length;
  }

  int(field: number, value: number | bigint): this {
    this.push(Uint8Array.from([...varint((field << 3) | VARINT), ...varint(value)]));
    return this;
  }

  ints(field: number, values: readonly number[]): this {
    for (const value of values) this.int(field, value);
    return this;
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(5);
    bytes[0] = (field << 3) | FIXED32;
    new DataView(bytes.buffer).setFloat32(1, value, true);
    this.push(bytes);
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.push(Uint8Array.from([...varint((field << 3) | BYTES), ...varint(value.length)]));
    this.push(value);
    return this;
  }

  string(field: number, value: string): this {
    return this.bytes(field, utf8.encode(value));
  }

  strings(field: number, values: readonly string[]): this {
    for (const value of values) this.string(field, value);
    return this;
  }

  message(field: number, value: Message): this {
    this.push(Uint8Array.from([...varint((field << 3) | BYTES), ...varint(value.length)]));
    for (const part of value.parts) this.push(part);
    return this;
  }

  messages(field: number, values: readonly Message[]): this {
    for (const value of values) this.message(field, value);
    return this;
  }

  finish(): Uint8Array {
    const result = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.parts) {
      result.set(part, at);
      at += part.length;
    }
    return result;
  }
}
