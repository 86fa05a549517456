/**
 * Block quantization: rows of weights in blocks of 32, computed as GGUF's types of the same names, in the layout that
 * onnxruntime's block-quantized matrix product reads: the 4-bit values of the whole matrix, then its scales, then its
 * offsets.
 *
 * A byte has two values, the first in its low half. With q from 0 to 15 a weight is scale (q - 8) in `Q4_0` and
 * scale (q - 8) + offset in `Q4_1`. `Q8_0` has two 4-bit halves: scale (16 (high - 8) + low). `Q8_0 bytes` are the same
 * weights with q from 0 to 255 in one byte, scale (q - 128), as read by products that quantize the activations.
 */

/** Weights per block. */
export const BLOCK = 32;

export const BLOCK_TYPES = ['Q4_0', 'Q4_1', 'Q8_0', 'Q8_0 bytes'] as const;
export type BlockType = (typeof BLOCK_TYPES)[number];

/** Whether a type is block-quantized, so that its blocks have scales, instead of storing one number per weight. */
export function isBlockType(type: string): type is BlockType {
  return (BLOCK_TYPES as readonly string[]).includes(type);
}

/** Bytes per weight. */
export const BLOCK_WIDTH: Readonly<Record<BlockType, number>> = {
  Q4_0: 20 / 32,
  Q4_1: 24 / 32,
  Q8_0: 36 / 32,
  'Q8_0 bytes': 36 / 32,
};

/** A part of the layout: its offset and size in bytes. */
export interface Slice {
  readonly offset: number;
  readonly bytes: number;
}

/** The parts of a block-quantized matrix. */
export interface BlockParts<T> {
  /** 4-bit values, the high halves of 8-bit values, or whole 8-bit values. */
  readonly numbers: T;
  /** The low halves of 8-bit values. */
  readonly low: T | null;
  /** float32, one per block. */
  readonly scales: T;
  /** float32, one per block. */
  readonly offsets: T | null;
}

/** The positions of the parts of `count` weights. */
export function blockSlices(type: BlockType, count: number): BlockParts<Slice> {
  let offset = 0;
  const next = (bytes: number): Slice => {
    const slice = { offset, bytes };
    offset += bytes;
    return slice;
  };
  const [halves, floats] = [count / 2, (4 * count) / BLOCK];
  return {
    numbers: next(type === 'Q8_0 bytes' ? count : halves),
    low: type === 'Q8_0' ? next(halves) : null,
    scales: next(floats),
    offsets: type === 'Q4_1' ? next(floats) : null,
  };
}

/** The slices of `total` weights that contain the `count` weights from `from` on; both are whole blocks. */
export function slicesOfRange(type: BlockType, total: number, from: number, count: number): Slice[] {
  const { numbers, low, scales, offsets } = blockSlices(type, total);
  return [numbers, low, scales, offsets].flatMap((slice) =>
    slice ? [{ offset: slice.offset + (slice.bytes / total) * from, bytes: (slice.bytes / total) * count }] : [],
  );
}

export interface BlockArrays {
  readonly numbers: Uint8Array;
  readonly low: Uint8Array | null;
  readonly scales: Float32Array;
  readonly offsets: Float32Array | null;
}

/** The parts of weights in the layout above, as views if the bytes are aligned. */
export function blockArrays(type: BlockType, bytes: Uint8Array): BlockArrays {
  // Float32Array requires an aligned offset.
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : Uint8Array.from(bytes);
  const { numbers, low, scales, offsets } = blockSlices(type, bytes.length / BLOCK_WIDTH[type]);
  const part = (slice: Slice) => aligned.subarray(slice.offset, slice.offset + slice.bytes);
  const floats = (slice: Slice) => new Float32Array(aligned.buffer, aligned.byteOffset + slice.offset, slice.bytes / 4);
  return { numbers: part(numbers), low: low && part(low), scales: floats(scales), offsets: offsets && floats(offsets) };
}

/** Whether each value has its own byte. */
function hasByteValues({ numbers, scales }: Pick<BlockArrays, 'numbers' | 'scales'>): boolean {
  return numbers.length === BLOCK * scales.length;
}

/** Dequantizes the weights. */
export function fromBlocks({ numbers, low, scales, offsets }: BlockArrays, values: Float32Array): void {
  const high = low ? 16 : 1;
  for (let block = 0; block < scales.length; block++) {
    const scale = scales[block]!;
    const offset = offsets ? offsets[block]! : 0;
    if (hasByteValues({ numbers, scales })) {
      for (let i = block * BLOCK; i < (block + 1) * BLOCK; i++) values[i] = scale * (numbers[i]! - 128);
      continue;
    }
    for (let i = block * 16; i < block * 16 + 16; i++) {
      const both = numbers[i]!;
      const rest = low ? low[i]! : 0;
      values[2 * i] = scale * (high * ((both & 15) - 8) + (rest & 15)) + offset;
      values[2 * i + 1] = scale * (high * ((both >> 4) - 8) + (rest >> 4)) + offset;
    }
  }
}

/**
 * Quantizes `values` into the blocks from `at` on: `Q4_0` and `Q8_0` with the rounding of llama.cpp, but float32 scales.
 */
export function toBlocks(values: Float32Array, type: Exclude<BlockType, 'Q4_1'>, parts: BlockArrays, at: number): void {
  const q = new Uint8Array(BLOCK);
  for (let block = 0; block < values.length / BLOCK; block++) {
    let most = 0;
    for (let i = 0; i < BLOCK; i++) {
      const x = values[block * BLOCK + i]!;
      if (Math.abs(x) > Math.abs(most)) most = x;
    }
    // The value of largest magnitude gets the end of the range that reaches farther.
    const scale = type === 'Q4_0' ? most / -8 : Math.abs(most) / 127;
    const inverse = scale === 0 ? 0 : 1 / scale;
    for (let i = 0; i < BLOCK; i++) {
      const x = values[block * BLOCK + i]! * inverse;
      q[i] = type === 'Q4_0' ? Math.min(15, Math.floor(x + 8.5)) : Math.round(x) + 128;
    }
    writeBlock(q, scale, null, parts, at + block);
  }
}

/** Stores a block: values from 0 to 15, or to 255 if they have 8 bits. */
export function writeBlock(
  q: Uint8Array,
  scale: number,
  offset: number | null,
  { numbers, low, scales, offsets }: BlockArrays,
  at: number,
): void {
  if (hasByteValues({ numbers, scales })) numbers.set(q, at * BLOCK);
  for (let i = 0; i < BLOCK / 2 && !hasByteValues({ numbers, scales }); i++) {
    const [a, b] = [q[2 * i]!, q[2 * i + 1]!];
    numbers[at * 16 + i] = low ? (a >> 4) | (b & 0xf0) : a | (b << 4);
    if (low) low[at * 16 + i] = (a & 15) | ((b & 15) << 4);
  }
  scales[at] = scale;
  if (offsets) offsets[at] = offset ?? 0;
}
