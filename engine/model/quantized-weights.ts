/**
 * Block-quantized weights of a frozen base model (`engine/tensor/blocks.ts`), computed once and cached. Blocks of a
 * GGUF file that are small enough are used unchanged; everything else is quantized.
 */
import path from 'node:path';
import { removeAbandoned } from '../system/aside.ts';
import { ensureFolder } from '../system/files.ts';
import {
  BLOCK,
  BLOCK_WIDTH,
  type BlockType,
  blockArrays,
  elementsOf,
  fromBlocks,
  isBlockType,
  toBlocks,
  writeBlock,
} from '../tensor/index.ts';
import type { DecoderConfig } from './config.ts';
import { type ConversionOptions, conversionProgress } from './conversion.ts';
import { nonFinite } from './finite-weights.ts';
import { type GgufFile, readGgufRows } from './gguf.ts';
import { dequantize, typeName } from './gguf-blocks.ts';
import { checkTensors, converted, permutedHeads, tensorPart, unpermuteRows } from './gguf-weights.ts';
import { EMBEDDINGS, MEAN_UNEMBEDDING, parameterShapes, UNEMBEDDING } from './parameters.ts';
import { readSafetensorsIndex, readTensorParts, type StoredTensor } from './safetensors.ts';
import { type BlocksToWrite, type TensorToWrite, writeSafetensors } from './safetensors-write.ts';

/** Bits per weight of projections; embeddings and unembedding are kept in 8 bits. */
type QuantizedPrecision = '8bit' | '4bit';

/** Precision of a frozen base model with fewer bits than float32. */
export type NarrowPrecision = QuantizedPrecision | 'float16';

/** Block types that GGUF files use. */
type GgufBlocks = Exclude<BlockType, 'Q8_0 bytes'>;

/** Increased when the conversion changes, so that older cache files are rebuilt. */
const CONVERTER = '1';

/** Precision and layout of the weights. */
export interface QuantizedOptions extends ConversionOptions {
  precision: QuantizedPrecision;
  /** Matrix products round the other factor; 8-bit weights then take a byte each. */
  roundsFactors?: boolean | undefined;
}

/** Reads the original weights. */
export interface WeightReader {
  /** The file or folder, for error messages. */
  file: string;
  /** Values of a weight in float32, in parts of whole rows. */
  values: (name: string) => AsyncIterable<Float32Array>;
  /** The file's own blocks, if the weight is stored in a supported block type: type and bytes, in parts of whole rows. */
  blocks: (name: string) => { type: GgufBlocks; bytes: AsyncIterable<Uint8Array> } | null;
  /** The stored tensor of a weight in float16 or bfloat16; null if it is in neither. */
  halves: (name: string) => StoredTensor | null;
}

/**
 * Returns the tensors from `<cacheDir>/<fingerprint>.<precision>.safetensors`, which is created if missing. Adds the
 * mean of the unembedding's rows to the model's own tensors. Throws RollscopeError: `model` if a weight is not finite,
 * `disk` if space runs out, `canceled`.
 */
export async function quantizedTensors(
  config: DecoderConfig,
  reader: WeightReader,
  { precision, roundsFactors = false, cacheDir, fingerprint, onProgress, signal }: QuantizedOptions,
): Promise<Map<string, StoredTensor>> {
  const file = path.join(cacheDir, `${fingerprint}.${precision}${roundsFactors ? '.bytes' : ''}.safetensors`);
  const cached = await readSafetensorsIndex(file).catch(() => null);
  if (cached?.metadata.converter === CONVERTER) return cached.tensors;
  await ensureFolder(cacheDir);
  await removeAbandoned(file);
  const shapes = parameterShapes(config);
  const unembedding = config.tiedEmbeddings ? EMBEDDINGS : UNEMBEDDING;
  let mean: Float32Array | null = null;
  const advance = conversionProgress(config, 'quantizing the model (the first time only)', { onProgress, signal });
  const tensors = new Map<string, TensorToWrite | BlocksToWrite>();
  for (const [name, shape] of shapes) {
    const found = blockTypeOf(name, shape, precision, reader);
    const type = found === 'Q8_0' && roundsFactors ? 'Q8_0 bytes' : found;
    if (type === null) {
      const data = async function* () {
        for await (const values of reader.values(name)) {
          yield values;
          advance(values.length);
        }
      };
      tensors.set(name, { shape, data });
      continue;
    }
    const bytes = async () => {
      const made = await inBlocks(reader, name, shape, type, advance);
      if (name === unembedding) mean = meanRow(made, type, shape as [number, number]);
      return made;
    };
    tensors.set(name, { shape, blocks: type, bytes });
  }
  const last = tensors.get(unembedding)!;
  if ('blocks' in last) {
    const data = async function* () {
      // The writer may request it first.
      if (!mean) await last.bytes();
      yield mean!;
    };
    tensors.set(MEAN_UNEMBEDDING, { shape: [1, config.hiddenSize], data });
  }
  await writeSafetensors(file, tensors, { converter: CONVERTER });
  return (await readSafetensorsIndex(file)).tensors;
}

/** Reads the weights of a safetensors folder in parts; none of them are block-quantized. */
export function storedReader(tensors: ReadonlyMap<string, StoredTensor>, file: string): WeightReader {
  return {
    file,
    values: (name) => readTensorParts(tensors.get(name)!),
    blocks: () => null,
    halves: (name) => {
      const tensor = tensors.get(name)!;
      return tensor.dtype === 'F16' || tensor.dtype === 'BF16' ? tensor : null;
    },
  };
}

