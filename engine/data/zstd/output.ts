/** Output buffer for Zstandard data, of known length or growing up to a limit. */
/** Maximum bytes of a decompressed block. */
export const MAX_BLOCK = 128 * 1024;

/** The decompressed data exceeds its limit. */
export class TooLong extends Error {}

/** The bytes that were decompressed so far. Exceeding the limit throws TooLong. */
export class Unpacked {
  #bytes: Uint8Array;
  #end = 0;
  readonly #limit: number;

  /**
   * @param limit maximum number of bytes
   * @param expected probable number of bytes
   */
  constructor(limit: number, expected: number) {
    this.#limit = limit;
    this.#bytes = new Uint8Array(Math.min(limit, expected));
  }

  get length(): number {
    return this.#end;
  }

  /** The bytes written so far. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#end);
  }

  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  fill(byte: number, count: number): void {
    this.#reserve(count);
    this.#bytes.fill(byte, this.#end, this.#end + count);
    this.#end += count;
  }

  /** Reserves space for a block, within the limit, and calls `write` with the current end; `write` returns the new end. */
  block(write: (bytes: Uint8Array, end: number) => number): void {
    this.#reserve(Math.min(MAX_BLOCK, this.#limit - this.#end));
    this.#end = write(this.#bytes.subarray(0, this.#end + MAX_BLOCK), this.#end);
  }

  /** Throws TooLong if `count` more bytes exceed the limit. */
  check(count: number): void {
    if (this.#end + count > this.#limit) throw new TooLong(`it is larger than ${this.#limit} bytes when unpacked`);
  }

  #reserve(count: number): void {
    const needed = this.#end + count;
    if (needed <= this.#bytes.length) return;
    this.check(count);
    const larger = new Uint8Array(Math.min(this.#limit, Math.max(needed, 2 * this.#bytes.length)));
    larger.set(this.bytes);
    this.#bytes = larger;
  }
}
