/** The decoder's tensors in a Hugging Face folder: where they are, or a transposed copy. */
import path from 'node:path';
import { RollscopeError } from '../protocol/errors.ts';
import { cacheFolder } from '../protocol/home.ts';
import { removeAbandoned } from '../system/aside.ts';
import { ensureFolder } from '../system/files.ts';
import type { DecoderConfig } from './config.ts';
import { type FileTensor, folderTensors, transposed } from './folder-layout.ts';
import { readSafetensorsIndex, readTensor, type StoredTensor } from './safetensors.ts';
import { type TensorToWrite, writeSafetensors } from './safetensors-write.ts';

/** Raised when the conversion changes, so that older cache files are rebuilt. */
const CONVERTER = '1';

interface Folder {
  folder: string;
  config: DecoderConfig;
  /** All tensors that can be read, and the types of those that cannot. */
  all: ReadonlyMap<string, StoredTensor>;
  unsupported: ReadonlyMap<string, string>;
}

/**
 * The tensors of the decoder by its names. Projections that are together in one matrix are parts of it; matrices that are
 * transposed are copied to `<cacheDir>/<fingerprint>.safetensors`, once. Throws RollscopeError: `model` for a tensor that is
 * missing, of another shape or of an unreadable type, `disk` without space for the copy.
 */
export async function folderWeights(
  source: Folder,
  { cacheDir = cacheFolder(), fingerprint }: { cacheDir?: string | undefined; fingerprint: string },
): Promise<Map<string, StoredTensor>> {
  const tensors = new Map<string, StoredTensor>();
  const toCopy: { tensor: FileTensor; stored: StoredTensor }[] = [];
  for (const tensor of folderTensors(source.config)) {
    const stored = found(source, tensor);
    if (tensor.transposed) toCopy.push({ tensor, stored });
    else for (const [name, part] of parts(tensor, stored)) tensors.set(name, part);
  }
  if (toCopy.length > 0) {
    const copied = await transposedCopies(toCopy, path.join(cacheDir, `${fingerprint}.safetensors`));
    for (const [name, stored] of copied) tensors.set(name, stored);
  }
  return tensors;
}

/** Names that a checkpoint may have instead: without the name of the class around the decoder. */
function withoutClass(name: string): string {
  return name.replace(/^(?:model|transformer)\./, '');
}

function found({ folder, all, unsupported }: Folder, { name, shape }: FileTensor): StoredTensor {
  const key = all.has(name) || unsupported.has(name) ? name : withoutClass(name);
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

/** The parts of a tensor, whose rows are one below the other. */
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
