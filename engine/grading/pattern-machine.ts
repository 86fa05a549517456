/**
 * A Pike machine: it follows all alternatives of a pattern at once instead of backtracking, so its work is linear in the
 * text. All its state is in preallocated arrays, since texts are long.
 */
import { spend } from './meter.ts';
import { type Assertion, isWord, type Test } from './pattern-syntax.ts';

export type Instruction =
  | { op: 'char'; test: Test }
  | { op: 'split'; first: number; second: number }
  | { op: 'jump'; to: number }
  | { op: 'save'; slot: number }
  | { op: 'assert'; kind: Assertion }
  | { op: 'match' };

/** Start and end of the whole match and of the first group. */
const SLOTS = 4;
const ASCII = 128;
/** Characters skipped per counted step. */
const CHARACTERS_PER_STEP = 8;

const OPS = { char: 0, split: 1, jump: 2, save: 3, assert: 4, match: 5 } as const;

/** Active threads in order of preference, each with its slots. */
class Threads {
  count = 0;
  readonly at: Int32Array;
  readonly slots: Int32Array;

  constructor(size: number) {
    this.at = new Int32Array(size);
    this.slots = new Int32Array(SLOTS * size);
  }
}

/** Not reentrant: runs share the machine's arrays. */
export class Machine {
  private readonly ops: Uint8Array;
  /** First and second argument of each instruction. */
  private readonly x: Int32Array;
  private readonly y: Int32Array;
  /** For `char` instructions, whether they accept each ASCII character. */
  private readonly takes: Uint8Array;
  /** Whether a match can begin with a character: 1 no, 2 yes, 0 not yet computed; null if a match can be empty. */
  private readonly possibleStarts: Uint8Array | null;
  /** Tests for the first character of a match. */
  private readonly first: readonly Test[];
  private now: Threads;
  private next: Threads;
  /** The character at which each instruction was last reached, as a number unique per character and run. */
  private readonly seen: Float64Array;
  private character = 0;
  private readonly stack: Int32Array;
  private readonly working = new Int32Array(SLOTS);
  private readonly matched = new Int32Array(SLOTS);

  constructor(private readonly program: readonly Instruction[]) {
    const size = program.length;
    this.ops = Uint8Array.from(program, ({ op }) => OPS[op]);
    this.x = Int32Array.from(program, (item) =>
      item.op === 'split' ? item.first : item.op === 'jump' ? item.to : item.op === 'save' ? item.slot : 0,
    );
    this.y = Int32Array.from(program, (item) => (item.op === 'split' ? item.second : 0));
    this.takes = new Uint8Array(ASCII * size);
    program.forEach((item, at) => {
      if (item.op !== 'char') return;
      for (let code = 0; code < ASCII; code++) this.takes[ASCII * at + code] = Number(item.test(code));
    });
    const reached = initialInstructions(program);
    this.possibleStarts = reached.some(({ op }) => op === 'match') ? null : new Uint8Array(2 ** 16);
    this.first = reached.flatMap((item) => (item.op === 'char' ? item.test : []));
    this.now = new Threads(size);
    this.next = new Threads(size);
    this.seen = new Float64Array(size);
    // each instruction pushes at most three numbers, once per character
    this.stack = new Int32Array(3 * size + 3);
  }

  /** The slots of each non-overlapping match; valid until the next match is requested. */
  *runs(text: string): Generator<Int32Array> {
    for (let at = 0; at <= text.length; ) {
      if (!this.run(text, at)) return;
      const [start, end] = this.matched as unknown as [number, number];
      yield this.matched;
      at = end > start ? end : end + 1;
    }
  }

