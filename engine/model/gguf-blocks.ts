/**
 * The block formats of GGUF, to float32. Layouts as in ggml (`block_q4_0` and so on): a block holds 32 or 256 weights with
 * one or two float16 scales; all numbers are little-endian. Every product below is exact in float64 and rounded once, so
 * results equal ggml's own float32 arithmetic.
 */
import { halfTable, toFloat32 } from '../tensor/index.ts';

/** Writes the weights of the block at `at` in `bytes` to `out` from `to` on. */
type ReadBlock = (bytes: Uint8Array, at: number, out: Float32Array, to: number) => void;

interface BlockFormat {
  name: string;
  /** Weights in a block. */
  weights: number;
  /** Bytes of a block. */
  bytes: number;
  read: ReadBlock;
}

const half = (bytes: Uint8Array, at: number): number => halfTable()[bytes[at]! | (bytes[at + 1]! << 8)]!;
const signed = (byte: number): number => (byte << 24) >> 24;

/** d, 16 bytes of 4-bit q: d * (q - 8). Low halves are weights 0..15, high halves 16..31, in all formats of 32. */
const q4_0: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at);
  for (let i = 0; i < 16; i++) {
    const byte = bytes[at + 2 + i]!;
    out[to + i] = d * ((byte & 15) - 8);
    out[to + i + 16] = d * ((byte >> 4) - 8);
  }
};

/** d, m, 4-bit q: d * q + m. */
const q4_1: ReadBlock = (bytes, at, out, to) => {
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
const q5_0: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at);
  const high = highBits(bytes, at + 2);
  for (let i = 0; i < 16; i++) {
    const byte = bytes[at + 6 + i]!;
    out[to + i] = d * (((byte & 15) | (((high >>> i) & 1) << 4)) - 16);
    out[to + i + 16] = d * (((byte >> 4) | (((high >>> (i + 16)) & 1) << 4)) - 16);
  }
};

/** d, m, 32 high bits, 4-bit low parts: d * q + m. */
const q5_1: ReadBlock = (bytes, at, out, to) => {
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
const q8_0: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at);
  for (let i = 0; i < 32; i++) out[to + i] = d * signed(bytes[at + 2 + i]!);
};

/** 16 pairs of 4-bit scale and minimum, 256 2-bit q, d, dmin: d * scale * q - dmin * minimum. */
const q2_k: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at + 80);
  const dmin = half(bytes, at + 82);
  for (let group = 0; group < 16; group++) {
    const scales = bytes[at + group]!;
    const scale = d * (scales & 15);
    const minimum = dmin * (scales >> 4);
    // 128 weights share 32 bytes; each run of 32 takes the next two bits of them.
    const start = at + 16 + (group >> 3) * 32 + (group & 1) * 16;
    const shift = ((group >> 1) & 3) * 2;
    for (let i = 0; i < 16; i++) out[to + group * 16 + i] = scale * ((bytes[start + i]! >> shift) & 3) - minimum;
  }
};

/** 256 high bits, 256 2-bit low parts, 16 6-bit scales, d: d * (scale - 32) * (q - 4 where the high bit is 0). */
const q3_k: ReadBlock = (bytes, at, out, to) => {
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

/** The `group`-th of 8 6-bit scales and minima that Q4_K and Q5_K pack into 12 bytes. */
function scaleAndMinimum(bytes: Uint8Array, at: number, group: number): [number, number] {
  if (group < 4) return [bytes[at + group]! & 63, bytes[at + group + 4]! & 63];
  const rest = bytes[at + group + 4]!;
  return [(rest & 15) | ((bytes[at + group - 4]! >> 6) << 4), (rest >> 4) | ((bytes[at + group]! >> 6) << 4)];
}

/** d, dmin, 8 scales and minima, 256 4-bit q: d * scale * q - dmin * minimum. */
const q4_k: ReadBlock = (bytes, at, out, to) => {
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

/** As Q4_K, with 256 fifth bits between the scales and the low parts. */
const q5_k: ReadBlock = (bytes, at, out, to) => {
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
const q6_k: ReadBlock = (bytes, at, out, to) => {
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

/** What the 4-bit q of the IQ4 types stand for. */
const IQ4_VALUES = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

/** d, 4-bit q: d * value(q). */
const iq4_nl: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at);
  for (let i = 0; i < 16; i++) {
    const byte = bytes[at + 2 + i]!;
    out[to + i] = d * IQ4_VALUES[byte & 15]!;
    out[to + i + 16] = d * IQ4_VALUES[byte >> 4]!;
  }
};

/** d, high 2 and low 4 bits of 8 scales, 256 4-bit q: d * (scale - 32) * value(q). */
const iq4_xs: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at);
  const highs = bytes[at + 2]! | (bytes[at + 3]! << 8);
  for (let group = 0; group < 8; group++) {
    const low = (bytes[at + 4 + (group >> 1)]! >> ((group & 1) * 4)) & 15;
    const scale = d * ((low | (((highs >> (2 * group)) & 3) << 4)) - 32);
    for (let i = 0; i < 16; i++) {
      const byte = bytes[at + 8 + group * 16 + i]!;
      out[to + group * 32 + i] = scale * IQ4_VALUES[byte & 15]!;
      out[to + group * 32 + i + 16] = scale * IQ4_VALUES[byte >> 4]!;
    }
  }
};

