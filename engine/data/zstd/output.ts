/** Where Zstandard data is unpacked to: as long as is known, or growing up to a limit. */
/** Bytes that a block may give. */
export const MAX_BLOCK = 128 * 1024;

/** What is unpacked has more bytes than it may have. */
export class TooLong extends Error {}

/** The bytes that were unpacked so far. Adding more than the limit throws TooLong. */
export class Unpacked {
  #bytes: Uint8Array;
  #end = 0;
  readonly #limit: number;

  /**
   * @param limit bytes that it may hold; more throw
   * @param expected bytes that it will probably hold
   */
  constructor(limit: number, expected: number) {
    this.#limit = limit;
    this.#bytes = new Uint8Array(Math.min(limit, expected));
  }

  get length(): number {
    return this.#end;
  }

  /** What was written. */
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

  /** Makes room for a block, as far as the limit allows, and has it written from `length` on: `write` returns where it ended. */
  block(write: (bytes: Uint8Array, end: number) => number): void {
    this.#reserve(Math.min(MAX_BLOCK, this.#limit - this.#end));
    this.#end = write(this.#bytes.subarray(0, this.#end + MAX_BLOCK), this.#end);
  }

  /** Throws TooLong where so many more bytes are too many. */
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