  /** Finds the leftmost match from `start` on, preferring earlier alternatives. */
  private run(text: string, start: number): boolean {
    let isMatched = false;
    this.now.count = 0;
    this.character++;
    for (let place = start; place <= text.length; place++) {
      if (!isMatched) {
        if (this.possibleStarts && this.now.count === 0) {
          const from = place;
          place = this.nextPossibleStart(this.possibleStarts, text, place);
          if (place > from) this.character++;
        }
        this.working.fill(-1);
        this.add(this.now, 0, text, place);
      }
      if (this.now.count === 0 && isMatched) break;
      spend(1 + this.now.count);
      if (this.step(text, place)) isMatched = true;
      [this.now, this.next] = [this.next, this.now];
    }
    return isMatched;
  }

  /** Advances all threads by the character at `place`; true if one has matched, which ends the less preferred ones. */
  private step(text: string, place: number): boolean {
    const { now, next, ops, takes, working } = this;
    next.count = 0;
    this.character++;
    const code = place < text.length ? text.charCodeAt(place) : -1;
    for (let thread = 0; thread < now.count; thread++) {
      const at = now.at[thread]!;
      if (ops[at] === OPS.match) {
        for (let slot = 0; slot < SLOTS; slot++) this.matched[slot] = now.slots[SLOTS * thread + slot]!;
        return true;
      }
      if (code < 0 || !(code < ASCII ? takes[ASCII * at + code] : this.takesOther(at, code))) continue;
      for (let slot = 0; slot < SLOTS; slot++) working[slot] = now.slots[SLOTS * thread + slot]!;
      this.add(next, at + 1, text, place + 1);
    }
    return false;
  }

  /** Follows an instruction, with the working slots, to instructions that consume a character or match. */
  private add(list: Threads, first: number, text: string, place: number): void {
    const { ops, x, y, seen, stack, working, character } = this;
    let size = 0;
    stack[size++] = first;
    while (size > 0) {
      const at = stack[--size]!;
      if (at < 0) {
        // restores the slot after its branch
        working[-1 - at] = stack[--size]!;
        continue;
      }
      if (seen[at] === character) continue;
      seen[at] = character;
      switch (ops[at]) {
        case OPS.jump:
          stack[size++] = x[at]!;
          break;
        case OPS.split:
          stack[size++] = y[at]!;
          stack[size++] = x[at]!;
          break;
        case OPS.save: {
          const slot = x[at]!;
          stack[size++] = working[slot]!;
          stack[size++] = -1 - slot;
          working[slot] = place;
          stack[size++] = at + 1;
          break;
        }
        case OPS.assert:
          if (this.holds(at, text, place)) stack[size++] = at + 1;
          break;
        default: {
          const thread = list.count++;
          list.at[thread] = at;
          for (let slot = 0; slot < SLOTS; slot++) list.slots[SLOTS * thread + slot] = working[slot]!;
        }
      }
    }
  }

  private takesOther(at: number, code: number): boolean {
    const one = this.program[at]!;
    return one.op === 'char' && one.test(code);
  }

  private holds(at: number, text: string, place: number): boolean {
    const one = this.program[at]!;
    return one.op === 'assert' && assertionHolds(one.kind, text, place);
  }

  /** The first position from `start` on where a match may begin; the end of the text if there is none. */
  private nextPossibleStart(begins: Uint8Array, text: string, start: number): number {
    let place = start;
    for (; place < text.length; place++) {
      const code = text.charCodeAt(place);
      begins[code] ||= this.first.some((test) => test(code)) ? 2 : 1;
      if (begins[code] === 2) break;
    }
    spend(Math.ceil((place - start) / CHARACTERS_PER_STEP));
    return place;
  }
}

/** Instructions reachable from the start without consuming a character, regardless of assertions. */
function initialInstructions(program: readonly Instruction[]): Instruction[] {
  const seen = new Set<number>();
  const stack = [0];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    const one = program[at]!;
    if (one.op === 'jump') stack.push(one.to);
    else if (one.op === 'split') stack.push(one.first, one.second);
    else if (one.op === 'save' || one.op === 'assert') stack.push(at + 1);
  }
  return [...seen].map((at) => program[at]!);
}

function assertionHolds(kind: Assertion, text: string, place: number): boolean {
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
