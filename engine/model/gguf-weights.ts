/** Converts a GGUF file's weights to a safetensors file with Hugging Face's names and layouts, once and cached. */
import path from 'node:path';
import { RollscopeError } from '../protocol/errors.ts';
import { removeAbandoned } from '../system/aside.ts';
import { ensureFolder, remove } from '../system/files.ts';
import { elementsOf } from '../tensor/tensor.ts';
import { architectureOf } from './architectures/index.ts';
import type { DecoderConfig } from './config.ts';
import { type ConversionOptions, conversionProgress } from './conversion.ts';
import { OTHER_MODEL } from './fields.ts';
import { type GgufFile, type GgufTensor, readGgufTensor } from './gguf.ts';
import { ggufPlace } from './gguf-config.ts';
import { parameterShapes } from './parameters.ts';
import { readSafetensorsIndex, type StoredTensor } from './safetensors.ts';
import { type TensorToWrite, writeSafetensors } from './safetensors-write.ts';
import { sampledFile } from './sampled-fingerprint.ts';

/** Increased when the conversion changes, so that older cache files are rebuilt. */
const CONVERTER = '1';

/**
 * Reorders rows of a query or key projection from adjacent rotation pairs to Hugging Face's order, with pairs half a
 * head apart. `width`: elements per row.
 */
export function unpermuteRows<T extends Float32Array | Uint8Array>(values: T, heads: number, width: number): T {
  const out = new (values instanceof Float32Array ? Float32Array : Uint8Array)(values.length) as T;
  const headDim = values.length / width / heads;
  const half = headDim / 2;
  for (let head = 0; head < heads; head++) {
    for (let row = 0; row < headDim; row++) {
      const from = head * headDim + (row % half) * 2 + Math.floor(row / half);
      out.set(values.subarray(from * width, (from + 1) * width), (head * headDim + row) * width);
    }
  }
  return out;
}

/** The inverse: reorders rows of a query or key projection to the order of llama.cpp's files. */
export function permuteRows(values: Float32Array, heads: number, width: number): Float32Array {
  const out = new Float32Array(values.length);
  const headDim = values.length / width / heads;
  const half = headDim / 2;
  for (let head = 0; head < heads; head++) {
    for (let row = 0; row < headDim; row++) {
      const to = head * headDim + (row % half) * 2 + Math.floor(row / half);
      const from = head * headDim + row;
      out.set(values.subarray(from * width, (from + 1) * width), to * width);
    }
  }
  return out;
}

/** The number of heads if their rows are in a different order than Hugging Face's, or null. */
export function permutedHeads(name: string, config: DecoderConfig): number | null {
  if (architectureOf(config.architecture).gguf.rotated === 'apart') return null;
  if (/q_proj\.(weight|bias)$/.test(name)) return config.heads;
  if (/k_proj\.(weight|bias)$/.test(name)) return config.kvHeads;
  return null;
}

/** Reads a tensor of the decoder from its place in a file, whole or a few rows at a time. */
export async function* converted(gguf: GgufFile, name: string, config: DecoderConfig): AsyncGenerator<Float32Array> {
  const { tensor, part } = tensorPart(gguf, config, name);
  const heads = permutedHeads(name, config);
  // In the decoder, these norm weights are offsets from 1; in the file, they are absolute.
  const lowered = architectureOf(config.architecture).block.norm === 'rms from 1' && /norm\.weight$/.test(name);
  // Reads the whole projection, since all rows of a head are needed together.
  const budget = heads === null ? undefined : Number.MAX_SAFE_INTEGER;
  for await (const values of readGgufTensor(part, budget)) {
    if (lowered) yield values.map((value) => value - 1);
    else if (heads === null) yield values;
    else yield unpermuteRows(values, heads, tensor.shape.length === 2 ? tensor.shape[1]! : 1);
  }
}

