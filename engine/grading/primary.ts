/** Operands: numbers, brackets, bars, and everything with a name. */
import { inBase, periodOf, repeatingDecimal } from './digits.ts';
import { Macros } from './macros.ts';
import type { MathNode } from './node.ts';
import { fromDecimal, integer, type Rational, rational, add as sumOf } from './rational.ts';
import { Unreadable } from './scanner.ts';

/** The parser layer that reads one operand; the operators are in `parse.ts`. */
export abstract class Primaries extends Macros {
  /** `{...}`, a signed number or one factor; power towers are right-associative. */
  protected exponent(): MathNode {
    return this.nested(() => {
      if (this.takes('-')) return this.count<MathNode>({ kind: 'negative', of: this.exponent() });
      const base = this.sees('{') ? this.group() : this.primary();
      return this.takes('^') ? this.count<MathNode>({ kind: 'power', base, exponent: this.exponent() }) : base;
    });
  }

  /** A macro's argument: `{...}`, one digit, or one factor. */
  protected argument(oneDigit: boolean): MathNode {
    this.space();
    if (this.sees('{')) return this.group();
    if (oneDigit) {
      const digit = this.match(/\d/y);
      if (digit) return this.count({ kind: 'number', value: integer(Number(digit[0])), places: 0 });
    }
    return this.primary();
  }

  protected group(): MathNode {
    this.expect('{');
    const node = this.list();
    this.expect('}');
    return node;
  }

  protected primary(): MathNode {
    return this.nested(() => {
      this.space();
      const c = this.text[this.at];
      if (c === undefined) throw new Unreadable('ends too early');
      if (/[\d.]/.test(c)) return this.number();
      if (c === '(' || c === '[') return this.bracketed(c);
      if (c === '|') return this.absolute();
      if (c === '{') {
        const node = this.group();
        return node.kind === 'list' && node.join === ',' ? this.count({ kind: 'set', items: node.items }) : node;
      }
      if (c === '\\') return this.macro();
      if (/[a-zA-Z]/.test(c)) return this.letters();
      throw new Unreadable(`unexpected ${c}`);
    });
  }

  protected number(): MathNode {
    const based = this.match(/(\d[0-9A-Z]*) ?_ ?(?:(\d)|\{ ?(?:\\text\{)? ?(\d{1,2}|[a-z]+) ?\}? ?\})/y);
    if (based) return this.count(inBase(based[1]!, based[2] ?? based[3]!));
    const number =
      (this.reading.thousands &&
        this.match(/\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d{1,2}(?:,\d{2})+,\d{3}(?![\d,])(?:\.\d+)?/y)) ||
      this.match(/\d{1,3}(?: \d{3})+(?![\d/]|\s*\/)(?:\.\d+)?/y) ||
      this.match(/\d+(?:\.\d*)?|\.\d+/y);
    if (!number) throw new Unreadable('not a number');
    const digits = number[0].replace(/[, ]/g, '');
    const places = /\.(\d*)$/.exec(digits)?.[1]?.length ?? 0;
    if (places > 0 || digits.endsWith('.')) {
      const repeating = this.match(/ ?\\overline ?(?:\{ ?(\d{1,20}) ?\}|(\d))/y);
      if (repeating) return this.count(repeatingDecimal(digits, (repeating[1] ?? repeating[2])!));
      const period = places >= 3 ? periodOf(digits.slice(-Math.min(places, 60))) : null;
      if (period && this.match(/ ?\\ldots/y)) return this.count(repeatingDecimal(digits, period));
    }
    const exponent = this.match(/[eE]([+-]?\d{1,4})(?![\d.a-zA-Z])/y);
    const value = fromDecimal(digits, exponent ? Number(exponent[1]) : 0);
    const literal: MathNode = { kind: 'number', value, places: Math.max(0, places - Number(exponent?.[1] ?? 0)) };
    this.count(literal);
    return (places === 0 && !exponent && this.mixed(value)) || literal;
  }

  /** `3 1/2` and `3\frac{1}{2}` are three and a half. */
  protected mixed(whole: Rational): MathNode | null {
    const start = this.at;
    const fraction =
      this.match(/ ?\\frac\s*(?:\{\s*(\d{1,9})\s*\}|(\d))\s*(?:\{\s*(\d{1,9})\s*\}|(\d))/y) ||
      this.match(/ (\d{1,9})() ?\/ ?(\d{1,9})()(?![\d.])/y);
    if (!fraction) return null;
    const over = fraction[1] || fraction[2];
    const under = fraction[3] || fraction[4];
    if (Number(over) >= Number(under)) {
      this.at = start;
      return null;
    }
    const value = sumOf(whole, rational(BigInt(over!), BigInt(under!)));
    return this.count({ kind: 'number', value, places: 0 });
  }

  protected bracketed(open: '(' | '['): MathNode {
    this.at++;
    const bars = this.bars;
    this.bars = 0;
    const inner = this.list();
    this.bars = bars;
    const close = this.takes(')') ? ')' : this.takes(']') ? ']' : null;
    if (!close) throw new Unreadable('bracket not closed');
    if (inner.kind === 'list' && inner.join === ',') {
      return this.count({ kind: 'tuple', open, close, items: inner.items });
    }
    if ((open === '(') !== (close === ')')) throw new Unreadable('brackets do not match');
    if (inner.kind === 'matrix' || open === '(') return inner;
    return this.count({ kind: 'tuple', open, close, items: [inner] });
  }

  protected absolute(): MathNode {
    this.expect('|');
    this.bars++;
    const of = this.sum();
    this.bars--;
    this.expect('|');
    return this.count({ kind: 'call', name: 'abs', args: [of] });
  }
}
