/** Formats whose weights are small integers times a scale: Q1_0, Q2_0, TQ1_0, TQ2_0. */
import { half, type ReadBlock } from './block.ts';

/**
 * A ternary digit (-1, 0, 1) of a byte with five of them, encoded as a fraction of 256; `power` is 3 to the digit's
 * place.
 */
const ternary = (byte: number, power: number): number => ((((byte * power) & 255) * 3) >> 8) - 1;
const POWERS = [1, 3, 9, 27, 81];

/** 48 bytes of five digits each, 4 bytes of four each, d: d * digit. */
export const tq1_0: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at + 52);
  let next = to;
  for (const [from, count, digits] of [
    [0, 32, 5],
    [32, 16, 5],
    [48, 4, 4],
  ] as const) {
    for (const power of POWERS.slice(0, digits)) {
      for (let i = 0; i < count; i++) out[next++] = d * ternary(bytes[at + from + i]!, power);
    }
  }
};

/** 64 bytes of four 2-bit digits each, d: d * (digit - 1). */
export const tq2_0: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at + 64);
  for (let i = 0; i < 256; i++) {
    const byte = bytes[at + (i >> 7) * 32 + (i & 31)]!;
    out[to + i] = d * (((byte >> (2 * ((i >> 5) & 3))) & 3) - 1);
  }
};

/** d, one bit for each of 128 weights: d if it is set, otherwise -d. */
export const q1_0: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at);
  for (let i = 0; i < 128; i++) out[to + i] = ((bytes[at + 2 + (i >> 3)]! >> (i & 7)) & 1) === 1 ? d : -d;
};

/** d, 2-bit digits for 64 weights: d * (digit - 1). */
export const q2_0: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at);
  for (let i = 0; i < 64; i++) out[to + i] = d * (((bytes[at + 2 + (i >> 2)]! >> (2 * (i & 3))) & 3) - 1);
};
