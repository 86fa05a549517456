/**
 * Converts the decoder's weights and adapters to the folder layout of its architecture: the inverse of
 * `folder-weights.ts`.
 */
import type { DecoderConfig } from './config.ts';
import { adaptedModules, folderTensors, moduleShape, transposed } from './folder-layout.ts';
import { adapterNames } from './lora.ts';
import type { TensorToWrite } from './safetensors-write.ts';

async function allValues({ data }: TensorToWrite): Promise<Float32Array> {
  if (data instanceof Float32Array) return data;
  const pieces: Float32Array[] = [];
  for await (const piece of data()) pieces.push(piece);
  return pieces.length === 1 ? pieces[0]! : concatenated(pieces);
}

function concatenated(pieces: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(pieces.reduce((n, { length }) => n + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** Tensors under the names in a folder's files. `tensors`: all of the decoder's, by its names. */
export function folderFile(
  config: DecoderConfig,
  tensors: ReadonlyMap<string, TensorToWrite>,
): Map<string, TensorToWrite> {
  const file = new Map<string, TensorToWrite>();
  for (const { name, shape, parts, transposed: isTransposed } of folderTensors(config)) {
    const data = async function* () {
      if (!isTransposed) {
        for (const part of parts) yield await allValues(tensors.get(part.name)!);
        return;
      }
      const rows: Float32Array[] = [];
      for (const part of parts) rows.push(await allValues(tensors.get(part.name)!));
      yield transposed(concatenated(rows), shape[1]!, shape[0]!);
    };
    file.set(name, { shape, data });
  }
  return file;
}

type Tensors = ReadonlyMap<string, { shape: readonly number[]; data: Float32Array }>;

/** An adapter for a folder's modules, and fields of `adapter_config.json` that differ for it. */
export interface FolderAdapter {
  readonly tensors: Map<string, { shape: readonly number[]; data: Float32Array }>;
  readonly config: Readonly<Record<string, unknown>>;
}

/**
 * Converts adapters of projections to adapters of the folder's modules. For a fused module, A stacks the projections' A
 * matrices by rows, and B has their B matrices on its diagonal: n adapters of rank r become one of rank n r, and n
 * times the alpha keeps the scale.
 */
export function folderAdapter(config: DecoderConfig, tensors: Tensors, alpha: number): FolderAdapter {
  const found: FolderAdapter['tensors'] = new Map();
  const targets = new Set<string>();
  const ranks: Record<string, number> = {};
  const alphas: Record<string, number> = {};
  let isTransposed = false;
  for (const { module, parts } of adaptedModules(config)) {
    const adapted = parts.filter((part) => tensors.has(adapterNames(part).a));
    if (adapted.length === 0) continue;
    const names = adapterNames(module);
    const target = module.replace(/^.*\.\d+\./, '').replace(/^(?:self_attn|mlp\.experts\.\d+)\./, '');
    targets.add(target);
    const { a, b, rank } = stacked(config, parts, tensors);
    found.set(names.a, a);
    found.set(names.b, b);
    if (parts.length > 1) {
      ranks[target] = rank;
      alphas[target] = alpha * adapted.length;
    }
    isTransposed ||= folderTensors(config).some((tensor) => tensor.transposed);
  }
  const patterns = Object.keys(ranks).length > 0 ? { rank_pattern: ranks, alpha_pattern: alphas } : {};
  return { tensors: found, config: { target_modules: [...targets], fan_in_fan_out: isTransposed, ...patterns } };
}

function stacked(config: DecoderConfig, parts: readonly string[], tensors: Tensors) {
  const has = (part: string) => tensors.has(adapterNames(part).a);
  const adapted = parts.filter(has);
  const as = adapted.map((part) => tensors.get(adapterNames(part).a)!);
  const into = as[0]!.shape[1]!;
  const rank = as.reduce((n, { shape }) => n + shape[0]!, 0);
  const out = parts.reduce((n, part) => n + moduleShape(config, part)[0], 0);
  const b = new Float32Array(out * rank);
  let row = 0;
  let column = 0;
  for (const part of parts) {
    const rows = moduleShape(config, part)[0];
    const given = tensors.get(adapterNames(part).b);
    if (given) {
      const own = given.shape[1]!;
      for (let i = 0; i < rows; i++) b.set(given.data.subarray(i * own, (i + 1) * own), (row + i) * rank + column);
      column += own;
    }
    row += rows;
  }
  return {
    a: { shape: [rank, into], data: concatenated(as.map(({ data }) => data)) },
    b: { shape: [out, rank], data: b },
    rank,
  };
}

/** Tensors of an adapter under the decoder's names: each projection of a fused module gets its rows of B. */
export function projectionAdapter(config: DecoderConfig, tensors: Tensors): Tensors {
  const found = new Map(tensors);
  for (const { module, parts } of adaptedModules(config)) {
    const names = adapterNames(module);
    const [a, b] = [found.get(names.a), found.get(names.b)];
    if (!a || !b || (parts.length === 1 && parts[0] === module)) continue;
    found.delete(names.a);
    found.delete(names.b);
    const rank = b.shape[1]!;
    let row = 0;
    for (const part of parts) {
      const own = adapterNames(part);
      const rows = moduleShape(config, part)[0];
      found.set(own.a, a);
      found.set(own.b, { shape: [rows, rank], data: b.data.subarray(row * rank, (row + rows) * rank) });
      row += rows;
    }
  }
  return found;
}
