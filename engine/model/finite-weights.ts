/**
 * Checks that all weights are finite. A NaN or infinite one would make every response and update invalid, so it
 * is reported before a run begins.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { RollscopeError } from '../protocol/errors.ts';
import { type BlockType, isBlockType, type StoredType } from '../tensor/index.ts';
import { CHECKING_MESSAGE, type HashOptions } from './file-hash.ts';
import { REMEMBERED_BYTES, remembered } from './file-memory.ts';
import type { StoredTensor } from './safetensors.ts';

const BLOCK_BYTES = 4 * 2 ** 20;

interface FiniteOptions extends HashOptions {
  /** The file from which the tensors' file was made, for error messages. */
  of?: string | undefined;
}

/** Weights that this program quantized to blocks were finite then, and are not checked again. */
type Checked = Exclude<StoredType, BlockType>;

type CheckedTensor = StoredTensor & { dtype: Checked };

/** Exponent bits: all of them are set exactly for NaN and infinity. */
const EXPONENT: Readonly<Record<Checked, number>> = { F32: 0x7f800000, BF16: 0x7f80, F16: 0x7c00 };

/** Index of the first non-finite value; null if all are finite. */
function firstNonFinite(bytes: Uint8Array<ArrayBuffer>, dtype: Checked): number | null {
  const Bits = dtype === 'F32' ? Uint32Array : Uint16Array;
  const bits = new Bits(bytes.buffer, bytes.byteOffset, bytes.length / Bits.BYTES_PER_ELEMENT);
  const exponent = EXPONENT[dtype];
  for (let i = 0; i < bits.length; i++) if ((bits[i]! & exponent) === exponent) return i;
  return null;
}

/**
 * Checks these tensors, which may be in several files. Results for large files are remembered until they change. Throws
 * RollscopeError: `model`, naming file and tensor, if a value is NaN or infinite, `canceled`.
 */
export async function checkFinite(
  tensors: ReadonlyMap<string, StoredTensor>,
  options: FiniteOptions = {},
): Promise<void> {
  const files = new Map<string, (readonly [name: string, tensor: CheckedTensor])[]>();
  for (const [name, tensor] of tensors) {
    const { file, dtype } = tensor;
    if (isBlockType(dtype)) continue;
    const entry = [name, { ...tensor, dtype }] as const;
    const own = files.get(file);
    if (own) own.push(entry);
    else files.set(file, [entry]);
  }
  for (const [file, own] of files) {
    const places = own.map(([name, { offset, bytes, dtype }]) => [name, offset, bytes, dtype]);
    const key = createHash('sha256').update(JSON.stringify(places)).digest('hex');
    const find = async () => {
      await readAll(file, own, options);
      return key;
    };
    await remembered(file, 'finite', find, (known) => known === key);
  }
}

async function readAll(
  file: string,
  tensors: readonly (readonly [name: string, tensor: CheckedTensor])[],
  { onProgress, signal, of = file }: FiniteOptions,
): Promise<void> {
  const total = tensors.reduce((sum, [, { bytes }]) => sum + bytes, 0);
  const handle = await open(file);
  try {
    const buffer = Buffer.from(new ArrayBuffer(Math.min(BLOCK_BYTES, total)));
    let done = 0;
    for (const [name, tensor] of tensors) {
      for (let at = 0; at < tensor.bytes; ) {
        if (signal?.aborted) {
          throw new RollscopeError('canceled', 'Reading the model was canceled.', undefined, {
            details: { reason: 'reading-model' },
          });
        }
        const block = await readBlock(handle, buffer, tensor, at);
        const found = firstNonFinite(block, tensor.dtype);
        if (found !== null) throw nonFinite(name, tensor, at / widthOf(tensor) + found, of);
        at += block.length;
        done += block.length;
        if (total >= REMEMBERED_BYTES) onProgress?.(CHECKING_MESSAGE, done / total);
      }
    }
  } finally {
    await handle.close();
  }
}

/** Fills the buffer with the tensor's bytes from offset `at`; fewer at its end. */
async function readBlock(
  handle: FileHandle,
  buffer: Buffer<ArrayBuffer>,
  { file, offset, bytes }: StoredTensor,
  at: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const length = Math.min(buffer.length, bytes - at);
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, offset + at + filled);
    if (bytesRead === 0) {
      throw new RollscopeError('model', `${file}: was truncated after it was opened.`, undefined, {
        details: { reason: 'truncated', file },
      });
    }
    filled += bytesRead;
  }
  return buffer.subarray(0, length);
}

function widthOf({ dtype }: StoredTensor): number {
  return dtype === 'F32' ? 4 : 2;
}

/** The indices of value number `index` in a tensor. */
export function indexed(shape: readonly number[], index: number): string {
  const place: number[] = [];
  for (const size of shape.toReversed()) {
    place.unshift(index % size);
    index = Math.floor(index / size);
  }
  return place.join(', ');
}

/** The error for value number `index` of a tensor. */
export function nonFinite(
  name: string,
  { shape }: Pick<StoredTensor, 'shape'>,
  index: number,
  file: string,
): RollscopeError {
  const place = indexed(shape, index);
  return new RollscopeError(
    'model',
    `${file}: tensor "${name}" contains NaN or Inf, first at [${place}].`,
    'The file is damaged, or training diverged before it was saved. Download it again, or use an earlier checkpoint.',
    { details: { reason: 'non-finite-weights', file, field: name, place } },
  );
}
