/**
 * Reads a Countdown expression, LaTeX or plain, and computes it in exact rationals. Nothing is evaluated as code, so `**`
 * and `//` are refused.
 */

import { shortNumber } from '../protocol/format.ts';

/** Longest expression that is read, characters. */
const MAX_LENGTH = 1000;
const MAX_DEPTH = 100;

const FRACTION = /^\\[dt]?frac(?![A-Za-z])/;
const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

interface Rational {
  n: bigint;
  d: bigint;
}

class Refused extends Error {}

/** null for a division by 0. */
type Value = Rational | null;

const rational = (n: bigint, d: bigint): Rational => (d < 0n ? { n: -n, d: -d } : { n, d });

const quotient = (left: Value, right: Value): Value =>
  left === null || right === null || right.n === 0n ? null : rational(left.n * right.d, left.d * right.n);

/** An expression's value and the whole numbers that it uses, in order. Throws Refused. */
function readExpression(text: string): { value: Value; used: bigint[] } {
  return new ExpressionReader(text).read();
}

/** Recursive descent over the characters of one expression. */
class ExpressionReader {
  private readonly used: bigint[] = [];
  private at = 0;
  private depth = 0;

  constructor(private readonly text: string) {}

  read(): { value: Value; used: bigint[] } {
    const value = this.sum();
    this.skip();
    if (this.at < this.text.length) throw this.unexpected();
    return { value, used: this.used };
  }

  private sum(): Value {
    let left = this.product();
    for (let op = this.sign('+-'); op !== null; op = this.sign('+-')) {
      const right = this.product();
      if (left === null || right === null) left = null;
      else left = rational(left.n * right.d + (op === '+' ? 1n : -1n) * right.n * left.d, left.d * right.d);
    }
    return left;
  }

  private product(): Value {
    let left = this.factor();
    for (let op = this.sign('*/'); op !== null; op = this.sign('*/')) {
      if (this.text[this.at] === op) throw new Refused(`"${op}${op}" is not an operator`);
      const right = this.factor();
      if (op === '/') left = quotient(left, right);
      else left = left === null || right === null ? null : rational(left.n * right.n, left.d * right.d);
    }
    return left;
  }

  private factor(): Value {
    const { text } = this;
    const open = this.sign('([{');
    if (open) return this.inside(CLOSING[open]!);
    const fraction = FRACTION.exec(text.slice(this.at, this.at + 7))?.[0];
    if (fraction) {
      this.at += fraction.length;
      return quotient(this.part(), this.part());
    }
    const digits = /^\d+/.exec(text.slice(this.at, this.at + 20))?.[0];
    if (!digits) throw this.at < text.length ? this.unexpected() : new Refused('it ends too early');
    this.at += digits.length;
    return this.number(digits);
  }

  /** The rest of a bracket that was opened. */
  private inside(closing: string): Value {
    if (++this.depth > MAX_DEPTH) throw new Refused('its parentheses are nested too deeply');
    const inner = this.sum();
    this.depth--;
    if (!this.sign(closing)) throw new Refused('a parenthesis is not closed');
    return inner;
  }

  /** Numerator or denominator: in braces, or a single digit as in `\frac12`. */
  private part(): Value {
    if (this.sign('{')) return this.inside('}');
    const digit = this.sign('0123456789');
    if (digit === null) throw new Refused('incomplete fraction');
    return this.number(digit);
  }

  private number(digits: string): Rational {
    const n = BigInt(digits);
    this.used.push(n);
    return { n, d: 1n };
  }

  /** Takes the next character if it is one of the signs; null otherwise. */
  private sign(signs: string): string | null {
    this.skip();
    const found = this.text[this.at];
    if (found === undefined || !signs.includes(found)) return null;
    this.at++;
    return found;
  }

  private skip(): void {
    while (this.text[this.at] === ' ') this.at++;
  }

  private unexpected(): Refused {
    return new Refused(`"${this.text[this.at]}" is not allowed there`);
  }
}

/** Typographic and LaTeX signs as plain ones, fractions left; what follows an equals sign is kept apart. */
function withPlainSigns(text: string): { expression: string; claimed: string | null } {
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

/** The result of an expression, with the reason. */
interface Checked {
  outcome: 'hit' | 'missed' | 'refused';
  text: string;
}

/** Judges one answer against the given numbers and the target. Exact, bounded, never throws. */
export function judgeCountdown(answer: string, numbers: readonly bigint[], target: bigint): Checked {
  if (answer.length > MAX_LENGTH)
    return { outcome: 'refused', text: `the expression is longer than ${MAX_LENGTH} characters` };
  const { expression, claimed } = withPlainSigns(answer);
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
