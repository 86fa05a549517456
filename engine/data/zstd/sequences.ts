/** The sequences of a block: so many literals, then a copy of earlier output, again and again (RFC 8878, 3.1.1.3.2 to 3.1.1.5). */
import { BackwardBits, damaged } from './bits.ts';
import { constantTable, type FseTable, fseTable, readFseTable } from './fse.ts';
import type { Unpacked } from './output.ts';

/** A kind of number in a sequence: a code, followed by bits that are added to a base. */
interface Kind {
  maxLog: number;
  codes: number;
  usual: FseTable;
  base: Uint32Array;
  bits: Uint8Array;
}

/** The codes from `first` on, of which each adds as many bits as `bits` says and begins where the one before it ends. */
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
/** Its codes are numbers of bits. No more of them than a file could use that fits into memory. */
const OFFSETS: Omit<Kind, 'base' | 'bits'> = {
  maxLog: 8,
  codes: 32,
  usual: fseTable([1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1], 5),
};
const MOST_OFFSET_BITS = 30;

/** What a block leaves to the next one of its frame. */
export interface SequenceState {
  tables: (FseTable | null)[];
  /** The last three offsets, the newest first. */
  offsets: [number, number, number];
}

/** What a frame begins with: no tables, and the three offsets that RFC 8878 names in 3.1.1.5. */
export function firstState(): SequenceState {
  return { tables: [null, null, null], offsets: [1, 4, 8] };
}

/**
 * Writes what a block stands for.
 * @param bytes the block from the end of its literals on
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

/** Runs `count` sequences, then appends the literals that are left. Returns where the output ends. */
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
    // byte by byte: most are few, and what is copied may overlap what it is copied to
    for (let j = 0; j < length; j++) target[end++] = literals[used++]!;
    const offset = takeOffset(state.offsets, value, length);
    if (offset < 1 || offset > end - start) damaged();
    for (let j = 0; j < copied; j++, end++) target[end] = target[end - offset]!;
  }
  if (input.left !== 0 || literals.length - used > target.length - end) damaged();
  target.set(literals.subarray(used), end);
  return end + literals.length - used;
}

/** A value with `bits` bits after its first one. */
function readOffset(input: BackwardBits, bits: number): number {
  if (bits <= 24) return (1 << bits) + input.read(bits);
  if (bits > MOST_OFFSET_BITS) damaged();
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

/** Reads the tables of literal lengths, offsets and copied lengths into the state, and says where they end. */
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

/** The offset that a value stands for: values up to 3 are one of the last three. */
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
