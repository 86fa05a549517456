/** Zstandard's tables for finite state entropy: symbols, and the bits from each state to the next (RFC 8878, 4.1). */
import { damaged, ForwardBits, highestBit } from './bits.ts';

/** A table with one row per state. */
export interface FseTable {
  /** Bits per state. */
  log: number;
  symbols: Uint8Array;
  /** The next state is `next` plus the value of the next `bits` bits. */
  bits: Uint8Array;
  next: Uint16Array;
}

/** A table with one symbol, which takes no bits. */
export function constantTable(symbol: number): FseTable {
  return { log: 0, symbols: Uint8Array.of(symbol), bits: new Uint8Array(1), next: new Uint16Array(1) };
}

/**
 * Reads the table at `at`.
 * @param maxLog maximum bits per state
 * @param symbols maximum number of symbols
 * @returns the table and its end
 */
export function readFseTable(
  bytes: Uint8Array,
  at: number,
  { maxLog, symbols }: { maxLog: number; symbols: number },
): { table: FseTable; end: number } {
  const input = new ForwardBits(bytes, at);
  const log = input.read(4) + 5;
  if (log > maxLog) damaged();
  const counts: number[] = [];
  let left = 1 << log;
  while (left > 0) {
    if (counts.length >= symbols) damaged();
    // values below a limit take one bit less
    const bits = highestBit(left + 1) + 1;
    const whole = input.read(bits);
    const short = whole & ((1 << (bits - 1)) - 1);
    const limit = (1 << bits) - 1 - (left + 1);
    let value = whole;
    if (short < limit) {
      input.moveBack(1);
      value = short;
    } else if (whole >= 1 << (bits - 1)) value = whole - limit;
    // -1 means a probability below 1
    const count = value - 1;
    left -= Math.abs(count);
    counts.push(count);
    if (count !== 0) continue;
    for (let zeros = 3; zeros === 3; ) {
      zeros = input.read(2);
      for (let i = 0; i < zeros; i++) counts.push(0);
      if (counts.length > symbols) damaged();
    }
  }
  if (left < 0) damaged();
  return { table: fseTable(counts, log), end: input.nextByte };
}

/** @param counts number of states per symbol, 2 ** `log` in total; -1 for a single state at the end of the table */
export function fseTable(counts: readonly number[], log: number): FseTable {
  const size = 1 << log;
  const symbols = new Uint8Array(size);
  const states = new Uint16Array(counts.length);
  let end = size;
  for (const [symbol, count] of counts.entries()) {
    states[symbol] = Math.abs(count);
    if (count === -1) symbols[--end] = symbol;
  }
  const step = (size >> 1) + (size >> 3) + 3;
  let at = 0;
  for (const [symbol, count] of counts.entries()) {
    for (let i = 0; i < count; i++) {
      symbols[at] = symbol;
      do at = (at + step) & (size - 1);
      while (at >= end);
    }
  }
  const bits = new Uint8Array(size);
  const next = new Uint16Array(size);
  for (let i = 0; i < size; i++) {
    const state = states[symbols[i]!]!++;
    bits[i] = log - highestBit(state);
    next[i] = (state << bits[i]!) - size;
  }
  return { log, symbols, bits, next };
}
