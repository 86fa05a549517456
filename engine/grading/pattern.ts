/**
 * Regular expressions whose work is linear in the text: a Pike machine, which follows all alternatives at once instead
 * of trying one after another. What they may contain is in `pattern-syntax.ts`.
 */
import { spend } from './meter.ts';
import { type Assertion, BadPattern, isWord, readPattern, type Test, type Tree } from './pattern-syntax.ts';

export { BadPattern } from './pattern-syntax.ts';

type Instruction =
  | { op: 'char'; test: Test }
  | { op: 'split'; first: number; second: number }
  | { op: 'jump'; to: number }
  | { op: 'save'; slot: number }
  | { op: 'assert'; kind: Assertion }
  | { op: 'match' };

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
  const { tree, groups } = readPattern(source);
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
