/**
 * Regular expressions whose work is linear in the text: a Pike machine, which follows all alternatives at once instead
 * of trying one after another. The common syntax without back-references and long look-around: literals, `.`, classes,
 * groups (`(...)`, `(?:...)`), `|`, `*`, `+`, `?`, `{n,m}`, lazy forms, `^`, `$` (of lines), `\b`, `\d`, `\w`, `\s`,
 * look-around of one character, and `(?i)` at the beginning.
 */
import { spend } from './meter.ts';

/** Thrown for a pattern that cannot be read: a syntax error, or what has no linear-time meaning (back-references). */
export class BadPattern extends Error {}

type Test = (code: number) => boolean;

/** What holds at a place; with a test, of the character behind or before it. */
type Assertion = '^' | '$' | 'b' | 'B' | { side: 'behind' | 'before'; test: Test; holds: boolean };

type Instruction =
  | { op: 'char'; test: Test }
  | { op: 'split'; first: number; second: number }
  | { op: 'jump'; to: number }
  | { op: 'save'; slot: number }
  | { op: 'assert'; kind: Assertion }
  | { op: 'match' };

type Tree =
  | { kind: 'char'; test: Test }
  | { kind: 'assert'; what: Assertion }
  | { kind: 'group'; index: number | null; of: Tree }
  | { kind: 'sequence'; of: Tree[] }
  | { kind: 'either'; of: Tree[] }
  | { kind: 'repeat'; of: Tree; least: number; most: number; lazy: boolean };

/** Most instructions: the work for one character. */
const MAX_SIZE = 1000;

export interface Matcher {
  /** Places of all matches, which do not overlap. */
  matches(text: string): Iterable<{ start: number; end: number }>;
  /** Places of the last match and of its first group (of the whole match where there is no group); null without a match. */
  last(text: string): { start: number; end: number } | null;
}

/** Throws BadPattern, whose message says what is wrong and where. */
export function compilePattern(source: string): Matcher {
  const program: Instruction[] = [];
  const { tree, groups } = new Reader(source).read();
  const emit = (instruction: Instruction) => {
    if (program.push(instruction) > MAX_SIZE) throw new BadPattern('it is too large');
    return program.length - 1;
  };
  emitTree({ kind: 'group', index: 0, of: tree }, emit, program);
  emit({ op: 'match' });
  const slot = groups > 0 ? 2 : 0;
  return {
    *matches(text) {
      for (const saved of runs(program, text)) yield { start: saved[0]!, end: saved[1]! };
    },
    last(text) {
      let found: { start: number; end: number } | null = null;
      for (const saved of runs(program, text)) {
        if (saved[slot]! >= 0 && saved[slot + 1]! >= 0) found = { start: saved[slot]!, end: saved[slot + 1]! };
      }
      return found;
    },
  };
}

/** The slots of each match. */
function* runs(program: readonly Instruction[], text: string): Generator<Int32Array> {
  for (let at = 0; at <= text.length; ) {
    const saved = run(program, text, at);
    if (!saved) return;
    yield saved;
    at = saved[1]! > saved[0]! ? saved[1]! : saved[1]! + 1;
  }
}

function emitTree(tree: Tree, emit: (instruction: Instruction) => number, program: Instruction[]): void {
  switch (tree.kind) {
    case 'char':
      emit({ op: 'char', test: tree.test });
      return;
    case 'assert':
      emit({ op: 'assert', kind: tree.what });
      return;
    case 'group':
      // only the whole and the first group are asked for
      if (tree.index === null || tree.index > 1) {
        emitTree(tree.of, emit, program);
        return;
      }
      emit({ op: 'save', slot: 2 * tree.index });
      emitTree(tree.of, emit, program);
      emit({ op: 'save', slot: 2 * tree.index + 1 });
      return;
    case 'sequence':
      for (const part of tree.of) emitTree(part, emit, program);
      return;
    case 'either': {
      const ends: number[] = [];
      for (const [i, part] of tree.of.entries()) {
        if (i === tree.of.length - 1) {
          emitTree(part, emit, program);
          break;
        }
        const split = emit({ op: 'split', first: 0, second: 0 });
        emitTree(part, emit, program);
        ends.push(emit({ op: 'jump', to: 0 }));
        program[split] = { op: 'split', first: split + 1, second: program.length };
      }
      for (const end of ends) program[end] = { op: 'jump', to: program.length };
      return;
    }
    case 'repeat': {
      const branch = (at: number, inside: number, outside: number) => {
        program[at] = tree.lazy
          ? { op: 'split', first: outside, second: inside }
          : { op: 'split', first: inside, second: outside };
      };
      for (let i = 0; i < tree.least; i++) emitTree(tree.of, emit, program);
      if (tree.most === Number.POSITIVE_INFINITY) {
        const split = emit({ op: 'split', first: 0, second: 0 });
        emitTree(tree.of, emit, program);
        emit({ op: 'jump', to: split });
        branch(split, split + 1, program.length);
        return;
      }
      const splits: number[] = [];
      for (let i = tree.least; i < tree.most; i++) {
        splits.push(emit({ op: 'split', first: 0, second: 0 }));
        emitTree(tree.of, emit, program);
      }
      for (const split of splits) branch(split, split + 1, program.length);
    }
  }
}

