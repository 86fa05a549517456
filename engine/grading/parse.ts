/**
 * Recursive descent over a cleaned answer: mathematics as people and models write it, LaTeX or plain. Bounded in depth,
 * in nodes and in time (each character is looked at a bounded number of times for each level of nesting).
 */
import type { MathNode, Operator } from './node.ts';
import { fromDecimal, integer, type Rational, rational, add as sumOf } from './rational.ts';

/** The text is not mathematics that this parser reads; it is then compared as text. */
export class Unreadable extends Error {}

export interface Reading {
  /** `1,234` is one number (true) or two (false). */
  thousands: boolean;
}

const MAX_DEPTH = 60;
const MAX_NODES = 1500;

const FUNCTIONS = new Set(
  (
    'sin cos tan cot sec csc arcsin arccos arctan arccot arcsec arccsc asin acos atan sinh cosh tanh coth sech csch ' +
    'arcsinh arccosh arctanh arsinh arcosh artanh asinh acosh atanh ' +
    'ln log lg exp abs floor ceil sqrt cbrt gcd lcm max min det sign sgn factorial binom'
  ).split(' '),
);
const INFINITY: MathNode = { kind: 'constant', name: 'infinity' };
const CONSTANTS: ReadonlyMap<string, MathNode> = new Map([
  ['pi', { kind: 'constant', name: 'pi' }],
  ['infty', INFINITY],
  ['infinity', INFINITY],
  ['inf', INFINITY],
  ['oo', INFINITY],
]);
const GREEK = new Set(
  (
    'alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi rho varrho sigma ' +
    'tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega ell hbar ' +
    'angle spadesuit heartsuit aleph imath jmath nabla partial emptyset triangle circ square'
  ).split(' '),
);
const RELATIONS: [string, Operator][] = [
  ['\\le', '<='],
  ['\\ge', '>='],
  ['\\ne', '!='],
  ['\\approx', '~'],
  ['\\equiv', '='],
  ['\\in', 'in'],
  ['<=', '<='],
  ['>=', '>='],
  ['!=', '!='],
  ['==', '='],
  [':=', '='],
  ['=', '='],
  ['<', '<'],
  ['>', '>'],
];
/** Signs of money before a number say nothing here. */
const CURRENCIES = ['\\dollar', '\\euro', '\\pound', '\\yen', '\\rupee', '\\won', '\\ruble'];
const DIGIT_VALUES = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** Reads a cleaned answer. Throws Unreadable or OutOfBounds. */
export function parse(text: string, reading: Reading): MathNode {
  const parser = new Parser(text, reading);
  return parser.answer();
}

class Parser {
  private at = 0;
  private depth = 0;
  private nodes = 0;
  /** Open `|` bars: another bar then closes. */
  private bars = 0;
  /** Inside `{x : ...}`, where a colon ends the variable. */
  private inBuilder = false;
  private inSeries = false;
  /** What the series counts with. */
  private counter: string | null = null;

  constructor(
    private readonly text: string,
    private readonly reading: Reading,
  ) {}

  answer(): MathNode {
    const node = this.list();
    this.space();
    if (this.at < this.text.length) throw new Unreadable(`unexpected ${this.text.slice(this.at, this.at + 10)}`);
    return node;
  }

  private space(): void {
    while (this.text[this.at] === ' ') this.at++;
  }

  /** Whether `token` comes next; a macro must not be followed by a letter. */
  private sees(token: string): boolean {
    this.space();
    if (!this.text.startsWith(token, this.at)) return false;
    return !(/^\\?[a-zA-Z]+$/.test(token) && /[a-zA-Z]/.test(this.text[this.at + token.length] ?? ''));
  }

  private takes(token: string): boolean {
    if (!this.sees(token)) return false;
    this.at += token.length;
    return true;
  }

  private expect(token: string): void {
    if (!this.takes(token)) throw new Unreadable(`expected ${token}`);
  }

