/** Bits of a part of Zstandard data, which are read from its beginning or from its end. */

/** Ends the reading of input that no compressor has written. */
export function damaged(): never {
  throw new Error('damaged Zstandard data');
}

/** The place of the highest bit that is set; -1 for 0. */
export function highestBit(value: number): number {
  return 31 - Math.clz32(value);
}

/** Reads bits from the beginning, the lowest of each byte first. */
export class ForwardBits {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at * 8;
  }

  /** `count`: at most 16. Throws where the bytes end. */
  read(count: number): number {
    const byte = this.#at >> 3;
    if (this.#at + count > this.#bytes.length * 8) damaged();
    const value = this.#bytes[byte]! | (this.#bytes[byte + 1]! << 8) | (this.#bytes[byte + 2]! << 16);
    const shift = this.#at & 7;
    this.#at += count;
    return (value >> shift) & ((1 << count) - 1);
  }

  /** Gives back bits that were read. */
  unread(count: number): void {
    this.#at -= count;
  }

  /** The first byte of which no bit was read. */
  get nextByte(): number {
    return (this.#at + 7) >> 3;
  }
}

/**
 * Reads bits from the end, the highest first: a bit that is set stands in front of them. What would stand before the
 * beginning is 0, and `left` is negative then.
 */
export class BackwardBits {
  readonly #bytes: Uint8Array;
  /** Bits that were not read yet. */
  left: number;

  constructor(bytes: Uint8Array) {
    const last = bytes[bytes.length - 1];
    if (!last) damaged();
    // after them are bytes to be read with the last ones, so that no read ends outside of the array, which is slow
    this.#bytes = new Uint8Array(bytes.length + 4);
    this.#bytes.set(bytes);
    this.left = (bytes.length - 1) * 8 + highestBit(last);
  }

  /** The next bits without taking them. `count`: at most 24. */
  peek(count: number): number {
    const from = this.left - count;
    if (from < 0) return this.left <= 0 ? 0 : (this.#from(0, this.left) << -from) & ((1 << count) - 1);
    return this.#from(from, count);
  }

  /** Takes the next bits. `count`: at most 24. */
  read(count: number): number {
    const value = this.peek(count);
    this.left -= count;
    return value;
  }

  #from(from: number, count: number): number {
    const at = from >> 3;
    const bytes = this.#bytes;
    const value = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    return (value >>> (from & 7)) & ((1 << count) - 1);
  }
}
