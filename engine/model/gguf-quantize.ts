/** Quantizes float32 to the types that GGUF files are written in, with the arithmetic of ggml's reference. */
import { toFloat16 } from '../tensor/index.ts';

/** Types for writing: ggml's type number, weights and bytes per block. */
export const WRITTEN_TYPES = {
  F32: { number: 0, weights: 1, bytes: 4 },
  F16: { number: 1, weights: 1, bytes: 2 },
  Q4_0: { number: 2, weights: 32, bytes: 18 },
  Q8_0: { number: 8, weights: 32, bytes: 34 },
} as const;

export type OutType = keyof typeof WRITTEN_TYPES;

const { fround } = Math;

/** Rounds to the nearest integer, halves away from zero, like C's roundf. */
function rounded(x: number): number {
  return x < 0 ? -Math.floor(-x + 0.5) : Math.floor(x + 0.5);
}

/** d = largest / 127, signed bytes. */
function q8_0(values: Float32Array, from: number, out: Uint8Array, at: number): void {
  let largest = 0;
  for (let i = 0; i < 32; i++) largest = Math.max(largest, Math.abs(values[from + i]!));
  const d = fround(largest / 127);
  const inverse = d === 0 ? 0 : fround(1 / d);
  out.set(toFloat16(Float32Array.of(d)), at);
  for (let i = 0; i < 32; i++) out[at + 2 + i] = rounded(fround(values[from + i]! * inverse));
}

/** d = the value farthest from 0 / -8; 4-bit numbers, where 8 represents 0. */
function q4_0(values: Float32Array, from: number, out: Uint8Array, at: number): void {
  let farthest = 0;
  for (let i = 0; i < 32; i++) {
    const value = values[from + i]!;
    if (Math.abs(value) > Math.abs(farthest)) farthest = value;
  }
  const d = fround(farthest / -8);
  const inverse = d === 0 ? 0 : fround(1 / d);
  const four = (value: number) => Math.min(15, Math.trunc(fround(fround(value * inverse) + 8.5)));
  out.set(toFloat16(Float32Array.of(d)), at);
  for (let i = 0; i < 16; i++) out[at + 2 + i] = four(values[from + i]!) | (four(values[from + 16 + i]!) << 4);
}

/** Encodes values as bytes of a GGUF type; their count must be a multiple of the block size. */
export function quantized(type: OutType, values: Float32Array): Uint8Array {
  switch (type) {
    case 'F32':
      return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    case 'F16':
      return toFloat16(values);
    case 'Q4_0':
    case 'Q8_0': {
      const { weights, bytes } = WRITTEN_TYPES[type];
      const blocks = values.length / weights;
      const out = new Uint8Array(blocks * bytes);
      const put = type === 'Q8_0' ? q8_0 : q4_0;
      for (let block = 0; block < blocks; block++) put(values, block * weights, out, block * bytes);
      return out;
    }
  }
}
