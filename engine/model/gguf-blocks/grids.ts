/** Formats whose weights are rows of a grid, 4 or 8 weights each: IQ1, IQ2, IQ3. */
import { halfTable } from '../../tensor/index.ts';
import { IQ1_S_GRID, IQ2_S_GRID, IQ2_XS_GRID, IQ2_XXS_GRID, IQ3_S_GRID, IQ3_XXS_GRID } from '../gguf-grids.ts';
import { half, type ReadBlock, short, word } from './block.ts';

/** Eight sign bits from seven: the number of negative signs is even, which determines the eighth. */
function evenSigns(seven: number): number {
  let parity = seven;
  for (const shift of [4, 2, 1]) parity ^= parity >> shift;
  return seven | ((parity & 1) << 7);
}

/** Writes `count` numbers of a grid's row to `to`, times d, negated where a bit of `signs` is set. */
function fromGrid(
  grid: Int8Array,
  row: number,
  { d, signs, count }: { d: number; signs: number; count: number },
  out: Float32Array,
  to: number,
): void {
  for (let i = 0; i < count; i++) {
    const value = d * grid[row * count + i]!;
    out[to + i] = (signs >> i) & 1 ? -value : value;
  }
}

/** d; for each 32 weights four grid indices, four groups of seven signs, and a scale: d (scale + 1/2) / 4. */
export const iq2_xxs: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at);
  for (let group = 0; group < 8; group++) {
    const start = at + 2 + group * 8;
    const rest = word(bytes, start + 4);
    const scale = d * (0.5 + (rest >>> 28)) * 0.25;
    for (let i = 0; i < 4; i++) {
      const signs = evenSigns((rest >>> (7 * i)) & 127);
      fromGrid(IQ2_XXS_GRID(), bytes[start + i]!, { d: scale, signs, count: 8 }, out, to + group * 32 + i * 8);
    }
  }
};

/** d; for each 8 weights a grid index of 9 bits and seven signs; 16 scales of 4 bits. */
export const iq2_xs: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at);
  for (let i = 0; i < 32; i++) {
    const index = short(bytes, at + 2 + 2 * i);
    const scale = d * (0.5 + ((bytes[at + 66 + (i >> 2)]! >> (4 * ((i >> 1) & 1))) & 15)) * 0.25;
    fromGrid(IQ2_XS_GRID(), index & 511, { d: scale, signs: evenSigns(index >> 9), count: 8 }, out, to + i * 8);
  }
};

/** d; 32 low bytes of grid indices, 32 bytes of signs, 8 bytes of high bits, 16 scales of 4 bits. */
export const iq2_s: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at);
  for (let i = 0; i < 32; i++) {
    const high = (bytes[at + 66 + (i >> 2)]! >> (2 * (i & 3))) & 3;
    const scale = d * (0.5 + ((bytes[at + 74 + (i >> 2)]! >> (4 * ((i >> 1) & 1))) & 15)) * 0.25;
    const row = bytes[at + 2 + i]! | (high << 8);
    fromGrid(IQ2_S_GRID(), row, { d: scale, signs: bytes[at + 34 + i]!, count: 8 }, out, to + i * 8);
  }
};

/** d; 64 grid indices of 4 weights; for each 32 weights four groups of seven signs and a scale: d (scale + 1/2) / 2. */
export const iq3_xxs: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at);
  for (let group = 0; group < 8; group++) {
    const rest = word(bytes, at + 66 + 4 * group);
    const scale = d * (0.5 + (rest >>> 28)) * 0.5;
    for (let i = 0; i < 8; i++) {
      const signs = evenSigns((rest >>> (7 * (i >> 1))) & 127) >> (4 * (i & 1));
      const row = bytes[at + 2 + group * 8 + i]!;
      fromGrid(IQ3_XXS_GRID(), row, { d: scale, signs, count: 4 }, out, to + group * 32 + i * 4);
    }
  }
};

/** d; 64 low bytes of grid indices, 8 bytes of ninth bits, 32 bytes of signs, 8 scales of 4 bits: d (1 + 2 scale). */
export const iq3_s: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at);
  for (let i = 0; i < 64; i++) {
    const row = bytes[at + 2 + i]! | (((bytes[at + 66 + (i >> 3)]! >> (i & 7)) & 1) << 8);
    const scale = d * (1 + 2 * ((bytes[at + 106 + (i >> 4)]! >> (4 * ((i >> 3) & 1))) & 15));
    const signs = bytes[at + 74 + (i >> 1)]! >> (4 * (i & 1));
    fromGrid(IQ3_S_GRID(), row, { d: scale, signs, count: 4 }, out, to + i * 4);
  }
};

const IQ1_DELTA = 0.125;

/** Eight weights from a grid of -1, 0 and 1, plus delta, times d; float32 arithmetic rounds the sum first. */
function shiftedGrid(row: number, d: number, delta: number, out: Float32Array, to: number): void {
  const grid = IQ1_S_GRID();
  for (let i = 0; i < 8; i++) out[to + i] = d * (grid[row * 8 + i]! + delta);
}

/** d; 32 low bytes of grid indices; for each 32 weights four groups of 3 high bits, a 3-bit scale, and the sign of delta. */
export const iq1_s: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at);
  for (let group = 0; group < 8; group++) {
    const high = short(bytes, at + 34 + 2 * group);
    const scale = d * (2 * ((high >> 12) & 7) + 1);
    const delta = high & 0x8000 ? -IQ1_DELTA : IQ1_DELTA;
    for (let i = 0; i < 4; i++) {
      const row = bytes[at + 2 + group * 4 + i]! | (((high >> (3 * i)) & 7) << 8);
      shiftedGrid(row, scale, delta, out, to + group * 32 + i * 8);
    }
  }
};

/** 32 low bytes of grid indices, 16 bytes of high bits and signs of delta, four words of scales whose top bits are d. */
export const iq1_m: ReadBlock = (bytes, at, out, to) => {
  const numbers = [0, 1, 2, 3].map((i) => short(bytes, at + 48 + 2 * i));
  const d = halfTable()[numbers.reduce((bits, number, i) => bits | ((number >> 12) << (4 * i)), 0)]!;
  for (let i = 0; i < 32; i++) {
    const high = bytes[at + 32 + (i >> 1)]! >> (4 * (i & 1));
    const run = i >> 1;
    const scale = d * (2 * ((numbers[run >> 2]! >> (3 * (run & 3))) & 7) + 1);
    const row = bytes[at + i]! | ((high & 7) << 8);
    shiftedGrid(row, scale, high & 8 ? -IQ1_DELTA : IQ1_DELTA, out, to + i * 8);
  }
};
