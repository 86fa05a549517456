/** The sequences of a block: literals followed by a copy of earlier output, repeatedly (RFC 8878, 3.1.1.3.2 to 3.1.1.5). */
import { BackwardBits, damaged } from './bits.ts';
import { constantTable, type FseTable, fseTable, readFseTable } from './fse.ts';
import type { Unpacked } from './output.ts';

/** A kind of number in a sequence: a code, and extra bits that are added to the code's base. */
interface Kind {
  maxLog: number;
  codes: number;
  usual: FseTable;
  base: Uint32Array;
  bits: Uint8Array;
}

/** Codes with `bits` extra bits each; each base follows the range of the previous code, starting at `first`. */
function codes(first: number, bits: readonly number[]): Pick<Kind, 'codes' | 'base' | 'bits'> {
  let next = first;
  const base = bits.map((count) => {
    const own = next;
    next += 2 ** count;
    return own;
  });
  return { codes: bits.length, base: Uint32Array.from(base), bits: Uint8Array.from(bits) };
}

const zeros = (count: number): number[] => new Array(count).fill(0);
const ones = (count: number): number[] => new Array(count).fill(1);

const LITERALS: Kind = {
  maxLog: 9,
  usual: fseTable(
    [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1],
    6,
  ),
  ...codes(0, [...zeros(16), 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]),
};
const COPIES: Kind = {
  maxLog: 9,
  usual: fseTable([1, 4, 3, 2, 2, 2, 2, 2, 2, ...ones(37), -1, -1, -1, -1, -1, -1, -1], 6),
  ...codes(3, [...zeros(32), 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]),
};
/** Offset codes are numbers of bits, limited to what files that fit into memory could use. */
const OFFSETS: Omit<Kind, 'base' | 'bits'> = {
  maxLog: 8,
  codes: 32,
  usual: fseTable([1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1], 5),
};
const MAX_OFFSET_BITS = 30;

/** State that a block passes on to the next one in its frame. */
export interface SequenceState {
  tables: (FseTable | null)[];
  /** The last three offsets, newest first. */
  offsets: [number, number, number];
}

/** The state at the start of a frame: no tables, and the three initial offsets (RFC 8878, 3.1.1.5). */
export function firstState(): SequenceState {
  return { tables: [null, null, null], offsets: [1, 4, 8] };
}

/**
 * Writes the output of a block.
 * @param bytes the block after its literals
 * @param start where the frame begins in the output
 */
export function runSequences(
  bytes: Uint8Array,
  literals: Uint8Array,
  { state, output, start }: { state: SequenceState; output: Unpacked; start: number },
): void {
  const { count, at } = sequenceCount(bytes);
  if (count === 0) {
    if (at !== bytes.length) damaged();
    output.append(literals);
    return;
  }
  const input = new BackwardBits(bytes.subarray(readTables(bytes, at, state)));
  output.block((target, from) => runEach(count, input, literals, { state, target, from, start }));
}

/** Executes `count` sequences, then appends the remaining literals. Returns the end of the output. */
function runEach(
  count: number,
  input: BackwardBits,
  literals: Uint8Array,
  { state, target, from, start }: { state: SequenceState; target: Uint8Array; from: number; start: number },
): number {
  const [lengths, offsets, copies] = state.tables as [FseTable, FseTable, FseTable];
  let lengthState = input.read(lengths.log);
  let offsetState = input.read(offsets.log);
  let copyState = input.read(copies.log);
  let end = from;
  let used = 0;
  for (let i = 0; i < count; i++) {
    const lengthCode = lengths.symbols[lengthState]!;
    const copyCode = copies.symbols[copyState]!;
    const value = readOffset(input, offsets.symbols[offsetState]!);
    const copied = COPIES.base[copyCode]! + input.read(COPIES.bits[copyCode]!);
    const length = LITERALS.base[lengthCode]! + input.read(LITERALS.bits[lengthCode]!);
    if (i + 1 < count) {
      lengthState = lengths.next[lengthState]! + input.read(lengths.bits[lengthState]!);
      copyState = copies.next[copyState]! + input.read(copies.bits[copyState]!);
      offsetState = offsets.next[offsetState]! + input.read(offsets.bits[offsetState]!);
    }
    if (input.left < 0 || used + length > literals.length || end + length + copied > target.length) damaged();
    // byte by byte, since most copies are short, and source and destination may overlap
    for (let j = 0; j < length; j++) target[end++] = literals[used++]!;
    const offset = takeOffset(state.offsets, value, length);
    if (offset < 1 || offset > end - start) damaged();
    for (let j = 0; j < copied; j++, end++) target[end] = target[end - offset]!;
  }
  if (input.left !== 0 || literals.length - used > target.length - end) damaged();
  target.set(literals.subarray(used), end);
  return end + literals.length - used;
}

/** A value with `bits` bits after its leading one bit. */
function readOffset(input: BackwardBits, bits: number): number {
  if (bits <= 24) return (1 << bits) + input.read(bits);
  if (bits > MAX_OFFSET_BITS) damaged();
  const high = input.read(bits - 15);
  return 2 ** bits + high * 2 ** 15 + input.read(15);
}

function sequenceCount(bytes: Uint8Array): { count: number; at: number } {
  const byte = (i: number) => bytes[i] ?? damaged();
  const first = byte(0);
  if (first < 128) return { count: first, at: 1 };
  if (first < 255) return { count: ((first - 128) << 8) | byte(1), at: 2 };
  return { count: (byte(1) | (byte(2) << 8)) + 0x7f00, at: 3 };
}

/** Reads the tables of literal lengths, offsets and copy lengths into the state, and returns their end. */
function readTables(bytes: Uint8Array, from: number, state: SequenceState): number {
  const modes = bytes[from] ?? damaged();
  if ((modes & 3) !== 0) damaged();
  let at = from + 1;
  for (const [i, kind] of [LITERALS, OFFSETS, COPIES].entries()) {
    const mode = (modes >> (6 - 2 * i)) & 3;
    if (mode === 0) state.tables[i] = kind.usual;
    else if (mode === 1) {
      const symbol = bytes[at++] ?? damaged();
      if (symbol >= kind.codes) damaged();
      state.tables[i] = constantTable(symbol);
    } else if (mode === 2) {
      const { table, end } = readFseTable(bytes, at, { maxLog: kind.maxLog, symbols: kind.codes });
      state.tables[i] = table;
      at = end;
    } else if (!state.tables[i]) damaged();
  }
  return at;
}

/** The offset that a value encodes: values up to 3 refer to the last three offsets. */
function takeOffset(last: SequenceState['offsets'], value: number, literals: number): number {
  if (value > 3) {
    last[2] = last[1];
    last[1] = last[0];
    last[0] = value - 3;
    return last[0];
  }
  const index = literals === 0 ? value : value - 1;
  if (index === 0) return last[0];
  const offset = index === 3 ? last[0] - 1 : last[index]!;
  if (index > 1) last[2] = last[1];
  last[1] = last[0];
  last[0] = offset;
  return offset;
}
