/**
 * The syntax of patterns (`pattern.ts`): parses a text into a tree. The common syntax without backreferences and long
 * lookaround: literals, `.`, classes, groups (`(...)`, `(?:...)`), `|`, `*`, `+`, `?`, `{n,m}`, lazy forms, `^`, `$` (of
 * lines), `\b`, `\d`, `\w`, `\s`, lookaround of one character, and `(?i)` at the beginning.
 */

/** Thrown for an invalid pattern: a syntax error, or a feature without linear-time matching (backreferences). */
export class BadPattern extends Error {}

export type Test = (code: number) => boolean;

/** A zero-width condition; with a test, on the character after or before the position. */
export type Assertion = '^' | '$' | 'b' | 'B' | { side: 'behind' | 'before'; test: Test; holds: boolean };

export type Tree =
  | { kind: 'char'; test: Test }
  | { kind: 'assert'; what: Assertion }
  | { kind: 'group'; index: number | null; of: Tree }
  | { kind: 'sequence'; of: Tree[] }
  | { kind: 'either'; of: Tree[] }
  | { kind: 'repeat'; of: Tree; least: number; most: number; lazy: boolean };

/** @returns the tree, and the number of its groups @throws BadPattern, which says what is wrong and where */
export function readPattern(source: string): { tree: Tree; groups: number } {
  return new Reader(source).read();
}

/** A letter, digit or underscore, as in `\w` and `\b`. */
export const isWord: Test = (code) =>
  (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122);
const isDigit: Test = (code) => code >= 48 && code <= 57;
const isBlank: Test = (code) => code === 32 || (code >= 9 && code <= 13) || code === 160;

const CLASSES: Readonly<Record<string, Test>> = {
  d: isDigit,
  w: isWord,
  s: isBlank,
  D: (code) => !isDigit(code),
  W: (code) => !isWord(code),
  S: (code) => !isBlank(code),
};
const CONTROLS: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', f: '\f', v: '\v' };

/**
 * Maximum repetitions in braces: larger ones are refused, since reading the braces as literal text would match other text.
 */
const MAX_REPETITIONS = 999;

class Reader {
  private at = 0;
  private groups = 0;
  private depth = 0;
  private ignoreCase = false;

  constructor(private readonly source: string) {}

  read(): { tree: Tree; groups: number } {
    if (this.source.startsWith('(?i)')) {
      this.ignoreCase = true;
      this.at = 4;
    }
    const tree = this.either();
    if (this.at < this.source.length) throw new BadPattern(`unexpected ) at character ${this.at + 1}`);
    return { tree, groups: this.groups };
  }

  private either(): Tree {
    if (++this.depth > 50) throw new BadPattern('groups are nested too deeply');
    const of = [this.sequence()];
    while (this.source[this.at] === '|') {
      this.at++;
      of.push(this.sequence());
    }
    this.depth--;
    return of.length === 1 ? of[0]! : { kind: 'either', of };
  }

