/** Zstandard's Huffman codes of literals (RFC 8878, 4.2). */
import { BackwardBits, damaged, highestBit } from './bits.ts';
import { readFseTable } from './fse.ts';

const MAX_BITS = 11;

/** The symbol and its number of bits for each value of the next `maxBits` bits. */
export interface HuffmanTable {
  maxBits: number;
  symbols: Uint8Array;
  bits: Uint8Array;
}

/** Reads the table at the beginning of the bytes, and returns its end. */
export function readHuffmanTable(bytes: Uint8Array): { table: HuffmanTable; end: number } {
  const header = bytes[0] ?? damaged();
  if (header < 128) {
    const end = 1 + header;
    if (end > bytes.length) damaged();
    return { table: huffmanTable(packedWeights(bytes.subarray(0, end))), end };
  }
  const count = header - 127;
  const end = 1 + ((count + 1) >> 1);
  if (end > bytes.length) damaged();
  const weights = Array.from({ length: count }, (_, i) => {
    const byte = bytes[1 + (i >> 1)]!;
    return i % 2 === 0 ? byte >> 4 : byte & 15;
  });
  return { table: huffmanTable(weights), end };
}

/** Weights coded with two alternating states. */
function packedWeights(bytes: Uint8Array): number[] {
  const { table, end } = readFseTable(bytes, 1, { maxLog: 6, symbols: MAX_BITS + 2 });
  if (end > bytes.length) damaged();
  const input = new BackwardBits(bytes.subarray(end));
  const states = [input.read(table.log), input.read(table.log)];
  if (input.left < 0) damaged();
  const weights: number[] = [];
  for (let turn = 0; ; turn = 1 - turn) {
    if (weights.length > 254) damaged();
    const state = states[turn]!;
    weights.push(table.symbols[state]!);
    states[turn] = table.next[state]! + input.read(table.bits[state]!);
    if (input.left >= 0) continue;
    // after the last bits, the other state has the last weight
    weights.push(table.symbols[states[1 - turn]!]!);
    return weights;
  }
}

/** @param weights of all symbols except the last, whose weight follows from the others */
function huffmanTable(weights: number[]): HuffmanTable {
  let sum = 0;
  for (const weight of weights) {
    if (weight > MAX_BITS) damaged();
    if (weight > 0) sum += 1 << (weight - 1);
  }
  if (sum === 0) damaged();
  const maxBits = highestBit(sum) + 1;
  const rest = (1 << maxBits) - sum;
  if (maxBits > MAX_BITS || (rest & (rest - 1)) !== 0) damaged();
  weights.push(highestBit(rest) + 1);

  const symbols = new Uint8Array(1 << maxBits);
  const bits = new Uint8Array(1 << maxBits);
  // longest codes first
  let at = 0;
  for (let weight = 1; weight <= maxBits; weight++) {
    const width = 1 << (weight - 1);
    for (const [symbol, own] of weights.entries()) {
      if (own !== weight) continue;
      symbols.fill(symbol, at, at + width);
      bits.fill(maxBits + 1 - weight, at, at + width);
      at += width;
    }
  }
  return { maxBits, symbols, bits };
}

/** Fills `output` with the symbols of one stream, which must end with it. */
export function readHuffmanStream(bytes: Uint8Array, table: HuffmanTable, output: Uint8Array): void {
  const input = new BackwardBits(bytes);
  const { maxBits, symbols, bits } = table;
  for (let i = 0; i < output.length; i++) {
    const code = input.peek(maxBits);
    output[i] = symbols[code]!;
    input.left -= bits[code]!;
  }
  if (input.left !== 0) damaged();
}
