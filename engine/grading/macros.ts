/** Named constructs: LaTeX macros, sets, matrices, sums over an index, functions and letters. */

import { inBase } from './digits.ts';
import type { MathNode } from './node.ts';
import { integer } from './rational.ts';
import { Scanner, Unreadable } from './scanner.ts';

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
/** Currency signs before a number are ignored here. */
const CURRENCIES = ['\\dollar', '\\euro', '\\pound', '\\yen', '\\rupee', '\\won', '\\ruble'];

/** The parser layer that reads a name and its arguments at the scanner's position. */
export abstract class Macros extends Scanner {
  /** Number of open `|` bars; if positive, another bar closes. */
  protected bars = 0;
  /** Number of open `\|` bars, likewise. */
  protected norms = 0;
  /** Inside `{x : ...}`, where a colon ends the variable. */
  protected inBuilder = false;
  private inSeries = false;
  /** The index variable of the series. */
  private counter: string | null = null;

  protected abstract argument(oneDigit: boolean): MathNode;
  protected abstract exponent(): MathNode;
  protected abstract group(): MathNode;
  protected abstract list(): MathNode;
  protected abstract postfixed(): MathNode;
  protected abstract primary(): MathNode;
  protected abstract product(): MathNode;
  protected abstract relation(): MathNode;
  protected abstract signed(): MathNode;
  protected abstract startsFactor(): boolean;
  protected abstract sum(): MathNode;
  protected abstract times(left: MathNode, right: MathNode): MathNode;

  protected macro(): MathNode {
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
    if (name === 'angle') return this.angle();
    if (GREEK.has(name)) return this.subscripted(name);
    throw new Unreadable(`unknown macro ${name}`);
  }

  /** `\angle ABC`, which equals only `\angle CBA`. */
  protected angle(): MathNode {
    const points = this.match(/ ?\{? ?([A-Z]) ?([A-Z]) ?([A-Z])(?![a-zA-Z]) ?\}?/y);
    if (!points) return this.subscripted('angle');
    const [, a, vertex, c] = points as unknown as [string, string, string, string];
    return this.count({ kind: 'symbol', name: `angle ${a < c ? a + vertex + c : c + vertex + a}` });
  }

  protected closing(close: string): MathNode {
    const inner = this.list();
    this.expect(close);
    const items = inner.kind === 'list' ? inner.items : [inner];
    return this.count({ kind: 'tuple', open: '(', close: ')', items });
  }

  protected rounded(name: string, close: string): MathNode {
    const inner = this.sum();
    this.expect(close);
    return this.count({ kind: 'call', name, args: [inner] });
  }

  protected norm(): MathNode {
    this.norms++;
    const inner = this.sum();
    this.norms--;
    if (!this.takes('\\|') && !this.takes('\\Vert') && !this.takes('\\rVert')) throw new Unreadable('norm not closed');
    return this.count({ kind: 'call', name: 'norm', args: [inner] });
  }

  /** After `\{`: `1, 2\}`, `\}`, or `x : x > 1\}`. */
  protected set(): MathNode {
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

  protected matrix(): MathNode {
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
    if (!this.match(/\s*\{\s*(?:[a-zA-Z]+\*?\s*|\*\s*)?\}/y)) throw new Unreadable('environment not closed');
    if (rows.some((r) => r.length !== rows[0]!.length)) throw new Unreadable('ragged matrix');
    // a system of equations
    if (open[1] === 'cases' && rows[0]!.length === 1) {
      return this.count<MathNode>({ kind: 'list', items: rows.flat(), join: 'and' });
    }
    const matrix = this.count<MathNode>({ kind: 'matrix', rows });
    return open[1] === 'vmatrix' ? this.count({ kind: 'call', name: 'det', args: [matrix] }) : matrix;
  }

  /** `\sum_{k=1}^{n} k^2`: only over a few terms and not nested, so that work stays bounded. */
  protected series(name: 'sum' | 'prod'): MathNode {
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
    // `i` is an index here, not the imaginary unit
    const counter: MathNode = isImaginaryUnit(range.sides[0]!) ? { kind: 'symbol', name: 'i' } : range.sides[0]!;
    this.inSeries = true;
    this.counter = counter.kind === 'symbol' ? counter.name : null;
    const body = this.product();
    this.inSeries = false;
    this.counter = null;
    return this.count({ kind: 'call', name, args: [counter, range.sides[1]!, to, body] });
  }

  protected root(): MathNode {
    let index: MathNode | null = null;
    if (this.takes('[')) {
      index = this.sum();
      this.expect(']');
    }
    const of = this.argument(false);
    return this.count({ kind: 'call', name: 'root', args: index ? [of, index] : [of] });
  }

  /** After a function's name: `(x)`, `{x}`, `^2 x`, `_2 x`, `2x`. */
  protected call(name: string): MathNode {
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
  protected bareArgument(): MathNode {
    let result = this.signed();
    while (this.startsFactor() && !this.seesFunction()) {
      if (this.sees('(')) break;
      result = this.times(result, this.postfixed());
    }
    return result;
  }

  protected seesFunction(): boolean {
    this.space();
    const word = /\\?([a-zA-Z]+)/y;
    word.lastIndex = this.at;
    return FUNCTIONS.has(word.exec(this.text)?.[1] ?? '');
  }

  /** A run of letters: a function, a constant, a word, or variables side by side. */
  protected letters(): MathNode {
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

  protected letter(c: string): MathNode {
    if (c === 'e') return this.count({ kind: 'constant', name: 'e' });
    if (c === 'i' && this.counter !== 'i' && !this.sees('_')) return this.count({ kind: 'constant', name: 'i' });
    return this.subscripted(c);
  }

  protected subscripted(name: string): MathNode {
    if (!this.takes('_')) return this.count({ kind: 'symbol', name });
    const subscript = this.match(/\s*\{([^{}]*)\}|\s*([a-zA-Z0-9])/y);
    if (!subscript) throw new Unreadable('bad subscript');
    const index = (subscript[1] ?? subscript[2])!.replace(/\s/g, '');
    return this.count({ kind: 'symbol', name: `${name}_${index}` });
  }
}

function isImaginaryUnit(node: MathNode): boolean {
  return node.kind === 'constant' && node.name === 'i';
}

function isMinusOne(node: MathNode): boolean {
  return node.kind === 'negative' && node.of.kind === 'number' && node.of.value.n === 1n && node.of.value.d === 1n;
}
