/** Conversion between weights as stored in files and float32. */
import { BLOCK_WIDTH, type BlockType, blockArrays, fromBlocks, isBlockType } from './blocks.ts';

export type StoredType = 'F32' | 'BF16' | 'F16' | BlockType;

/** Bytes per number of each stored type. */
export const STORED_WIDTH: Readonly<Record<StoredType, number>> = { F32: 4, BF16: 2, F16: 2, ...BLOCK_WIDTH };

/** Converts little-endian bytes of a stored type to float32: in a new array, or in the given one, whose length must fit. */
export function toFloat32(
  bytes: Uint8Array,
  dtype: StoredType,
  values: Float32Array = new Float32Array(bytes.length / STORED_WIDTH[dtype]),
): Float32Array {
  if (dtype === 'F32') {
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength).set(bytes);
    return values;
  }
  if (isBlockType(dtype)) {
    fromBlocks(blockArrays(dtype, bytes), values);
    return values;
  }
  const halves = new Uint16Array(bytes.length / 2);
  new Uint8Array(halves.buffer).set(bytes);
  if (dtype === 'BF16') {
    const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
    for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16;
  } else {
    const table = halfTable();
    for (let i = 0; i < halves.length; i++) values[i] = table[halves[i]!]!;
  }
  return values;
}

/** The smallest value that overflows to infinity in float16: half a step more than its largest number, 65504. */
export const FLOAT16_OVERFLOW = 65_520;

/** Rounds to the nearest float16, ties to even, as little-endian bytes; values that overflow become infinite. */
export function toFloat16(values: Float32Array): Uint8Array {
  const halves = new Uint16Array(values.length);
  toFloat16Into(values, halves);
  return new Uint8Array(halves.buffer);
}

/** The same, storing the bits of each number in the given array. */
export function toFloat16Into(values: Float32Array, halves: Uint16Array): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < values.length; i++) {
    const sign = (bits[i]! >>> 16) & 0x8000;
    const size = Math.abs(values[i]!);
    // below 2^-14 all float16 numbers are 2^-24 apart; above, ten bits of the fraction are kept
    const exponent = size === 0 ? -14 : Math.max(-14, ((bits[i]! >>> 23) & 0xff) - 127);
    const steps = roundToEven(size * 2 ** (10 - exponent));
    const rounded = Number.isNaN(size) ? 0x7e00 : ((exponent + 14) << 10) + steps;
    halves[i] = sign | (Number.isNaN(size) ? rounded : Math.min(rounded, 0x7c00));
  }
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

let halves: Float32Array | null = null;

/** The values of all 65,536 float16 bit patterns. */
export function halfTable(): Float32Array {
  if (halves) return halves;
  halves = new Float32Array(65_536);
  for (let bits = 0; bits < 65_536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 0x1f;
    const fraction = bits & 0x3ff;
    if (exponent === 0) halves[bits] = sign * fraction * 2 ** -24;
    else if (exponent === 31) halves[bits] = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    else halves[bits] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return halves;
}
