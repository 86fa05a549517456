/**
 * The block formats of GGUF, to float32. Layouts as in ggml (`block_q4_0` and so on): a block holds 32 or 256 weights with
 * one or two float16 scales; all numbers are little-endian. Every product below is exact in float64 and rounded once, so
 * results equal ggml's own float32 arithmetic.
 */
import { halfTable, toFloat32 } from '../tensor/index.ts';
import { IQ1_S_GRID, IQ2_S_GRID, IQ2_XS_GRID, IQ2_XXS_GRID, IQ3_S_GRID, IQ3_XXS_GRID } from './gguf-grids.ts';

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

/** The 32-bit number at `at`. */
const word = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;

const short = (bytes: Uint8Array, at: number): number => bytes[at]! | (bytes[at + 1]! << 8);

/** Eight signs from seven bits: their number is even, so the eighth follows. */
function evenSigns(seven: number): number {
  let parity = seven;
  for (const shift of [4, 2, 1]) parity ^= parity >> shift;
  return seven | ((parity & 1) << 7);
}

/** `count` numbers of a grid's row from `to` on, times d, negative where a bit of `signs` is set. */
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

/** d; for each 32 weights four grid indices, then four times seven signs and a scale: d (scale + 1/2) / 4. */
const iq2_xxs: ReadBlock = (bytes, at, out, to) => {
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
const iq2_xs: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at);
  for (let i = 0; i < 32; i++) {
    const index = short(bytes, at + 2 + 2 * i);
    const scale = d * (0.5 + ((bytes[at + 66 + (i >> 2)]! >> (4 * ((i >> 1) & 1))) & 15)) * 0.25;
    fromGrid(IQ2_XS_GRID(), index & 511, { d: scale, signs: evenSigns(index >> 9), count: 8 }, out, to + i * 8);
  }
};

/** d; 32 low bytes of grid indices, 32 bytes of signs, 8 bytes of high bits, 16 scales of 4 bits. */
const iq2_s: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at);
  for (let i = 0; i < 32; i++) {
    const high = (bytes[at + 66 + (i >> 2)]! >> (2 * (i & 3))) & 3;
    const scale = d * (0.5 + ((bytes[at + 74 + (i >> 2)]! >> (4 * ((i >> 1) & 1))) & 15)) * 0.25;
    const row = bytes[at + 2 + i]! | (high << 8);
    fromGrid(IQ2_S_GRID(), row, { d: scale, signs: bytes[at + 34 + i]!, count: 8 }, out, to + i * 8);
  }
};

/** d; 64 grid indices of 4 weights; for each 32 weights four times seven signs and a scale: d (scale + 1/2) / 2. */
const iq3_xxs: ReadBlock = (bytes, at, out, to) => {
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
const iq3_s: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at);
  for (let i = 0; i < 64; i++) {
    const row = bytes[at + 2 + i]! | (((bytes[at + 66 + (i >> 3)]! >> (i & 7)) & 1) << 8);
    const scale = d * (1 + 2 * ((bytes[at + 106 + (i >> 4)]! >> (4 * ((i >> 3) & 1))) & 15));
    const signs = bytes[at + 74 + (i >> 1)]! >> (4 * (i & 1));
    fromGrid(IQ3_S_GRID(), row, { d: scale, signs, count: 4 }, out, to + i * 4);
  }
};

const IQ1_DELTA = 0.125;

/** Eight weights of a grid of -1, 0 and 1, moved by delta, times d; float32 arithmetic rounds the sum first. */
function moved(row: number, d: number, delta: number, out: Float32Array, to: number): void {
  const grid = IQ1_S_GRID();
  for (let i = 0; i < 8; i++) out[to + i] = d * (grid[row * 8 + i]! + delta);
}

/** d; 32 low bytes of grid indices; for each 32 weights four times 3 high bits, a scale of 3 bits, the sign of delta. */
const iq1_s: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at);
  for (let group = 0; group < 8; group++) {
    const high = short(bytes, at + 34 + 2 * group);
    const scale = d * (2 * ((high >> 12) & 7) + 1);
    const delta = high & 0x8000 ? -IQ1_DELTA : IQ1_DELTA;
    for (let i = 0; i < 4; i++) {
      const row = bytes[at + 2 + group * 4 + i]! | (((high >> (3 * i)) & 7) << 8);
      moved(row, scale, delta, out, to + group * 32 + i * 8);
    }
  }
};