interface Thread {
  at: number;
  saved: Int32Array;
}

/** The leftmost match from `start` on, of the alternatives that come first; slots of the whole and of the first group. */
function run(program: readonly Instruction[], text: string, start: number): Int32Array | null {
  let matched: Int32Array | null = null;
  let threads: Thread[] = [];
  // at which character an instruction was reached last
  const seen = new Int32Array(program.length).fill(-1);
  const add = (list: Thread[], first: Thread, place: number) => {
    const stack = [first];
    for (let thread = stack.pop(); thread; thread = stack.pop()) {
      const { at, saved } = thread;
      if (seen[at] === place) continue;
      seen[at] = place;
      const instruction = program[at]!;
      if (instruction.op === 'jump') stack.push({ at: instruction.to, saved });
      else if (instruction.op === 'split') {
        stack.push({ at: instruction.second, saved }, { at: instruction.first, saved });
      } else if (instruction.op === 'save') {
        const copy = saved.slice();
        copy[instruction.slot] = place;
        stack.push({ at: at + 1, saved: copy });
      } else if (instruction.op === 'assert') {
        if (holds(instruction.kind, text, place)) stack.push({ at: at + 1, saved });
      } else list.push(thread);
    }
  };
  for (let place = start; place <= text.length; place++) {
    if (!matched) add(threads, { at: 0, saved: new Int32Array(4).fill(-1) }, place);
    if (threads.length === 0 && matched) break;
    spend(1 + threads.length);
    const next: Thread[] = [];
    const code = place < text.length ? text.charCodeAt(place) : -1;
    for (const thread of threads) {
      const instruction = program[thread.at]!;
      if (instruction.op === 'match') {
        matched = thread.saved;
        break;
      }
      if (instruction.op === 'char' && code >= 0 && instruction.test(code)) {
        add(next, { at: thread.at + 1, saved: thread.saved }, place + 1);
      }
    }
    threads = next;
  }
  return matched;
}

const isWord: Test = (code) =>
  (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122);
const isDigit: Test = (code) => code >= 48 && code <= 57;
const isBlank: Test = (code) => code === 32 || (code >= 9 && code <= 13) || code === 160;

function holds(kind: Assertion, text: string, place: number): boolean {
  if (typeof kind === 'object') {
    const at = kind.side === 'behind' ? place : place - 1;
    return (at >= 0 && at < text.length && kind.test(text.charCodeAt(at))) === kind.holds;
  }
  if (kind === '^') return place === 0 || text[place - 1] === '\n';
  if (kind === '$') return place === text.length || text[place] === '\n';
  const before = place > 0 && isWord(text.charCodeAt(place - 1));
  const after = place < text.length && isWord(text.charCodeAt(place));
  return (before !== after) === (kind === 'b');
}

const CLASSES: Readonly<Record<string, Test>> = {
  d: isDigit,
  w: isWord,
  s: isBlank,
  D: (code) => !isDigit(code),
  W: (code) => !isWord(code),
  S: (code) => !isBlank(code),
};
const CONTROLS: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', f: '\f', v: '\v' };

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
    const bounds = /^\{(\d{1,3})(,(\d{0,3}))?\}/.exec(this.source.slice(this.at, this.at + 12));
    const sign = this.source[this.at];
    let least = 0;
    let most = Number.POSITIVE_INFINITY;
    if (bounds) {
      this.at += bounds[0].length;
      least = Number(bounds[1]);
      most = bounds[2] === undefined ? least : bounds[3] === '' ? most : Number(bounds[3]);
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
    return (code) => [code, lower(code), upper(code)].some((form) => form >= first && form <= last);
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

function lower(code: number): number {
  return String.fromCharCode(code).toLowerCase().charCodeAt(0);
}

function upper(code: number): number {
  return String.fromCharCode(code).toUpperCase().charCodeAt(0);
}