/** Reads the weights of a GGUF file. Throws RollscopeError `model` if tensors are missing or unexpected. */
export function ggufReader(gguf: GgufFile, config: DecoderConfig): WeightReader {
  checkTensors(gguf, config, parameterShapes(config));
  return {
    file: gguf.file,
    values: (name) => converted(gguf, name, config),
    blocks: (name) => {
      const { part: tensor } = tensorPart(gguf, config, name);
      const type = typeName(tensor.type);
      const heads = permutedHeads(name, config);
      if (!isGgufBlocks(type)) return null;
      const bytes = async function* () {
        const budget = heads === null ? undefined : Number.MAX_SAFE_INTEGER;
        for await (const rows of readGgufRows(tensor, budget)) {
          yield heads === null ? rows : unpermuteRows(rows, heads, tensor.bytes / tensor.shape[0]!);
        }
      };
      return { type, bytes: bytes() };
    },
    halves: (name) => {
      const { part } = tensorPart(gguf, config, name);
      const dtype = typeName(part.type);
      if ((dtype !== 'F16' && dtype !== 'BF16') || permutedHeads(name, config) !== null) return null;
      const { file, offset, bytes, shape } = part;
      return { file, offset, bytes, dtype, shape };
    },
  };
}

function isGgufBlocks(type: string): type is GgufBlocks {
  return isBlockType(type) && type !== 'Q8_0 bytes';
}

/** The block type of a weight; null: float32, as for norms and biases. */
function blockTypeOf(
  name: string,
  shape: readonly number[],
  precision: QuantizedPrecision,
  reader: WeightReader,
): GgufBlocks | null {
  if (shape.length !== 2 || shape[1]! % BLOCK !== 0) return null;
  const wanted = precision === '8bit' || name === EMBEDDINGS || name === UNEMBEDDING ? 'Q8_0' : 'Q4_0';
  const own = reader.blocks(name)?.type;
  return own && BLOCK_WIDTH[own] <= Math.max(BLOCK_WIDTH[wanted], BLOCK_WIDTH.Q4_1) ? own : wanted;
}

/** The bytes of a block-quantized weight. Throws RollscopeError `model` if a value is not finite. */
async function inBlocks(
  reader: WeightReader,
  name: string,
  shape: readonly number[],
  type: BlockType,
  advance: (count: number) => void,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(elementsOf(shape) * BLOCK_WIDTH[type]);
  const parts = blockArrays(type, bytes);
  const check = (numbers: Float32Array, first: number, each: number) => {
    const found = numbers.findIndex((x) => !Number.isFinite(x));
    if (found >= 0) throw nonFinite(name, { shape: [...shape] }, first + found * each, reader.file);
  };
  const own = reader.blocks(name);
  let at = 0;
  if (own && (own.type === type || (own.type === 'Q8_0' && type === 'Q8_0 bytes'))) {
    for await (const rows of own.bytes) {
      at += copyBlocks(rows, own.type, (q, scale, offset, block) => writeBlock(q, scale, offset, parts, at + block));
      advance(0);
    }
    check(parts.scales, 0, BLOCK);
    if (parts.offsets) check(parts.offsets, 0, BLOCK);
    advance(elementsOf(shape));
  } else {
    for await (const values of reader.values(name)) {
      check(values, at * BLOCK, 1);
      toBlocks(values, type as Exclude<BlockType, 'Q4_1'>, parts, at);
      at += values.length / BLOCK;
      advance(values.length);
    }
  }
  return bytes;
}

/** Decodes GGUF blocks one by one: numbers in order, from 0, with scale and offset. Returns the number of blocks. */
export function copyBlocks(
  rows: Uint8Array,
  type: GgufBlocks,
  put: (q: Uint8Array, scale: number, offset: number | null, block: number) => void,
): number {
  const header = type === 'Q4_1' ? 4 : 2;
  const blockBytes = header + (type === 'Q8_0' ? BLOCK : BLOCK / 2);
  const q = new Uint8Array(BLOCK);
  const count = rows.length / blockBytes;
  for (let block = 0; block < count; block++) {
    const at = block * blockBytes;
    const [scale, least] = dequantize(HALF_FLOAT, rows.subarray(at, at + header));
    for (let i = 0; i < BLOCK / 2; i++) {
      if (type === 'Q8_0') {
        q[2 * i] = rows[at + header + 2 * i]! ^ 0x80;
        q[2 * i + 1] = rows[at + header + 2 * i + 1]! ^ 0x80;
      } else {
        const both = rows[at + header + i]!;
        q[i] = both & 15;
        q[i + BLOCK / 2] = both >> 4;
      }
    }
    put(q, scale!, type === 'Q4_1' ? least! + 8 * scale! : null, block);
  }
  return count;
}

/** GGUF's type number of float16. */
const HALF_FLOAT = 1;

/** The mean of a matrix's rows. */
function meanRow(bytes: Uint8Array, type: BlockType, [rows, width]: [number, number]): Float32Array {
  const { numbers, low, scales, offsets } = blockArrays(type, bytes);
  const sums = new Float64Array(width);
  const row = new Float32Array(width);
  const cut = <T extends Uint8Array | Float32Array>(all: T, each: number, r: number) =>
    all.subarray(r * each, (r + 1) * each) as T;
  for (let r = 0; r < rows; r++) {
    fromBlocks(
      {
        numbers: cut(numbers, numbers.length / rows, r),
        low: low && cut(low, width / 2, r),
        scales: cut(scales, width / BLOCK, r),
        offsets: offsets && cut(offsets, width / BLOCK, r),
      },
      row,
    );
    for (let i = 0; i < width; i++) sums[i]! += row[i]!;
  }
  return Float32Array.from(sums, (sum) => sum / rows);
}