/** By ggml's type number. */
const FORMATS: ReadonlyMap<number, BlockFormat> = new Map([
  [2, { name: 'Q4_0', weights: 32, bytes: 18, read: q4_0 }],
  [3, { name: 'Q4_1', weights: 32, bytes: 20, read: q4_1 }],
  [6, { name: 'Q5_0', weights: 32, bytes: 22, read: q5_0 }],
  [7, { name: 'Q5_1', weights: 32, bytes: 24, read: q5_1 }],
  [8, { name: 'Q8_0', weights: 32, bytes: 34, read: q8_0 }],
  [10, { name: 'Q2_K', weights: 256, bytes: 84, read: q2_k }],
  [11, { name: 'Q3_K', weights: 256, bytes: 110, read: q3_k }],
  [12, { name: 'Q4_K', weights: 256, bytes: 144, read: q4_k }],
  [13, { name: 'Q5_K', weights: 256, bytes: 176, read: q5_k }],
  [14, { name: 'Q6_K', weights: 256, bytes: 210, read: q6_k }],
  [20, { name: 'IQ4_NL', weights: 32, bytes: 18, read: iq4_nl }],
  [23, { name: 'IQ4_XS', weights: 256, bytes: 136, read: iq4_xs }],
]);

/** Unpacked formats, by ggml's type number. */
const PLAIN = new Map<number, { name: 'F32' | 'F16' | 'BF16'; bytes: number }>([
  [0, { name: 'F32', bytes: 4 }],
  [1, { name: 'F16', bytes: 2 }],
  [30, { name: 'BF16', bytes: 2 }],
]);

/** Other types that files have, to name them in errors. */
const OTHERS: Record<number, string> = {
  ...{ 9: 'Q8_1', 15: 'Q8_K', 16: 'IQ2_XXS', 17: 'IQ2_XS', 18: 'IQ3_XXS', 19: 'IQ1_S', 21: 'IQ3_S', 22: 'IQ2_S' },
  ...{ 24: 'I8', 25: 'I16', 26: 'I32', 27: 'I64', 28: 'F64', 29: 'IQ1_M', 34: 'TQ1_0', 35: 'TQ2_0', 39: 'MXFP4' },
  ...{ 40: 'NVFP4', 41: 'Q1_0' },
};

/** Types that can be read. */
export const READABLE_TYPES = [...PLAIN.values(), ...FORMATS.values()].map(({ name }) => name);

/** The name of a tensor type of GGUF (`Q4_0`), or `number n` for one that ggml did not have yet. */
export function typeName(type: number): string {
  return PLAIN.get(type)?.name ?? FORMATS.get(type)?.name ?? OTHERS[type] ?? `number ${type}`;
}

/** Weights and bytes of a block (1 weight for unpacked types), or null for a type that cannot be read. */
export function blockSize(type: number): { weights: number; bytes: number } | null {
  const plain = PLAIN.get(type);
  return plain ? { weights: 1, bytes: plain.bytes } : (FORMATS.get(type) ?? null);
}

/** Whole blocks of a readable type as float32. */
export function dequantize(type: number, bytes: Uint8Array): Float32Array {
  const plain = PLAIN.get(type);
  if (plain) return toFloat32(bytes, plain.name);
  const format = FORMATS.get(type)!;
  const blocks = bytes.length / format.bytes;
  const out = new Float32Array(blocks * format.weights);
  for (let block = 0; block < blocks; block++) format.read(bytes, block * format.bytes, out, block * format.weights);
  return out;
}
