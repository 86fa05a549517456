/**
 * Reads safetensors files (`safetensors-write.ts` writes them): 8 bytes length, a JSON header, raw little-endian data.
 * Opening reads only the index; weights stay in the file until they are needed (onnxruntime maps them from there).
 */
import { type FileHandle, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { RollscopeError } from '../protocol/errors.ts';
import { isObject } from '../protocol/values.ts';
import { isFileName } from '../system/file-name.ts';
import {
  BLOCK,
  BLOCK_WIDTH,
  type BlockType,
  elementsOf,
  isBlockType,
  type StoredType,
  toFloat32,
} from '../tensor/index.ts';
import { brokenWeightFile, openWeightFile } from './weight-file.ts';

/** Location of a tensor: `bytes` bytes from `offset` in `file`, row-major. */
export interface StoredTensor {
  file: string;
  offset: number;
  bytes: number;
  dtype: StoredType;
  shape: number[];
  /** Whether graphs widen a 16-bit matrix at each use (`engine/tensor/graph.ts`). */
  widenedAtUse?: boolean;
  /** Whether products with a block-quantized matrix round the other factor to 8 bits (`engine/tensor/graph.ts`). */
  roundsFactors?: boolean;
}

export interface SafetensorsIndex {
  metadata: Record<string, string>;
  tensors: Map<string, StoredTensor>;
  /** Tensors of types that this engine does not support, with their type: reported if one of them is needed. */
  unsupported: Map<string, string>;
}

/** Bytes per number, by type. */
export const WIDTH: Record<string, number> = {
  ...{ F64: 8, I64: 8, U64: 8, F32: 4, I32: 4, U32: 4, BF16: 2, F16: 2, I16: 2, U16: 2 },
  ...{ F8_E4M3: 1, F8_E5M2: 1, I8: 1, U8: 1, BOOL: 1 },
};
/** The format's own limit (100 MB). */
const MAX_HEADER = 100_000_000;
/** Approximate size in bytes of a part of a tensor, as float32. */
const PART_BYTES = 32 * 2 ** 20;

/** Reads exactly `length` bytes; null if the file ends before. */
async function readExactly(handle: FileHandle, position: number, length: number): Promise<Buffer | null> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  // A single read may return fewer bytes than requested, and never more than 2 GiB.
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, Math.min(length - filled, 2 ** 30), position + filled);
    if (bytesRead === 0) return null;
    filled += bytesRead;
  }
  return buffer;
}

/** Reads a file's index. Throws RollscopeError `model` if it is missing, truncated or not a safetensors file. */
export async function readSafetensorsIndex(file: string): Promise<SafetensorsIndex> {
  const handle = await openWeightFile(file);
  try {
    const { size } = await handle.stat();
    const start = await readExactly(handle, 0, 8);
    if (!start)
      throw brokenWeightFile(
        file,
        'truncated-header',
        `only ${size} bytes long, which is too short for a safetensors file.`,
      );
    const length = Number(start.readBigUInt64LE(0));
    if (length < 2 || length > MAX_HEADER)
      throw brokenWeightFile(file, 'not-safetensors', 'not a safetensors file (impossible header length).');
    const header = await readExactly(handle, 8, length);
    if (!header)
      throw brokenWeightFile(
        file,
        'truncated-header',
        `truncated in its header (${size} of at least ${8 + length} bytes).`,
      );
    return parseHeader(header.toString('utf8'), file, 8 + length, size);
  } finally {
    await handle.close();
  }
}

function parseHeader(text: string, file: string, start: number, size: number): SafetensorsIndex {
  let json: unknown = null;
  try {
    json = JSON.parse(text);
  } catch {
    // rejected below
  }
  // a text or list would count as one tensor per item
  if (!isObject(json))
    throw brokenWeightFile(file, 'not-safetensors', 'not a safetensors file (its header is not a JSON object).');
  const { __metadata__: metadata = {}, ...entries } = json;
  const inBlocks = blocksOf(metadata);
  const tensors = new Map<string, StoredTensor>();
  const unsupported = new Map<string, string>();
  for (const [name, value] of Object.entries(entries)) {
    const { dtype, shape, data_offsets: range } = (value ?? {}) as Record<string, unknown>;
    const width = WIDTH[String(dtype)];
    const whole = (list: unknown): list is number[] =>
      Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
    if (!whole(shape) || !whole(range) || range.length !== 2)
      throw brokenWeightFile(file, 'bad-tensor', `tensor "${name}" has a bad entry.`, { field: name });
    const [begin, end] = range as [number, number];
    const bytes = end - begin;
    if (bytes < 0 || (width !== undefined && bytes !== width * elementsOf(shape))) {
      throw brokenWeightFile(
        file,
        'bad-tensor',
        `tensor "${name}" has ${bytes} bytes, which does not match its shape [${shape}].`,
        {
          field: name,
          bytes,
        },
      );
    }
    if (start + end > size) {
      throw brokenWeightFile(
        file,
        'truncated',
        `truncated: tensor "${name}" ends at byte ${start + end}, the file has ${size}.`,
        {
          field: name,
          needed: start + end,
          bytes: size,
        },
      );
    }
    const blocks = inBlocks.get(name);
    if (blocks && bytes === elementsOf(blocks.shape) * BLOCK_WIDTH[blocks.dtype]) {
      tensors.set(name, { file, offset: start + begin, bytes, ...blocks });
    } else if (dtype === 'F32' || dtype === 'BF16' || dtype === 'F16') {
      tensors.set(name, { file, offset: start + begin, bytes, dtype, shape });
    } else unsupported.set(name, String(dtype));
  }
  return { metadata: metadata as Record<string, string>, tensors, unsupported };
}

