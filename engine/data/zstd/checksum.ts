/** XXH64 with seed 0; Zstandard stores its low half. */

const PRIMES = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
] as const;
const [P1, P2, P3, P4, P5] = PRIMES;
const [P1_HIGH, P1_LOW] = [Number(P1 >> 32n), Number(P1 & 0xffffffffn)];
const [P2_HIGH, P2_LOW] = [Number(P2 >> 32n), Number(P2 & 0xffffffffn)];

/** The low 32 bits of the bytes' hash. */
export function checksum(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lanes = [P1 + P2, P2, 0n, -P1].map((value) => new Lane(value));
  let at = 0;
  for (; at + 32 <= bytes.length; at += 32) {
    for (let i = 0; i < 4; i++) lanes[i]!.take(view.getInt32(at + 8 * i + 4, true), view.getInt32(at + 8 * i, true));
  }
  let hash: bigint = P5;
  if (bytes.length >= 32) {
    const values = lanes.map(({ value }) => value);
    hash = values.reduce((sum, value, i) => u64(sum + rotated(value, [1n, 7n, 12n, 18n][i]!)), 0n);
    for (const value of values) hash = u64((hash ^ round(0n, value)) * P1 + P4);
  }
  hash = u64(hash + BigInt(bytes.length));
  for (; at + 8 <= bytes.length; at += 8) {
    hash = u64(rotated(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * P1 + P4);
  }
  for (; at + 4 <= bytes.length; at += 4) {
    hash = u64(rotated(hash ^ u64(BigInt(view.getUint32(at, true)) * P1), 23n) * P2 + P3);
  }
  for (; at < bytes.length; at++) hash = u64(rotated(hash ^ u64(BigInt(bytes[at]!) * P5), 11n) * P1);
  hash = u64((hash ^ (hash >> 33n)) * P2);
  hash = u64((hash ^ (hash >> 29n)) * P3);
  return Number((hash ^ (hash >> 32n)) & 0xffffffffn);
}

function u64(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

function rotated(value: bigint, by: bigint): bigint {
  return u64(value << by) | (value >> (64n - by));
}

function round(value: bigint, input: bigint): bigint {
  return u64(rotated(u64(value + input * P2), 31n) * P1);
}

/** A quarter of the hash's state, in 32-bit halves: with bigints, the same rounds take twenty times as long. */
class Lane {
  #high: number;
  #low: number;

  constructor(value: bigint) {
    this.#high = Number(BigInt.asIntN(32, value >> 32n));
    this.#low = Number(BigInt.asIntN(32, value));
  }

  get value(): bigint {
    return (BigInt(this.#high >>> 0) << 32n) | BigInt(this.#low >>> 0);
  }

  /** Applies `round` to 64 bits, given in halves. */
  take(high: number, low: number): void {
    const sum = (this.#low >>> 0) + (Math.imul(low, P2_LOW) >>> 0);
    const upper = (this.#high + highProduct(high, low, P2_HIGH, P2_LOW) + (sum > 0xffffffff ? 1 : 0)) | 0;
    const turnedHigh = (upper << 31) | (sum >>> 1);
    const turnedLow = (sum << 31) | (upper >>> 1);
    this.#high = highProduct(turnedHigh, turnedLow, P1_HIGH, P1_LOW);
    this.#low = Math.imul(turnedLow, P1_LOW);
  }
}

/** Bits 32 to 63 of the product of two 64-bit numbers, given in halves. */
function highProduct(aHigh: number, aLow: number, bHigh: number, bLow: number): number {
  const a0 = aLow & 0xffff;
  const a1 = aLow >>> 16;
  const b0 = bLow & 0xffff;
  const b1 = bLow >>> 16;
  const first = (Math.imul(a1, b0) >>> 0) + (Math.imul(a0, b0) >>> 16);
  const second = (Math.imul(a0, b1) >>> 0) + (first & 0xffff);
  const top = Math.imul(a1, b1) + (first >>> 16) + (second >>> 16);
  return (top + Math.imul(aHigh, bLow) + Math.imul(aLow, bHigh)) | 0;
}
