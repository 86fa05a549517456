/** Reads the bits of Zstandard data forward or backward. */

/** Rejects invalid input. */
export function damaged(): never {
  throw new Error('damaged Zstandard data');
}

/** Index of the highest set bit; -1 for 0. */
export function highestBit(value: number): number {
  return 31 - Math.clz32(value);
}

/** Reads bits from the beginning, starting with the lowest of each byte. */
export class ForwardBits {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at * 8;
  }

  /** Reads `count` bits, at most 16. Throws at the end of the bytes. */
  read(count: number): number {
    const byte = this.#at >> 3;
    if (this.#at + count > this.#bytes.length * 8) damaged();
    const value = this.#bytes[byte]! | (this.#bytes[byte + 1]! << 8) | (this.#bytes[byte + 2]! << 16);
    const shift = this.#at & 7;
    this.#at += count;
    return (value >> shift) & ((1 << count) - 1);
  }

  /** Moves back by `count` bits. */
  moveBack(count: number): void {
    this.#at -= count;
  }

  /** Index of the first byte without read bits. */
  get nextByte(): number {
    return (this.#at + 7) >> 3;
  }
}

/**
 * Reads bits from the end, highest first, after a set bit that marks the start. Bits past the beginning are 0, and `left` is
 * then negative.
 */
export class BackwardBits {
  readonly #bytes: Uint8Array;
  /** Number of unread bits. */
  left: number;

  constructor(bytes: Uint8Array) {
    const last = bytes[bytes.length - 1];
    if (!last) damaged();
    // padded so that no read goes out of bounds, which is slow
    this.#bytes = new Uint8Array(bytes.length + 4);
    this.#bytes.set(bytes);
    this.left = (bytes.length - 1) * 8 + highestBit(last);
  }

  /** Returns the next `count` bits, at most 24, without consuming them. */
  peek(count: number): number {
    const from = this.left - count;
    if (from < 0) return this.left <= 0 ? 0 : (this.#from(0, this.left) << -from) & ((1 << count) - 1);
    return this.#from(from, count);
  }

  /** Reads the next `count` bits, at most 24. */
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