/** 32 low bytes of grid indices, 16 bytes of high bits and signs of delta, four numbers of scales whose top bits are d. */
const iq1_m: ReadBlock = (bytes, at, out, to) => {
  const numbers = [0, 1, 2, 3].map((i) => short(bytes, at + 48 + 2 * i));
  const d = halfTable()[numbers.reduce((bits, number, i) => bits | ((number >> 12) << (4 * i)), 0)]!;
  for (let i = 0; i < 32; i++) {
    const high = bytes[at + 32 + (i >> 1)]! >> (4 * (i & 1));
    const run = i >> 1;
    const scale = d * (2 * ((numbers[run >> 2]! >> (3 * (run & 3))) & 7) + 1);
    const row = bytes[at + i]! | ((high & 7) << 8);
    moved(row, scale, high & 8 ? -IQ1_DELTA : IQ1_DELTA, out, to + i * 8);
  }
};

/** Five ternary digits in a byte, as a fraction of 256; `power` is 3 to the digit's place. */
const ternary = (byte: number, power: number): number => ((((byte * power) & 255) * 3) >> 8) - 1;
const POWERS = [1, 3, 9, 27, 81];

/** 48 bytes of five digits, 4 bytes of four, d: d * digit. */
const tq1_0: ReadBlock = (bytes, at, out, to) => {
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

/** 64 bytes of four digits of 2 bits, d: d * (digit - 1). */
const tq2_0: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at + 64);
  for (let i = 0; i < 256; i++) {
    const byte = bytes[at + (i >> 7) * 32 + (i & 31)]!;
    out[to + i] = d * (((byte >> (2 * ((i >> 5) & 3))) & 3) - 1);
  }
};

/** Twice what the 4 bits of a float of 1, 2 and 1 bits stand for. */
const FP4_VALUES = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

/** An exponent, 4-bit floats: 2^(e - 128) * value(q). */
const mxfp4: ReadBlock = (bytes, at, out, to) => {
  const d = 2 ** (bytes[at]! - 128);
  for (let i = 0; i < 16; i++) {
    const byte = bytes[at + 1 + i]!;
    out[to + i] = d * FP4_VALUES[byte & 15]!;
    out[to + i + 16] = d * FP4_VALUES[byte >> 4]!;
  }
};

/** Half of what an unsigned float of 4 and 3 bits stands for; NaN's bits count as 0. */
function halfFp8(byte: number): number {
  const [exponent, mantissa] = [(byte >> 3) & 15, byte & 7];
  if (byte === 0 || byte === 0x7f) return 0;
  return exponent === 0 ? mantissa * 2 ** -10 : (1 + mantissa / 8) * 2 ** (exponent - 8);
}

/** Four scales of 8-bit floats, 64 4-bit floats: scale / 2 * value(q), 16 weights for each scale. */
const nvfp4: ReadBlock = (bytes, at, out, to) => {
  for (let group = 0; group < 4; group++) {
    const d = halfFp8(bytes[at + group]!);
    for (let i = 0; i < 8; i++) {
      const byte = bytes[at + 4 + group * 8 + i]!;
      out[to + group * 16 + i] = d * FP4_VALUES[byte & 15]!;
      out[to + group * 16 + i + 8] = d * FP4_VALUES[byte >> 4]!;
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
  [16, { name: 'IQ2_XXS', weights: 256, bytes: 66, read: iq2_xxs }],
  [17, { name: 'IQ2_XS', weights: 256, bytes: 74, read: iq2_xs }],
  [18, { name: 'IQ3_XXS', weights: 256, bytes: 98, read: iq3_xxs }],
  [19, { name: 'IQ1_S', weights: 256, bytes: 50, read: iq1_s }],
  [20, { name: 'IQ4_NL', weights: 32, bytes: 18, read: iq4_nl }],
  [21, { name: 'IQ3_S', weights: 256, bytes: 110, read: iq3_s }],
  [22, { name: 'IQ2_S', weights: 256, bytes: 82, read: iq2_s }],
  [23, { name: 'IQ4_XS', weights: 256, bytes: 136, read: iq4_xs }],
  [29, { name: 'IQ1_M', weights: 256, bytes: 56, read: iq1_m }],
  [34, { name: 'TQ1_0', weights: 256, bytes: 54, read: tq1_0 }],
  [35, { name: 'TQ2_0', weights: 256, bytes: 66, read: tq2_0 }],
  [39, { name: 'MXFP4', weights: 32, bytes: 17, read: mxfp4 }],
  [40, { name: 'NVFP4', weights: 64, bytes: 36, read: nvfp4 }],
]);

/** Unpacked formats, by ggml's type number. */
const PLAIN = new Map<number, { name: 'F32' | 'F16' | 'BF16'; bytes: number }>([
  [0, { name: 'F32', bytes: 4 }],
  [1, { name: 'F16', bytes: 2 }],
  [30, { name: 'BF16', bytes: 2 }],
]);

/** Other types that files have, to name them in errors. */
const OTHERS: Record<number, string> = {
  ...{ 9: 'Q8_1', 15: 'Q8_K', 24: 'I8', 25: 'I16', 26: 'I32', 27: 'I64', 28: 'F64', 41: 'Q1_0' },
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