  private match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found) this.at += found[0].length;
    return found;
  }

  private nested<T>(inner: () => T): T {
    if (++this.depth > MAX_DEPTH) throw new Unreadable('nested too deeply');
    const result = inner();
    this.depth--;
    return result;
  }

  private count<T extends MathNode>(node: T): T {
    if (++this.nodes > MAX_NODES) throw new Unreadable('too long');
    return node;
  }

  /** `a, b and c`; of `a, b; c, d`, two lists. */
  private list(): MathNode {
    return this.nested(() => {
      const groups = [[this.relation()]];
      let join: 'and' | 'or' | ',' = ',';
      for (;;) {
        const apart = this.takes(';');
        const comma = apart || this.takes(',');
        if (this.takes('\\and')) join = 'and';
        else if (this.takes('\\or')) join = 'or';
        else if (!comma) break;
        if (apart) groups.push([]);
        groups.at(-1)!.push(this.relation());
      }
      const nested = groups.length > 1 && groups.some((group) => group.length > 1);
      const items = nested
        ? groups.map((group) =>
            group.length === 1 ? group[0]! : this.count<MathNode>({ kind: 'list', items: group, join: ',' }),
          )
        : groups.flat();
      return items.length === 1 ? items[0]! : this.count({ kind: 'list', items, join });
    });
  }

  private relation(): MathNode {
    const sides = [this.ratio()];
    const operators: Operator[] = [];
    for (;;) {
      const found = RELATIONS.find(([token]) => this.sees(token));
      if (!found) break;
      this.takes(found[0]);
      operators.push(found[1]);
      sides.push(this.ratio());
    }
    return sides.length === 1 ? sides[0]! : this.count({ kind: 'relation', sides, operators });
  }

  /** `1:2:3`, which binds closer than `=`. */
  private ratio(): MathNode {
    const sides = [this.combination()];
    while (!this.inBuilder && !this.sees(':=') && this.takes(':')) sides.push(this.combination());
    if (sides.length === 1) return sides[0]!;
    return this.count({ kind: 'relation', sides, operators: sides.slice(1).map(() => ':' as const) });
  }

  private combination(): MathNode {
    let left = this.sum();
    for (;;) {
      const operation = this.takes('\\cup')
        ? 'union'
        : this.takes('\\cap')
          ? 'intersection'
          : this.takes('\\setminus')
            ? 'difference'
            : null;
      if (!operation) return left;
      left = this.count({ kind: 'combined', operation, left, right: this.sum() });
    }
  }

  private sum(): MathNode {
    let result: MathNode;
    if (this.takes('\\pm')) {
      result = this.count({ kind: 'plus-minus', left: null, right: this.product(), sign: 1 });
    } else if (this.takes('\\mp')) {
      result = this.count({ kind: 'plus-minus', left: null, right: this.product(), sign: -1 });
    } else result = this.product();
    for (;;) {
      if (this.takes('+-') || this.takes('+/-') || this.takes('\\pm')) {
        result = this.count({ kind: 'plus-minus', left: result, right: this.product(), sign: 1 });
      } else if (this.takes('\\mp')) {
        result = this.count({ kind: 'plus-minus', left: result, right: this.product(), sign: -1 });
      } else if (this.takes('+')) result = this.plus(result, this.product());
      else if (this.takes('-')) result = this.plus(result, this.count({ kind: 'negative', of: this.product() }));
      else return result;
    }
  }

  private plus(left: MathNode, right: MathNode): MathNode {
    if (left.kind === 'sum') {
      left.terms.push(right);
      return left;
    }
    return this.count({ kind: 'sum', terms: [left, right] });
  }

  private product(): MathNode {
    return this.nested(() => {
      let result = this.signed();
      for (;;) {
        if (this.takes('*')) result = this.times(result, this.signed());
        else if (this.takes('/')) result = this.over(result, this.divisor());
        else if (this.startsFactor()) {
          if (this.seesSecondNumber(result)) throw new Unreadable('two numbers side by side');
          result = this.times(result, this.postfixed());
        } else return result;
      }
    });
  }

  /** `2 3` is neither 23 nor 6. */
  private seesSecondNumber(before: MathNode): boolean {
    const last = before.kind === 'product' ? before.factors.at(-1)! : before;
    return last.kind === 'number' && /[\d.]/.test(this.text[this.at] ?? '');
  }

  /** `1/2 %` is half a percent. */
  private over(over: MathNode, under: MathNode): MathNode {
    if (under.kind !== 'percent') return this.count({ kind: 'quotient', over, under });
    return this.count({ kind: 'percent', of: this.count({ kind: 'quotient', over, under: under.of }) });
  }

  private divisor(): MathNode {
    if (this.takes('-')) return this.count({ kind: 'negative', of: this.divisor() });
    return this.postfixed();
  }

  private times(left: MathNode, right: MathNode): MathNode {
    if (left.kind === 'product') {
      left.factors.push(right);
      return left;
    }
    return this.count({ kind: 'product', factors: [left, right] });
  }

  private signed(): MathNode {
    let negative = false;
    for (;;) {
      if (this.takes('-')) negative = !negative;
      else if (!this.takes('+')) break;
    }
    // -x^2 is -(x^2), and -a b is -(a) b, which is the same
    const of = this.postfixed();
    if (!negative) return of;
    if (of.kind === 'percent' || of.kind === 'degrees')
      return { kind: of.kind, of: this.count({ kind: 'negative', of: of.of }) };
    return this.count({ kind: 'negative', of });
  }

  /** Whether the next thing multiplies without a sign. */
  private startsFactor(): boolean {
    this.space();
    const c = this.text[this.at];
    if (c === undefined) return false;
    if (/[a-zA-Z(\d.]/.test(c)) return true;
    if (c === '{') return true;
    if (c === '|') return this.bars === 0 && !this.inBuilder;
    if (c !== '\\') return false;
    return !/\\(?:and|or|le|ge|ne|in|cup|cap|setminus|pm|mp|approx|equiv|rangle|rfloor|rceil|\}|row|end|ldots|to|rightarrow|implies)(?![a-zA-Z])/y.test(
      this.text.slice(this.at),
    );
  }

  private postfixed(): MathNode {
    let result = this.primary();
    for (;;) {
      if (this.takes('^')) {
        if (this.takes('\\circ') || this.takes('{\\circ}') || this.takes('{ \\circ }') || this.takes('{\\circ }')) {
          result = this.count({ kind: 'degrees', of: result });
        } else if (this.takes("'") || this.takes("{'}")) result = prime(result);
        else if (isVector(result) && this.match(/ ?(?:\{ ?)?(?:T|\\top|\\intercal)(?![a-zA-Z])(?: ?\})?/y)) {
          result = this.count({ kind: 'matrix', rows: transposed(result) });
        } else result = this.count({ kind: 'power', base: result, exponent: this.exponent() });
      } else if (this.sees('!') && !this.sees('!=')) {
        this.takes('!');
        result = this.count({ kind: 'call', name: 'factorial', args: [result] });
      } else if (this.takes('%')) result = this.count({ kind: 'percent', of: result });
      else if (this.takes("'")) result = prime(result);
      else return result;
    }
  }

  /** `{...}`, a signed number or one factor; towers of powers are read from the right. */
  private exponent(): MathNode {
    return this.nested(() => {
      if (this.takes('-')) return this.count<MathNode>({ kind: 'negative', of: this.exponent() });
      const base = this.sees('{') ? this.group() : this.primary();
      return this.takes('^') ? this.count<MathNode>({ kind: 'power', base, exponent: this.exponent() }) : base;
    });
  }

  /** A macro's argument: `{...}`, one digit, or one factor. */
  private argument(oneDigit: boolean): MathNode {
    this.space();
    if (this.sees('{')) return this.group();
    if (oneDigit) {
      const digit = this.match(/\d/y);
      if (digit) return this.count({ kind: 'number', value: integer(Number(digit[0])), places: 0 });
    }
    return this.primary();
  }

  private group(): MathNode {
    this.expect('{');
    const node = this.list();
    this.expect('}');
    return node;
  }

  private primary(): MathNode {
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

  private number(): MathNode {
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
  private mixed(whole: Rational): MathNode | null {
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

  private bracketed(open: '(' | '['): MathNode {
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

  private absolute(): MathNode {
    this.expect('|');
    this.bars++;
    const of = this.sum();
    this.bars--;
    this.expect('|');
    return this.count({ kind: 'call', name: 'abs', args: [of] });
  }

  private macro(): MathNode {
    if (this.takes('\\{')) return this.set();
    if (this.takes('\\langle')) return this.closing('\\rangle');
    if (this.takes('\\lfloor')) return this.rounded('floor', '\\rfloor');
    if (this.takes('\\lceil')) return this.rounded('ceil', '\\rceil');
    if (this.takes('\\|') || this.takes('\\Vert') || this.takes('\\lVert')) return this.norm();
    if (CURRENCIES.some((sign) => this.takes(sign))) return this.signed();
    if (this.takes('\\begin')) return this.matrix();
    const text = this.match(/\\text\{([^{}]*)\}/y);
    if (text) return this.count({ kind: 'symbol', name: text[1]!.length > 1 ? text[1]!.toLowerCase() : text[1]! });
    const blackboard = this.match(/\\mathbb\s*(?:\{\s*([A-Z])\s*\}|([A-Z]))/y);
    if (blackboard) return this.subscripted(`set ${blackboard[1] ?? blackboard[2]}`);
    const macro = this.match(/\\([a-zA-Z]+)/y);
    if (!macro) throw new Unreadable('unknown macro');
    const name = macro[1]!;
    if (name === 'frac') {
      const over = this.argument(true);
      return this.count({ kind: 'quotient', over, under: this.argument(true) });
    }
    if (name === 'binom') {
      const n = this.argument(true);
      return this.count({ kind: 'call', name, args: [n, this.argument(true)] });
    }
    if (name === 'sum' || name === 'prod') return this.series(name);
    if (name === 'sqrt') return this.root();
    if (FUNCTIONS.has(name)) return this.call(name);
    const constant = CONSTANTS.get(name);
    if (constant) return this.count({ ...constant });
    if (GREEK.has(name)) return this.subscripted(name);
    throw new Unreadable(`unknown macro ${name}`);
  }

  private closing(close: string): MathNode {
    const inner = this.list();
    this.expect(close);
    const items = inner.kind === 'list' ? inner.items : [inner];
    return this.count({ kind: 'tuple', open: '(', close: ')', items });
  }

  private rounded(name: string, close: string): MathNode {
    const inner = this.sum();
    this.expect(close);
    return this.count({ kind: 'call', name, args: [inner] });
  }

  private norm(): MathNode {
    const inner = this.sum();
    if (!this.takes('\\|') && !this.takes('\\Vert') && !this.takes('\\rVert')) throw new Unreadable('norm not closed');
    return this.count({ kind: 'call', name: 'norm', args: [inner] });
  }

  /** After `\{`: `1, 2\}`, `\}`, or `x : x > 1\}`. */
  private set(): MathNode {
    if (this.takes('\\}')) return this.count({ kind: 'set', items: [] });
    return this.nested(() => {
      const outer = this.inBuilder;
      this.inBuilder = true;
      const items = [this.relation()];
      this.inBuilder = outer;
      const builder = this.takes('|') || this.takes(':');
      if (builder) {
        const condition = this.list();
        this.expect('\\}');
        return condition;
      }
      while (this.takes(',') || this.takes(';') || this.takes('\\and')) items.push(this.relation());
      this.expect('\\}');
      return this.count<MathNode>({ kind: 'set', items });
    });
  }

  private matrix(): MathNode {
    const open = this.match(/\s*\{\s*([pbvBV]?(?:small)?matrix|array|smallmatrix|cases)\*?\s*\}(?:\s*\{[lcr| ]*\})?/y);
    if (!open) throw new Unreadable('unknown environment');
    const rows: MathNode[][] = [];
    let row: MathNode[] = [];
    for (;;) {
      row.push(this.relation());
      if (this.takes('&')) continue;
      rows.push(row);
      row = [];
      if (this.takes('\\row')) {
        this.match(/\s*\[[^\]]*(?:pt|em|ex|mm|cm)\]/y);
        if (!this.sees('\\end')) continue;
      }
      break;
    }
    this.expect('\\end');
    if (!this.match(/\s*\{\s*[a-zA-Z]*\*?\s*\}/y)) throw new Unreadable('environment not closed');
    if (rows.some((r) => r.length !== rows[0]!.length)) throw new Unreadable('ragged matrix');
    // a system of equations
    if (open[1] === 'cases' && rows[0]!.length === 1) {
      return this.count<MathNode>({ kind: 'list', items: rows.flat(), join: 'and' });
    }
    const matrix = this.count<MathNode>({ kind: 'matrix', rows });
    return open[1] === 'vmatrix' ? this.count({ kind: 'call', name: 'det', args: [matrix] }) : matrix;
  }

  /** `\sum_{k=1}^{n} k^2`: over few terms, and not one inside another, so that work stays bounded. */
  private series(name: 'sum' | 'prod'): MathNode {
    this.expect('_');
    const range = this.group();
    this.expect('^');
    const to = this.exponent();
    if (
      range.kind !== 'relation' ||
      range.operators.join() !== '=' ||
      !(range.sides[0]!.kind === 'symbol' || isImaginaryUnit(range.sides[0]!)) ||
      this.inSeries
    ) {
      throw new Unreadable('not a simple series');
    }
    // `i` counts here, and is no number
    const counter: MathNode = isImaginaryUnit(range.sides[0]!) ? { kind: 'symbol', name: 'i' } : range.sides[0]!;
    this.inSeries = true;
    this.counter = counter.kind === 'symbol' ? counter.name : null;
    const body = this.product();
    this.inSeries = false;
    this.counter = null;
    return this.count({ kind: 'call', name, args: [counter, range.sides[1]!, to, body] });
  }

  private root(): MathNode {
    let index: MathNode | null = null;
    if (this.takes('[')) {
      index = this.sum();
      this.expect(']');
    }
    const of = this.argument(false);
    return this.count({ kind: 'call', name: 'root', args: index ? [of, index] : [of] });
  }

  /** After a function's name: `(x)`, `{x}`, `^2 x`, `_2 x`, `2x`. */
  private call(name: string): MathNode {
    if (name === 'sqrt' || name === 'cbrt') {
      const args = [this.argument(false)];
      if (name === 'cbrt') args.push(this.count({ kind: 'number', value: integer(3), places: 0 }));
      return this.count({ kind: 'call', name: 'root', args });
    }
    const digits = name === 'log' && this.match(/(2|10)(?=\()/y);
    let base: MathNode | null = digits
      ? this.count({ kind: 'number', value: integer(Number(digits[1])), places: 0 })
      : null;
    let exponent: MathNode | null = null;
    for (let i = 0; i < 2; i++) {
      if (!base && this.takes('_')) base = this.argument(false);
      else if (!exponent && this.takes('^')) exponent = this.exponent();
    }
    let args: MathNode[];
    this.space();
    if (this.sees('(') || this.sees('{')) {
      const inner = this.primary();
      args = inner.kind === 'tuple' || inner.kind === 'set' ? inner.items : [inner];
    } else args = [this.bareArgument()];
    const power = exponent && isMinusOne(exponent);
    const known = name.replace(/^a(?:rc?)?(sinh?|cosh?|tanh?)$/, 'arc$1').replace(/^lg$/, 'log10');
    const inverse = power && /^(?:sinh?|cosh?|tanh?|cot|sec|csc)$/.test(known) ? `arc${known}` : known;
    let result: MathNode = this.count({ kind: 'call', name: inverse, args: base ? [...args, base] : args });
    if (exponent && inverse === known) result = this.count({ kind: 'power', base: result, exponent });
    return result;
  }

  /** `2x` in `\sin 2x`: factors up to a sign, a relation or another function. */
  private bareArgument(): MathNode {
    let result = this.signed();
    while (this.startsFactor() && !this.seesFunction()) {
      if (this.sees('(')) break;
      result = this.times(result, this.postfixed());
    }
    return result;
  }

  private seesFunction(): boolean {
    this.space();
    const word = /\\?([a-zA-Z]+)/y;
    word.lastIndex = this.at;
    return FUNCTIONS.has(word.exec(this.text)?.[1] ?? '');
  }

  /** A run of letters: a function, a constant, a word, or variables side by side. */
  private letters(): MathNode {
    const based = this.match(/((?=[A-Z]+\d)[0-9A-Z]+) ?_ ?\{ ?(\d{2}) ?\}/y);
    if (based) return this.count(inBase(based[1]!, based[2]!));
    const hexadecimal = this.match(/([A-F]{2,8}) ?_ ?\{ ?16 ?\}/y);
    if (hexadecimal) return this.count(inBase(hexadecimal[1]!, '16'));
    const run = this.match(/[a-zA-Z]+/y)![0];
    if (/^[dtc]?frac$/.test(run) && this.sees('{')) {
      const over = this.argument(true);
      return this.count({ kind: 'quotient', over, under: this.argument(true) });
    }
    const constant = CONSTANTS.get(run);
    if (constant) return this.count({ ...constant });
    if (FUNCTIONS.has(run)) return this.call(run);
    const head = [...FUNCTIONS].find((f) => run.startsWith(f) && run.length === f.length + 1);
    if (head) {
      this.at--;
      return this.call(head);
    }
    const tail = [...FUNCTIONS].find((f) => run.endsWith(f) && run.length - f.length === 1);
    if (tail && this.sees('(')) {
      this.at -= tail.length;
      return this.letter(run[0]!);
    }
    if (/^[a-zA-Z]pi$|^pi[a-zA-Z]$/.test(run)) {
      const pi = run.startsWith('pi');
      this.at -= run.length - (pi ? 2 : 1);
      return pi ? this.count({ kind: 'constant', name: 'pi' }) : this.letter(run[0]!);
    }
    if (run.length >= 4) return this.subscripted(run.toLowerCase());
    this.at -= run.length - 1;
    return this.letter(run[0]!);
  }

  private letter(c: string): MathNode {
    if (c === 'e') return this.count({ kind: 'constant', name: 'e' });
    if (c === 'i' && this.counter !== 'i' && !this.sees('_')) return this.count({ kind: 'constant', name: 'i' });
    return this.subscripted(c);
  }

  private subscripted(name: string): MathNode {
    if (!this.takes('_')) return this.count({ kind: 'symbol', name });
    const subscript = this.match(/\s*\{([^{}]*)\}|\s*([a-zA-Z0-9])/y);
    if (!subscript) throw new Unreadable('bad subscript');
    const index = (subscript[1] ?? subscript[2])!.replace(/\s/g, '');
    return this.count({ kind: 'symbol', name: `${name}_${index}` });
  }
}

function isVector(node: MathNode): node is MathNode & { kind: 'tuple' | 'matrix' } {
  return node.kind === 'matrix' || (node.kind === 'tuple' && node.items.every((item) => item.kind !== 'tuple'));
}

/** A tuple is a row. */
function transposed(node: MathNode & { kind: 'tuple' | 'matrix' }): MathNode[][] {
  const rows = node.kind === 'matrix' ? node.rows : [node.items];
  return rows[0]!.map((_, j) => rows.map((row) => row[j]!));
}

function prime(node: MathNode): MathNode {
  if (node.kind !== 'symbol') throw new Unreadable('prime after a value');
  return { kind: 'symbol', name: `${node.name}'` };
}

function isImaginaryUnit(node: MathNode): boolean {
  return node.kind === 'constant' && node.name === 'i';
}

function isMinusOne(node: MathNode): boolean {
  return node.kind === 'negative' && node.of.kind === 'number' && node.of.value.n === 1n && node.of.value.d === 1n;
}

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

/** `11_2` is three. Throws Unreadable for digits that the base lacks. */
function inBase(digits: string, base: string): MathNode {
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

/** The digits that repeat at the end of a decimal: `6` of `1666`; null where fewer than three say so. */
function periodOf(decimals: string): string | null {
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

/** `0.1` with the repetend `6` is 1/6. */
function repeatingDecimal(digits: string, repetend: string): MathNode {
  const start = fromDecimal(digits);
  const places = digits.includes('.') ? digits.length - digits.indexOf('.') - 1 : 0;
  const under = (10n ** BigInt(repetend.length) - 1n) * 10n ** BigInt(places);
  return { kind: 'number', value: sumOf(start, rational(BigInt(repetend), under)), places: 0 };
}
