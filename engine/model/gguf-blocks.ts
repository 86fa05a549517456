/**
 * Dequantizes GGUF's block formats to float32. Layouts as in ggml (`block_q4_0` etc.): a block contains 32 to 256
 * weights with their scales; all numbers are little-endian. Products are exact in float64 and rounded once, unless
 * ggml's float32 arithmetic rounds intermediate results, so results equal ggml's own.
 */
import { toFloat32 } from '../tensor/index.ts';
import type { ReadBlock } from './gguf-blocks/block.ts';
import { iq1_m, iq1_s, iq2_s, iq2_xs, iq2_xxs, iq3_s, iq3_xxs } from './gguf-blocks/grids.ts';
import { q2_k, q3_k, q4_k, q5_k, q6_k } from './gguf-blocks/k-quants.ts';
import { q4_0, q4_1, q5_0, q5_1, q8_0 } from './gguf-blocks/legacy.ts';
import { q1_0, q2_0, tq1_0, tq2_0 } from './gguf-blocks/ternary.ts';
import { iq4_nl, iq4_xs, mxfp4, nvfp4 } from './gguf-blocks/values.ts';

interface BlockFormat {
  name: string;
  /** Weights per block. */
  weights: number;
  /** Bytes per block. */
  bytes: number;
  read: ReadBlock;
}

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
  [41, { name: 'Q1_0', weights: 128, bytes: 18, read: q1_0 }],
  [42, { name: 'Q2_0', weights: 64, bytes: 18, read: q2_0 }],
]);

/** Unquantized formats, by ggml's type number. */
const PLAIN = new Map<number, { name: 'F32' | 'F16' | 'BF16'; bytes: number }>([
  [0, { name: 'F32', bytes: 4 }],
  [1, { name: 'F16', bytes: 2 }],
  [30, { name: 'BF16', bytes: 2 }],
]);

/** Unsupported types that occur in files, to name them in errors. */
const OTHERS: Record<number, string> = {
  ...{ 9: 'Q8_1', 15: 'Q8_K', 24: 'I8', 25: 'I16', 26: 'I32', 27: 'I64', 28: 'F64' },
};

/** Supported types. */
export const READABLE_TYPES = [...PLAIN.values(), ...FORMATS.values()].map(({ name }) => name);

/** The name of a GGUF tensor type (`Q4_0`), or `number n` for unknown ones. */
export function typeName(type: number): string {
  return PLAIN.get(type)?.name ?? FORMATS.get(type)?.name ?? OTHERS[type] ?? `number ${type}`;
}

/** Weights and bytes per block (1 weight for unquantized types), or null for an unsupported type. */
export function blockSize(type: number): { weights: number; bytes: number } | null {
  const plain = PLAIN.get(type);
  return plain ? { weights: 1, bytes: plain.bytes } : (FORMATS.get(type) ?? null);
}

/** Converts whole blocks of a supported type to float32. */
export function dequantize(type: number, bytes: Uint8Array): Float32Array {
  const plain = PLAIN.get(type);
  if (plain) return toFloat32(bytes, plain.name);
  const format = FORMATS.get(type)!;
  const blocks = bytes.length / format.bytes;
  const out = new Float32Array(blocks * format.weights);
  for (let block = 0; block < blocks; block++) format.read(bytes, block * format.bytes, out, block * format.weights);
  return out;
}
