/**
 * Reads a Countdown expression, LaTeX or plain, and computes it in exact rationals. Nothing is evaluated as code, so `**`
 * and `//` are refused.
 */

import { shortNumber } from '../protocol/format.ts';

/** Longest expression that is read, characters. */
const LONGEST = 1000;
const DEEPEST = 100;

const FRACTION = /^\\[dt]?frac(?![A-Za-z])/;
const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

interface Rational {
  n: bigint;
  d: bigint;
}

class Refused extends Error {}

/** An expression's value (null where it divides by 0) and the whole numbers that it uses, in order. Throws Refused. */
function readExpression(text: string): { value: Rational | null; used: bigint[] } {
  const used: bigint[] = [];
  let at = 0;
  let depth = 0;
  const skip = () => {
    while (text[at] === ' ') at++;
  };
  const sign = (signs: string) => {
    skip();
    const found = text[at];
    if (found === undefined || !signs.includes(found)) return null;
    at++;
    return found;
  };
  const make = (n: bigint, d: bigint): Rational => (d < 0n ? { n: -n, d: -d } : { n, d });
  const quotient = (left: Rational | null, right: Rational | null): Rational | null =>
    left === null || right === null || right.n === 0n ? null : make(left.n * right.d, left.d * right.n);
  /** The rest of a bracket that was opened. */
  const inside = (closing: string): Rational | null => {
    if (++depth > DEEPEST) throw new Refused('its parentheses are nested too deeply');
    const inner = sum();
    depth--;
    if (!sign(closing)) throw new Refused('a parenthesis is not closed');
    return inner;
  };
  /** Numerator or denominator: in braces, or a single digit as in `\frac12`. */
  const part = (): Rational | null => {
    if (sign('{')) return inside('}');
    const digit = sign('0123456789');
    if (digit === null) throw new Refused('incomplete fraction');
    used.push(BigInt(digit));
    return { n: BigInt(digit), d: 1n };
  };
  const factor = (): Rational | null => {
    const open = sign('([{');
    if (open) return inside(CLOSING[open]!);
    const fraction = FRACTION.exec(text.slice(at, at + 7))?.[0];
    if (fraction) {
      at += fraction.length;
      return quotient(part(), part());
    }
    const digits = /^\d+/.exec(text.slice(at, at + 20))?.[0];
    if (!digits) throw new Refused(at < text.length ? `"${text[at]}" is not allowed there` : 'it ends too early');
    at += digits.length;
    used.push(BigInt(digits));
    return { n: BigInt(digits), d: 1n };
  };
  const product = (): Rational | null => {
    let left = factor();
    for (let op = sign('*/'); op !== null; op = sign('*/')) {
      if (text[at] === op) throw new Refused(`"${op}${op}" is not an operator`);
      const right = factor();
      if (op === '/') left = quotient(left, right);
      else left = left === null || right === null ? null : make(left.n * right.n, left.d * right.d);
    }
    return left;
  };
  const sum = (): Rational | null => {
    let left = product();
    for (let op = sign('+-'); op !== null; op = sign('+-')) {
      const right = product();
      if (left === null || right === null) left = null;
      else left = make(left.n * right.d + (op === '+' ? 1n : -1n) * right.n * left.d, left.d * right.d);
    }
    return left;
  };
  const value = sum();
  skip();
  if (at < text.length) throw new Refused(`"${text[at]}" is not allowed there`);
  return { value, used };
}

/** Typographic and LaTeX signs as plain ones, fractions left; what follows an equals sign is kept apart. */
function plain(text: string): { expression: string; claimed: string | null } {
  const signs = text
    .replace(/\\(?:left|right)(?![A-Za-z])/g, '')
    .replace(/\\(?:times|cdot)(?![A-Za-z])|[×·]/g, '*')
    .replace(/\\div(?![A-Za-z])|÷/g, '/')
    .replace(/\\([{}])/g, '$1')
    .replace(/[−–]/g, '-')
    .replace(/\\[,;:!]|[$\s]+/g, ' ')
    .trim();
  const equals = signs.indexOf('=');
  return equals < 0
    ? { expression: signs, claimed: null }
    : { expression: signs.slice(0, equals).trim(), claimed: signs.slice(equals + 1).trim() };
}

/** What came of an expression, with the reason. */
interface Checked {
  outcome: 'hit' | 'missed' | 'refused';
  text: string;
}

/** Judges one answer against the given numbers and the target. Exact, bounded, never throws. */
export function judgeCountdown(answer: string, numbers: readonly bigint[], target: bigint): Checked {
  if (answer.length > LONGEST)
    return { outcome: 'refused', text: `the expression is longer than ${LONGEST} characters` };
  const { expression, claimed } = plain(answer);
  let read: ReturnType<typeof readExpression>;
  try {
    read = readExpression(expression);
  } catch (error) {
    if (error instanceof Refused)
      return { outcome: 'refused', text: `${expression || 'the answer'} is not an expression: ${error.message}` };
    throw error;
  }
  if (claimed !== null && !/^-?\d+$/.test(claimed)) {
    return { outcome: 'refused', text: `what follows the equals sign in ${answer} is not a whole number` };
  }
  const sorted = (values: readonly bigint[]) => [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)).join(', ');
  if (sorted(read.used) !== sorted(numbers)) {
    return { outcome: 'refused', text: `${expression} uses ${sorted(read.used)} where ${sorted(numbers)} are given` };
  }
  if (read.value === null) return { outcome: 'refused', text: `${expression} divides by 0` };
  const { n, d } = read.value;
  if (claimed !== null && n !== BigInt(claimed) * d) {
    return { outcome: 'missed', text: `${expression} is not ${claimed}` };
  }
  return n === target * d
    ? { outcome: 'hit', text: `${expression} uses every number once and equals ${target}` }
    : { outcome: 'missed', text: `${expression} is ${d === 1n ? n : valueText(n, d)}, not ${target}` };
}

function valueText(n: bigint, d: bigint): string {
  return `about ${shortNumber(Number(n) / Number(d))}`;
}