  private sequence(): Tree {
    const of: Tree[] = [];
    while (this.at < this.source.length && !/[|)]/.test(this.source[this.at]!)) of.push(this.repeated());
    return { kind: 'sequence', of };
  }

  private repeated(): Tree {
    const of = this.atom();
    const bounds = /^\{(\d{1,20})(,(\d{0,20}))?\}/.exec(this.source.slice(this.at, this.at + 44));
    const sign = this.source[this.at];
    let least = 0;
    let most = Number.POSITIVE_INFINITY;
    if (bounds) {
      this.at += bounds[0].length;
      least = Number(bounds[1]);
      most = bounds[2] === undefined ? least : bounds[3] === '' ? most : Number(bounds[3]);
      if (least > MAX_REPETITIONS || (most > MAX_REPETITIONS && bounds[3] !== '')) {
        throw new BadPattern(`${bounds[0]} repeats more than ${MAX_REPETITIONS} times`);
      }
      if (most < least) throw new BadPattern(`${bounds[0]} has its bounds in the wrong order`);
    } else if (sign === '*' || sign === '+' || sign === '?') {
      this.at++;
      if (sign === '+') least = 1;
      if (sign === '?') most = 1;
    } else return of;
    const lazy = this.source[this.at] === '?';
    if (lazy) this.at++;
    if (/[*+]/.test(this.source[this.at] ?? '')) throw new BadPattern(`nothing to repeat at character ${this.at + 1}`);
    return { kind: 'repeat', of, least, most, lazy };
  }

  private atom(): Tree {
    const c = this.source[this.at]!;
    if (/[*+?]/.test(c)) throw new BadPattern(`nothing to repeat at character ${this.at + 1}`);
    this.at++;
    if (c === '^' || c === '$') return { kind: 'assert', what: c };
    if (c === '.') return { kind: 'char', test: (code) => code !== 10 };
    if (c === '(') return this.group();
    if (c === '[') return { kind: 'char', test: this.set() };
    if (c !== '\\') return this.literal(c);
    const escaped = this.source[this.at++];
    if (escaped === undefined) throw new BadPattern('it ends in a backslash');
    if (escaped === 'b' || escaped === 'B') return { kind: 'assert', what: escaped };
    const test = CLASSES[escaped];
    if (test) return { kind: 'char', test };
    return this.literal(this.character(escaped));
  }

  private literal(c: string): Tree {
    const test = this.equals(c.charCodeAt(0));
    return { kind: 'char', test };
  }

  private character(escaped: string): string {
    if (/[1-9]/.test(escaped)) throw new BadPattern(`\\${escaped}: back-references are not supported`);
    if (/[a-zA-Z]/.test(escaped) && !(escaped in CONTROLS)) throw new BadPattern(`\\${escaped} is not supported`);
    return CONTROLS[escaped] ?? escaped;
  }

  private equals(code: number): Test {
    return this.inRange(code, code);
  }

  private inRange(first: number, last: number): Test {
    if (!this.ignoreCase) return (code) => code >= first && code <= last;
    return (code) => isIn(code, first, last) || isIn(lower(code), first, last) || isIn(upper(code), first, last);
  }

  private group(): Tree {
    const look = /^\?(<?)([=!])/.exec(this.source.slice(this.at, this.at + 3));
    let index: number | null = null;
    if (look) this.at += look[0].length;
    else if (this.source.startsWith('?:', this.at)) this.at += 2;
    else if (this.source[this.at] === '?') throw new BadPattern('named groups are not supported');
    else index = ++this.groups;
    const of = this.either();
    if (this.source[this.at++] !== ')') throw new BadPattern('a group is not closed');
    if (!look) return { kind: 'group', index, of };
    const [one, ...more] = of.kind === 'sequence' ? of.of : [];
    if (one?.kind !== 'char' || more.length > 0)
      throw new BadPattern('look-around of more than one character is not supported');
    return {
      kind: 'assert',
      what: { side: look[1] ? 'before' : 'behind', test: one.test, holds: look[2] === '=' },
    };
  }

  private set(): Test {
    const negated = this.source[this.at] === '^';
    if (negated) this.at++;
    const tests: Test[] = [];
    for (let first = true; first || this.source[this.at] !== ']'; first = false) {
      const from = this.member();
      if (typeof from === 'function') tests.push(from);
      else if (this.source[this.at] === '-' && this.source[this.at + 1] !== ']') {
        this.at++;
        const to = this.member();
        if (typeof to === 'function' || to < from) throw new BadPattern('a range in [...] is in the wrong order');
        tests.push(this.inRange(from, to));
      } else tests.push(this.equals(from));
    }
    this.at++;
    return (code) => tests.some((test) => test(code)) !== negated;
  }

  private member(): Test | number {
    const c = this.source[this.at++];
    if (c === undefined) throw new BadPattern('[...] is not closed');
    if (c !== '\\') return c.charCodeAt(0);
    const escaped = this.source[this.at++] ?? '';
    return CLASSES[escaped] ?? this.character(escaped).charCodeAt(0);
  }
}

function isIn(code: number, first: number, last: number): boolean {
  return code >= first && code <= last;
}

/** Cache of characters in the other case; 0: not yet computed. */
const [LOWER, UPPER] = [new Uint16Array(2 ** 16), new Uint16Array(2 ** 16)];

function lower(code: number): number {
  LOWER[code] ||= String.fromCharCode(code).toLowerCase().charCodeAt(0);
  return LOWER[code]!;
}

function upper(code: number): number {
  UPPER[code] ||= String.fromCharCode(code).toUpperCase().charCodeAt(0);
  return UPPER[code]!;
}
