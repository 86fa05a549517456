/** Exact rationals with bounded size: every operation that would exceed the bound throws `OutOfBounds`. */
import { spend } from './meter.ts';

/** Thrown if exact work would grow too large; callers fall back to numbers or text. */
export class OutOfBounds extends Error {}

/** n / d in lowest terms, d > 0. */
export interface Rational {
  readonly n: bigint;
  readonly d: bigint;
}

/** Maximum size of a numerator or denominator, in hexadecimal digits. */
const MAX_HEX_DIGITS = 1024;

export const ZERO: Rational = { n: 0n, d: 1n };
export const ONE: Rational = { n: 1n, d: 1n };

function abs(x: bigint): bigint {
  return x < 0n ? -x : x;
}

/** Hexadecimal digits, 1 for all small numbers. */
function size(x: bigint): number {
  return x <= 0xffff_ffffn && x >= -0xffff_ffffn ? 1 : x.toString(16).length;
}

/**
 * Greatest common divisor, never negative, by Euclid. Counts its steps against the text's budget and throws when that is
 * used up.
 */
export function gcd(a: bigint, b: bigint): bigint {
  let x = abs(a);
  let y = abs(b);
  if (x === 1n || y === 1n) return 1n;
  // Euclid's algorithm takes about two rounds for each digit of the smaller, each as long as the numbers
  const [m, n] = [size(x), size(y)];
  spend(1 + Math.min(m, n) * (4 + Math.max(m, n) / 64));
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/** Throws OutOfBounds if the denominator is 0 or either part is too large. */
export function rational(n: bigint, d = 1n): Rational {
  if (d === 0n) throw new OutOfBounds('division by zero');
  const g = gcd(n, d);
  const sign = d < 0n ? -1n : 1n;
  const result = g === 0n ? ZERO : { n: (sign * n) / g, d: (sign * d) / g };
  if (tooLong(result.n) || tooLong(result.d)) throw new OutOfBounds('number too large');
  return result;
}

function tooLong(x: bigint): boolean {
  return size(x) > MAX_HEX_DIGITS;
}

/** n / 1. Throws `RangeError` for a number that is not an integer. */
export function integer(n: number): Rational {
  return { n: BigInt(n), d: 1n };
}

/** a + b. Throws `OutOfBounds`. */
export function add(a: Rational, b: Rational): Rational {
  return rational(a.n * b.d + b.n * a.d, a.d * b.d);
}

/** -a; always within bounds, since it is as large as a. */
export function negate(a: Rational): Rational {
  return { n: -a.n, d: a.d };
}

/** a b. Throws `OutOfBounds`. */
export function multiply(a: Rational, b: Rational): Rational {
  return rational(a.n * b.n, a.d * b.d);
}

/** a / b. Throws `OutOfBounds`, for a divisor of 0 too. */
export function divide(a: Rational, b: Rational): Rational {
  return rational(a.n * b.d, a.d * b.n);
}

/** Whether both are the same number: exact, since both are in lowest terms. */
export function equal(a: Rational, b: Rational): boolean {
  return a.n === b.n && a.d === b.d;
}

/** Whether the denominator is 1. */
export function isInteger(a: Rational): boolean {
  return a.d === 1n;
}

/** a^k for an integer k; the size of the result is checked before it is computed. */
export function power(a: Rational, k: bigint): Rational {
  if (k === 0n) return ONE;
  if (a.n === 0n) {
    if (k < 0n) throw new OutOfBounds('division by zero');
    return ZERO;
  }
  const times = abs(k);
  const digits = BigInt(Math.max(size(a.n), size(a.d)));
  const unit = abs(a.n) === 1n && a.d === 1n;
  if (!unit && (times > 4096n || digits * times > BigInt(2 * MAX_HEX_DIGITS))) throw new OutOfBounds('power too large');
  if (unit) return a.n > 0n || times % 2n === 0n ? ONE : negate(ONE);
  return k > 0n ? rational(a.n ** times, a.d ** times) : rational(a.d ** times, a.n ** times);
}

/** The exact k-th root (k = 1..64), if it is rational; otherwise null. Negative radicands only for odd k. */
export function root(a: Rational, k: number): Rational | null {
  if (!Number.isInteger(k) || k < 1 || k > 64) return null;
  if (a.n < 0n) {
    if (k % 2 === 0) return null;
    const positive = root(negate(a), k);
    return positive && negate(positive);
  }
  const n = integerRoot(a.n, k);
  if (n === null) return null;
  const d = integerRoot(a.d, k);
  return d === null ? null : { n, d };
}

/** Newton's method from above: each iteration doubles the correct digits. */
function integerRoot(x: bigint, k: number): bigint | null {
  if (x < 2n || k === 1) return x;
  if (x < 0x1f_ffff_ffff_ffffn) {
    const near = BigInt(Math.round(Number(x) ** (1 / k)));
    return near ** BigInt(k) === x ? near : null;
  }
  const power = BigInt(k);
  const digits = size(x);
  let guess = 1n << BigInt(Math.ceil((4 * digits) / k));
  for (;;) {
    spend(10 + digits / 4);
    const next = ((power - 1n) * guess + x / guess ** (power - 1n)) / power;
    if (next >= guess) return guess ** power === x ? guess : null;
    guess = next;
  }
}

/** The nearest double; quotients of huge integers keep their leading digits. */
export function toNumber(a: Rational): number {
  const n = Number(a.n);
  const d = Number(a.d);
  if (Number.isFinite(n) && Number.isFinite(d)) return n / d;
  const shift = BigInt(Math.max(0, 4 * (Math.max(size(a.n), size(a.d)) - 200)));
  const scaled = Number(a.n >> shift) / Number(a.d >> shift || 1n);
  return scaled;
}

/** Value of decimal text such as `12`, `.5`, `3.25` with an optional power of ten. Throws OutOfBounds. */
export function fromDecimal(text: string, exponent = 0): Rational {
  const [whole = '', fraction = ''] = text.split('.');
  if (whole.length + fraction.length > MAX_HEX_DIGITS || Math.abs(exponent) > MAX_HEX_DIGITS) {
    throw new OutOfBounds('number too long');
  }
  const value = rational(BigInt(`${whole}${fraction}` || '0'), 10n ** BigInt(fraction.length));
  if (exponent === 0) return value;
  const scale = 10n ** BigInt(Math.abs(exponent));
  return exponent > 0 ? multiply(value, rational(scale)) : divide(value, rational(scale));
}
