/**
 * Regular expressions with work linear in the text: compiles a pattern to a program for `pattern-machine.ts`. The syntax is
 * in `pattern-syntax.ts`.
 */
import { type Instruction, Machine } from './pattern-machine.ts';
import { BadPattern, readPattern, type Tree } from './pattern-syntax.ts';

export { BadPattern } from './pattern-syntax.ts';

/** Maximum number of instructions, which bounds the work per character. */
const MAX_SIZE = 1000;

export interface Matcher {
  /** Spans of all non-overlapping matches. */
  matches(text: string): Iterable<{ start: number; end: number }>;
  /** The span of the last match's first group (of the whole match if there is no group); null without a match. */
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
  const machine = new Machine(program);
  const slot = groups > 0 ? 2 : 0;
  return {
    *matches(text) {
      for (const saved of machine.runs(text)) yield { start: saved[0]!, end: saved[1]! };
    },
    last(text) {
      let found: { start: number; end: number } | null = null;
      for (const saved of machine.runs(text)) {
        if (saved[slot]! >= 0 && saved[slot + 1]! >= 0) found = { start: saved[slot]!, end: saved[slot + 1]! };
      }
      return found;
    },
  };
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
      // only the whole match and the first group are needed
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
