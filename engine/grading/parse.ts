/**
 * Recursive-descent parser for a cleaned answer: mathematics as people and models write it, LaTeX or plain. Bounded in
 * depth, nodes and time (each character is visited a bounded number of times per nesting level).
 */
import type { MathNode, Operator } from './node.ts';
import { Primaries } from './primary.ts';
import { MAX_DEPTH, type Reading, Unreadable } from './scanner.ts';

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

/** Parses a cleaned answer. Throws Unreadable or OutOfBounds. */
export function parse(text: string, reading: Reading): MathNode {
  const parser = new Parser(text, reading);
  return parser.answer();
}

/** The operators, from lowest to highest precedence. */
class Parser extends Primaries {
  answer(): MathNode {
    const node = this.list();
    this.space();
    if (this.at < this.text.length) throw new Unreadable(`unexpected ${this.text.slice(this.at, this.at + 10)}`);
    return node;
  }

  /** `a, b and c`; `a, b; c, d` is two lists. */
  protected list(): MathNode {
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

  protected relation(): MathNode {
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

  /** `1:2:3`, which binds tighter than `=`. */
  protected ratio(): MathNode {
    const sides = [this.combination()];
    while (!this.inBuilder && !this.sees(':=') && this.takes(':')) sides.push(this.combination());
    if (sides.length === 1) return sides[0]!;
    return this.count({ kind: 'relation', sides, operators: sides.slice(1).map(() => ':' as const) });
  }

  protected combination(): MathNode {
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

  protected sum(): MathNode {
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

  protected plus(left: MathNode, right: MathNode): MathNode {
    if (left.kind === 'sum') {
      left.terms.push(right);
      return left;
    }
    return this.count({ kind: 'sum', terms: [left, right] });
  }

  protected product(): MathNode {
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
  protected seesSecondNumber(before: MathNode): boolean {
    const last = before.kind === 'product' ? before.factors.at(-1)! : before;
    return last.kind === 'number' && /[\d.]/.test(this.text[this.at] ?? '');
  }

  /** `1/2 %` is half a percent. */
  protected over(over: MathNode, under: MathNode): MathNode {
    if (under.kind !== 'percent') return this.count({ kind: 'quotient', over, under });
    return this.count({ ...under, of: this.count({ kind: 'quotient', over, under: under.of }) });
  }

  protected divisor(): MathNode {
    if (this.takes('-')) return this.count({ kind: 'negative', of: this.divisor() });
    return this.postfixed();
  }

  protected times(left: MathNode, right: MathNode): MathNode {
    if (left.kind === 'product') {
      left.factors.push(right);
      return left;
    }
    return this.count({ kind: 'product', factors: [left, right] });
  }

  protected signed(): MathNode {
    let negative = false;
    for (;;) {
      if (this.takes('-')) negative = !negative;
      else if (!this.takes('+')) break;
    }
    // -x^2 is -(x^2), and -a b is -(a) b, which is the same
    const of = this.postfixed();
    if (!negative) return of;
    if (of.kind === 'percent' || of.kind === 'degrees')
      return { ...of, of: this.count({ kind: 'negative', of: of.of }) };
    return this.count({ kind: 'negative', of });
  }

  /** Whether a factor of an implicit product comes next. */
  protected startsFactor(): boolean {
    this.space();
    const c = this.text[this.at];
    if (c === undefined) return false;
    if (/[a-zA-Z(\d.]/.test(c)) return true;
    if (c === '{') return true;
    if (c === '|') return this.bars === 0 && !this.inBuilder;
    if (c !== '\\') return false;
    if (/\\(?:\||[lr]?Vert(?![a-zA-Z]))/y.test(this.text.slice(this.at))) return this.norms === 0;
    return !/\\(?:and|or|le|ge|ne|in|cup|cap|setminus|pm|mp|approx|equiv|rangle|rfloor|rceil|\}|row|end|ldots|to|rightarrow|implies)(?![a-zA-Z])/y.test(
      this.text.slice(this.at),
    );
  }

  protected postfixed(): MathNode {
    let result = this.primary();
    for (let signs = 0; ; signs++) {
      if (signs > MAX_DEPTH) throw new Unreadable('too many signs');
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
      else if (this.takes('‰')) result = this.count({ kind: 'percent', of: result, parts: 1000 });
      else if (this.takes("'")) result = prime(result);
      else return result;
    }
  }
}

function isVector(node: MathNode): node is MathNode & { kind: 'tuple' | 'matrix' } {
  return node.kind === 'matrix' || (node.kind === 'tuple' && node.items.every((item) => item.kind !== 'tuple'));
}

/** The transposed rows; a tuple counts as one row. */
function transposed(node: MathNode & { kind: 'tuple' | 'matrix' }): MathNode[][] {
  const rows = node.kind === 'matrix' ? node.rows : [node.items];
  return rows[0]!.map((_, j) => rows.map((row) => row[j]!));
}

function prime(node: MathNode): MathNode {
  if (node.kind !== 'symbol') throw new Unreadable('prime after a value');
  return { kind: 'symbol', name: `${node.name}'` };
}
