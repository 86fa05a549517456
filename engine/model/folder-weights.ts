/** The decoder's tensors in a Hugging Face folder: in place, or as a transposed copy. */
import path from 'node:path';
import { RollscopeError } from '../protocol/errors.ts';
import { cacheFolder } from '../protocol/home.ts';
import { removeAbandoned } from '../system/aside.ts';
import { ensureFolder } from '../system/files.ts';
import type { DecoderConfig } from './config.ts';
import { type FileTensor, folderTensors, transposed } from './folder-layout.ts';
import { readSafetensorsIndex, readTensor, type StoredTensor } from './safetensors.ts';
import { type TensorToWrite, writeSafetensors } from './safetensors-write.ts';

/** Increased when the conversion changes, so that older cache files are rebuilt. */
const CONVERTER = '1';

interface Folder {
  folder: string;
  config: DecoderConfig;
  /** All readable tensors, and the types of the unreadable ones. */
  all: ReadonlyMap<string, StoredTensor>;
  unsupported: ReadonlyMap<string, string>;
}

/**
 * The decoder's tensors by name. Projections in a fused matrix become slices of it; transposed matrices are copied once
 * to `<cacheDir>/<fingerprint>.safetensors`. Throws RollscopeError: `model` for a tensor that is missing, has the wrong
 * shape or an unreadable type, `disk` if space for the copy runs out.
 */
export async function folderWeights(
  source: Folder,
  { cacheDir = cacheFolder(), fingerprint }: { cacheDir?: string | undefined; fingerprint: string },
): Promise<Map<string, StoredTensor>> {
  const tensors = new Map<string, StoredTensor>();
  const toCopy: { tensor: FileTensor; stored: StoredTensor }[] = [];
  for (const tensor of folderTensors(source.config)) {
    const stored = findTensor(source, tensor);
    if (tensor.transposed) toCopy.push({ tensor, stored });
    else for (const [name, part] of parts(tensor, stored)) tensors.set(name, part);
  }
  if (toCopy.length > 0) {
    const copied = await transposedCopies(toCopy, path.join(cacheDir, `${fingerprint}.safetensors`));
    for (const [name, stored] of copied) tensors.set(name, stored);
  }
  return tensors;
}

/** The alternative name that some checkpoints use, without the prefix of the class around the decoder. */
function withoutClassPrefix(name: string): string {
  return name.replace(/^(?:model|transformer)\./, '');
}

function findTensor({ folder, all, unsupported }: Folder, { name, shape }: FileTensor): StoredTensor {
  const key = all.has(name) || unsupported.has(name) ? name : withoutClassPrefix(name);
  const tensor = all.get(key);
  const type = unsupported.get(key);
  const problem = type
    ? `has the unsupported type ${type}`
    : !tensor
      ? 'is missing'
      : String(tensor.shape) === String(shape)
        ? null
        : `has the shape [${tensor.shape}] instead of [${shape}]`;
  if (!problem) return tensor!;
  throw new RollscopeError(
    'model',
    `${folder}: tensor "${name}" ${problem}.`,
    'Use a complete model in F32, BF16 or F16 that matches its config.json.',
    { details: { reason: 'bad-tensor', folder, field: name } },
  );
}

/** Splits a tensor into its parts, which are stacked by rows. */
function parts(tensor: FileTensor, stored: StoredTensor): [string, StoredTensor][] {
  const rowBytes = stored.bytes / tensor.shape[0]!;
  let row = 0;
  return tensor.parts.map(({ name, shape }) => {
    const [rows] = shape as [number];
    const part = { ...stored, shape: [...shape], offset: stored.offset + row * rowBytes, bytes: rows * rowBytes };
    row += rows;
    return [name, part];
  });
}

async function transposedCopies(
  toCopy: readonly { tensor: FileTensor; stored: StoredTensor }[],
  file: string,
): Promise<ReadonlyMap<string, StoredTensor>> {
  const cached = await readSafetensorsIndex(file).catch(() => null);
  if (cached?.metadata.converter === CONVERTER) return cached.tensors;
  await ensureFolder(path.dirname(file));
  await removeAbandoned(file);
  const copies = new Map<string, TensorToWrite>();
  for (const { tensor, stored } of toCopy) {
    const [into, out] = tensor.shape as [number, number];
    let row = 0;
    for (const { name, shape } of tensor.parts) {
      const [from, rows] = [row, shape[0]!];
      const data = async function* () {
        yield transposed(await readTensor(stored), into, out).subarray(from * into, (from + rows) * into);
      };
      copies.set(name, { shape, data });
      row += rows;
    }
  }
  await writeSafetensors(file, copies, { converter: CONVERTER });
  return (await readSafetensorsIndex(file)).tensors;
}