/** Metadata key for block-quantized matrices, which the format itself only knows as bytes: name to type and shape. */
export const BLOCKS = 'rollscope.blocks';

function blocksOf(metadata: unknown): Map<string, { dtype: BlockType; shape: number[] }> {
  const text = (metadata as Record<string, unknown> | null)?.[BLOCKS];
  if (typeof text !== 'string') return new Map();
  let listed: unknown;
  try {
    listed = JSON.parse(text);
  } catch {
    return new Map();
  }
  return new Map(
    Object.entries((listed ?? {}) as Record<string, unknown>).flatMap(([name, value]) => {
      const { dtype, shape } = (value ?? {}) as Record<string, unknown>;
      const whole = Array.isArray(shape) && shape.length === 2 && shape.every((n) => Number.isSafeInteger(n) && n > 0);
      if (!whole || !isBlockType(String(dtype)) || shape[1] % BLOCK !== 0) return [];
      return [[name, { dtype: dtype as BlockType, shape: shape as number[] }] as const];
    }),
  );
}

/**
 * Reads the index of a model folder: `model.safetensors`, or the shards that `model.safetensors.index.json` lists.
 * Throws RollscopeError `model` if there are none, or a shard or one of its tensors is missing.
 */
export async function readSafetensorsFolder(folder: string): Promise<SafetensorsIndex & { files: string[] }> {
  const single = path.join(folder, 'model.safetensors');
  if (await stat(single).catch(() => null)) return { ...(await readSafetensorsIndex(single)), files: [single] };
  const indexFile = path.join(folder, 'model.safetensors.index.json');
  const text = await readFile(indexFile, 'utf8').catch(() => null);
  if (text === null) {
    throw new RollscopeError(
      'model',
      `${folder} has neither model.safetensors nor model.safetensors.index.json.`,
      'Rollscope reads safetensors and GGUF; convert PyTorch .bin files first.',
      { details: { reason: 'no-weights', folder } },
    );
  }
  const map = parseWeightMap(text, indexFile);
  const merged = {
    metadata: {},
    tensors: new Map<string, StoredTensor>(),
    unsupported: new Map<string, string>(),
    files: [...new Set(map.values())].sort().map((name) => path.join(folder, name)),
  };
  for (const shard of merged.files) {
    const part = await readSafetensorsIndex(shard);
    for (const [name, tensor] of part.tensors) merged.tensors.set(name, tensor);
    for (const [name, dtype] of part.unsupported) merged.unsupported.set(name, dtype);
  }
  for (const [name, shard] of map) {
    if (merged.tensors.has(name) || merged.unsupported.has(name)) continue;
    throw brokenWeightFile(
      path.join(folder, shard),
      'bad-tensor',
      `tensor "${name}" is missing, though ${path.basename(indexFile)} names it.`,
      { field: name },
    );
  }
  return merged;
}

/** The shard of each tensor, from the text of `model.safetensors.index.json`. Throws RollscopeError `model`. */
export function parseWeightMap(text: string, file: string): Map<string, string> {
  let map: unknown;
  try {
    map = (JSON.parse(text) as { weight_map?: unknown }).weight_map;
  } catch {
    throw brokenWeightFile(file, 'not-json', 'not valid JSON.');
  }
  const entries = isObject(map) ? Object.entries(map) : [];
  // shards are files directly in the folder: other paths could lead out of it
  if (entries.length === 0 || entries.some(([, shard]) => !isFileName(shard))) {
    throw brokenWeightFile(file, 'bad-field', 'has no usable "weight_map".', { field: 'weight_map' });
  }
  return new Map(entries as [string, string][]);
}

/**
 * Reads a tensor's values as float32, row-major.
 * @throws RollscopeError `model` if the file was truncated since its index was read
 */
export async function readTensor(tensor: StoredTensor): Promise<Float32Array> {
  const handle = await openWeightFile(tensor.file);
  try {
    const bytes = await readExactly(handle, tensor.offset, tensor.bytes);
    if (!bytes) throw brokenWeightFile(tensor.file, 'truncated', 'was truncated after it was opened.');
    return toFloat32(bytes, tensor.dtype);
  } finally {
    await handle.close();
  }
}

/** The same in parts of whole rows, so that a large tensor is never completely in memory. */
export async function* readTensorParts(tensor: StoredTensor): AsyncGenerator<Float32Array> {
  const rows = tensor.shape[0] ?? 1;
  const rowBytes = tensor.bytes / rows;
  const step = Math.max(1, Math.floor((PART_BYTES * rows) / (4 * elementsOf(tensor.shape))));
  const handle = await openWeightFile(tensor.file);
  try {
    for (let row = 0; row < rows; row += step) {
      const length = Math.min(step, rows - row) * rowBytes;
      const bytes = await readExactly(handle, tensor.offset + row * rowBytes, length);
      if (!bytes) throw brokenWeightFile(tensor.file, 'truncated', 'was truncated after it was opened.');
      yield toFloat32(bytes, tensor.dtype);
    }
  } finally {
    await handle.close();
  }
}
