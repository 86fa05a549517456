/** Formats of 32 weights with one scale, some with a minimum too: Q4_0, Q4_1, Q5_0, Q5_1, Q8_0. */
import { half, type ReadBlock, signed } from './block.ts';

/** d, 16 bytes of 4-bit q: d * (q - 8). Low halves are weights 0..15, high halves 16..31, as in all formats of 32. */
export const q4_0: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at);
  for (let i = 0; i < 16; i++) {
    const byte = bytes[at + 2 + i]!;
    out[to + i] = d * ((byte & 15) - 8);
    out[to + i + 16] = d * ((byte >> 4) - 8);
  }
};

/** d, m, 4-bit q: d * q + m. */
export const q4_1: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at);
  const m = half(bytes, at + 2);
  for (let i = 0; i < 16; i++) {
    const byte = bytes[at + 4 + i]!;
    // float32 arithmetic rounds the product first.
    out[to + i] = Math.fround(d * (byte & 15)) + m;
    out[to + i + 16] = Math.fround(d * (byte >> 4)) + m;
  }
};

/** The fifth bits of 32 weights. */
const highBits = (bytes: Uint8Array, at: number): number =>
  bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);

/** d, 32 high bits, 4-bit low parts: d * (q - 16). */
export const q5_0: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at);
  const high = highBits(bytes, at + 2);
  for (let i = 0; i < 16; i++) {
    const byte = bytes[at + 6 + i]!;
    out[to + i] = d * (((byte & 15) | (((high >>> i) & 1) << 4)) - 16);
    out[to + i + 16] = d * (((byte >> 4) | (((high >>> (i + 16)) & 1) << 4)) - 16);
  }
};

/** d, m, 32 high bits, 4-bit low parts: d * q + m. */
export const q5_1: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at);
  const m = half(bytes, at + 2);
  const high = highBits(bytes, at + 4);
  for (let i = 0; i < 16; i++) {
    const byte = bytes[at + 8 + i]!;
    out[to + i] = Math.fround(d * ((byte & 15) | (((high >>> i) & 1) << 4))) + m;
    out[to + i + 16] = Math.fround(d * ((byte >> 4) | (((high >>> (i + 16)) & 1) << 4))) + m;
  }
};

/** d, 32 signed bytes: d * q. */
export const q8_0: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at);
  for (let i = 0; i < 32; i++) out[to + i] = d * signed(bytes[at + 2 + i]!);
};
