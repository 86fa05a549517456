/** Formats of 256 weights in groups with scales of a few bits, some with minima too: Q2_K to Q6_K. */
import { half, type ReadBlock, signed } from './block.ts';

/** 16 pairs of 4-bit scale and minimum, 256 2-bit q, d, dmin: d * scale * q - dmin * minimum. */
export const q2_k: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at + 80);
  const dmin = half(bytes, at + 82);
  for (let group = 0; group < 16; group++) {
    const scales = bytes[at + group]!;
    const scale = d * (scales & 15);
    const minimum = dmin * (scales >> 4);
    // 128 weights share 32 bytes; each run of 32 uses the next two bits of each.
    const start = at + 16 + (group >> 3) * 32 + (group & 1) * 16;
    const shift = ((group >> 1) & 3) * 2;
    for (let i = 0; i < 16; i++) out[to + group * 16 + i] = scale * ((bytes[start + i]! >> shift) & 3) - minimum;
  }
};

/** 256 high bits, 256 2-bit low parts, 16 6-bit scales, d: d * (scale - 32) * (q - 4 where the high bit is 0). */
export const q3_k: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at + 108);
  for (let group = 0; group < 16; group++) {
    const low = (bytes[at + 96 + (group & 7)]! >> (group >> 3 ? 4 : 0)) & 15;
    const high = (bytes[at + 104 + (group & 3)]! >> ((group >> 2) * 2)) & 3;
    const scale = d * ((low | (high << 4)) - 32);
    const start = at + 32 + (group >> 3) * 32 + (group & 1) * 16;
    const shift = ((group >> 1) & 3) * 2;
    const mask = at + (group & 1) * 16;
    for (let i = 0; i < 16; i++) {
      const q = ((bytes[start + i]! >> shift) & 3) - ((bytes[mask + i]! >> (group >> 1)) & 1 ? 0 : 4);
      out[to + group * 16 + i] = scale * q;
    }
  }
};

/** Scale and minimum number `group` of the 8 6-bit pairs that Q4_K and Q5_K pack into 12 bytes. */
function scaleAndMinimum(bytes: Uint8Array, at: number, group: number): [number, number] {
  if (group < 4) return [bytes[at + group]! & 63, bytes[at + group + 4]! & 63];
  const rest = bytes[at + group + 4]!;
  return [(rest & 15) | ((bytes[at + group - 4]! >> 6) << 4), (rest >> 4) | ((bytes[at + group]! >> 6) << 4)];
}

/** d, dmin, 8 scales and minima, 256 4-bit q: d * scale * q - dmin * minimum. */
export const q4_k: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at);
  const dmin = half(bytes, at + 2);
  for (let group = 0; group < 8; group++) {
    const [s, m] = scaleAndMinimum(bytes, at + 4, group);
    const scale = d * s;
    const minimum = dmin * m;
    const start = at + 16 + (group >> 1) * 32;
    const shift = (group & 1) * 4;
    for (let i = 0; i < 32; i++) out[to + group * 32 + i] = scale * ((bytes[start + i]! >> shift) & 15) - minimum;
  }
};

/** Like Q4_K, with 256 fifth bits between the scales and the low parts. */
export const q5_k: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at);
  const dmin = half(bytes, at + 2);
  for (let group = 0; group < 8; group++) {
    const [s, m] = scaleAndMinimum(bytes, at + 4, group);
    const scale = d * s;
    const minimum = dmin * m;
    const start = at + 48 + (group >> 1) * 32;
    const shift = (group & 1) * 4;
    for (let i = 0; i < 32; i++) {
      const q = ((bytes[start + i]! >> shift) & 15) | (((bytes[at + 16 + i]! >> group) & 1) << 4);
      out[to + group * 32 + i] = scale * q - minimum;
    }
  }
};

/** 256 4-bit low parts, 256 2-bit high parts, 16 signed scales, d: d * scale * (q - 32). */
export const q6_k: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at + 208);
  for (let group = 0; group < 16; group++) {
    const scale = d * signed(bytes[at + 192 + group]!);
    const run = group >> 1; // 32 weights; four runs share 64 low and 32 high bytes
    const side = (group & 1) * 16;
    const low = at + (run >> 2) * 64 + (run & 1) * 32 + side;
    const high = at + 128 + (run >> 2) * 32 + side;
    const lowShift = ((run >> 1) & 1) * 4;
    const highShift = (run & 3) * 2;
    for (let i = 0; i < 16; i++) {
      const q = ((bytes[low + i]! >> lowShift) & 15) | (((bytes[high + i]! >> highShift) & 3) << 4);
      out[to + group * 16 + i] = scale * (q - 32);
    }
  }
};
