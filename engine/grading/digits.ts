/** Digits as numbers: in another base, or with a repetend. */
import type { MathNode } from './node.ts';
import { fromDecimal, rational, add as sumOf } from './rational.ts';
import { Unreadable } from './scanner.ts';

const DIGIT_VALUES = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const BASE_WORDS: ReadonlyMap<string, number> = new Map([
  ['two', 2],
  ['three', 3],
  ['four', 4],
  ['five', 5],
  ['six', 6],
  ['seven', 7],
  ['eight', 8],
  ['nine', 9],
  ['ten', 10],
  ['twelve', 12],
  ['sixteen', 16],
]);

/** The value of digits in a base: `11_2` is three. Throws Unreadable for digits that are invalid in the base. */
export function inBase(digits: string, base: string): MathNode {
  const b = /^\d/.test(base) ? Number(base) : BASE_WORDS.get(base);
  if (b === undefined || b < 2 || b > 36 || digits.length > 256) throw new Unreadable('bad base');
  let value = 0n;
  for (const digit of digits) {
    const d = DIGIT_VALUES.indexOf(digit);
    if (d < 0 || d >= b) throw new Unreadable('bad digit');
    value = value * BigInt(b) + BigInt(d);
  }
  return { kind: 'number', value: rational(value), places: 0 };
}

/** The repetend at the end of a decimal: `6` for `1666`; null if fewer than three digits show it. */
export function periodOf(decimals: string): string | null {
  let best: { length: number; digits: number } | null = null;
  for (let length = 1; length <= 6; length++) {
    let matching = 0;
    while (matching + length < decimals.length) {
      const at = decimals.length - 1 - matching;
      if (decimals[at] !== decimals[at - length]) break;
      matching++;
    }
    const digits = Math.floor((matching + length) / length) * length;
    if (digits >= Math.max(3, 2 * length) && digits > (best?.digits ?? 0)) best = { length, digits };
  }
  if (!best) return null;
  const start = decimals.length - best.digits;
  return decimals.slice(start, start + best.length);
}

/** The value of a repeating decimal: `0.1` with the repetend `6` is 1/6. */
export function repeatingDecimal(digits: string, repetend: string): MathNode {
  const start = fromDecimal(digits);
  const places = digits.includes('.') ? digits.length - digits.indexOf('.') - 1 : 0;
  const under = (10n ** BigInt(repetend.length) - 1n) * 10n ** BigInt(places);
  return { kind: 'number', value: sumOf(start, rational(BigInt(repetend), under)), places: 0 };
}