/** The tensor of a file that contains a tensor of the decoder, and which part of it. */
export function tensorPart(
  gguf: GgufFile,
  config: DecoderConfig,
  name: string,
): { tensor: GgufTensor; part: GgufTensor } {
  const { name: place, rows } = ggufPlace(config, name);
  const tensor = gguf.tensors.get(place)!;
  if (!rows) return { tensor, part: tensor };
  const rowBytes = tensor.bytes / rows.of;
  const shape = [rows.count, ...(tensor.shape.length > 1 ? [tensor.shape.at(-1)!] : [])];
  const part = { ...tensor, shape, offset: tensor.offset + rows.from * rowBytes, bytes: rows.count * rowBytes };
  return { tensor, part };
}

/** Tensors in files that are not read as weights: `rope_freqs.weight` is part of the configuration. */
const UNREAD = /^rope_(?:freqs|factors_short|factors_long)\.weight$|^blk\.\d+\.attn_rot_embd\b/;

/** Throws `model` if the file lacks a tensor, or has one of the wrong shape or an extra one that would be ignored. */
export function checkTensors(
  gguf: GgufFile,
  config: DecoderConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
): void {
  const refuse = (reason: string, name: string, problem: string, hint: string) => {
    throw new RollscopeError('model', `${gguf.file}: tensor "${name}" ${problem}.`, hint, {
      details: { reason, file: gguf.file, field: name },
    });
  };
  const expected = new Set<string>();
  for (const [key, shape] of shapes) {
    const { name, rows } = ggufPlace(config, key);
    expected.add(name);
    const tensor = gguf.tensors.get(name);
    const damaged = 'The file is damaged, or its architecture is not what it declares; download it again.';
    if (!tensor) refuse('missing-tensor', name, 'is missing', damaged);
    else if (
      String(rows ? rowsAndWidth(tensor.shape) : tensor.shape) !== String(rows ? [rows.of, ...shape.slice(1)] : shape)
    ) {
      refuse('other-shape', name, `has the shape [${tensor.shape}] instead of [${shape}]`, damaged);
    }
  }
  for (const name of gguf.tensors.keys()) {
    if (expected.has(name) || UNREAD.test(name)) continue;
    refuse('unknown-tensor', name, `is unexpected in a ${config.architecture} model`, OTHER_MODEL);
  }
}

/** Merges all axes of a shape but the last into one; a vector stays a vector. */
function rowsAndWidth(shape: readonly number[]): number[] {
  if (shape.length < 2) return [...shape];
  return [elementsOf(shape.slice(0, -1)), shape.at(-1)!];
}

/**
 * Returns the tensors of a GGUF file from `<cacheDir>/<fingerprint>.safetensors`, which is created if missing:
 * dequantized to float32 tensor by tensor, under a temporary name that is renamed at the end. Throws RollscopeError:
 * `model` for a missing tensor or a wrong shape, `disk` if space runs out, `canceled` if the signal aborts.
 */
export async function ggufTensors(
  gguf: GgufFile,
  config: DecoderConfig,
  { cacheDir, fingerprint, onProgress, signal }: ConversionOptions,
): Promise<Map<string, StoredTensor>> {
  const shapes = parameterShapes(config);
  checkTensors(gguf, config, shapes);
  const file = path.join(cacheDir, `${fingerprint}.safetensors`);
  const cached = await readSafetensorsIndex(file).catch(() => null);
  if (cached?.metadata.converter === CONVERTER) return cached.tensors;

  await ensureFolder(cacheDir);
  await removeAbandoned(file);
  const advance = conversionProgress(config, 'reading the model (the first time only)', { onProgress, signal });
  const tensors = new Map<string, TensorToWrite>();
  for (const [name, shape] of shapes) {
    const data = async function* () {
      for await (const values of converted(gguf, name, config)) {
        advance(values.length);
        yield values;
      }
    };
    tensors.set(name, { shape, data });
  }
  await writeSafetensors(file, tensors, { converter: CONVERTER, source: path.basename(gguf.file) });
  // Earlier versions cached the same weights under a fingerprint of samples, which is no longer used.
  await remove(path.join(cacheDir, `${await sampledFile(gguf.file)}.safetensors`));
  return (await readSafetensorsIndex(file)).tensors;
}
