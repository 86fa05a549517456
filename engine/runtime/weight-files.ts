/** Weights in files: resolves their paths, and reads them for backends that cannot map files. */
import fs from 'node:fs';
import { RollscopeError } from '../protocol/errors.ts';
import { type ExternalData, type Graph, isBlockType, STORED_WIDTH, slicesOfRange, toFloat32 } from '../tensor/index.ts';

function unreadable(file: string, cause: unknown): RollscopeError {
  const errno = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
  const message = `The weights file ${file} cannot be read (${errno}).`;
  const hint =
    'Check that it was not moved or deleted since the model was opened, and its permissions; then start again.';
  return new RollscopeError('model', message, hint, { cause, details: { reason: 'unreadable', file, errno } });
}

function cutShort(file: string, tensor: string): RollscopeError {
  const hint = 'The file is probably incomplete: download or copy it again.';
  return new RollscopeError('model', `The weights file ${file} ends before the tensor ${tensor}.`, hint, {
    details: { reason: 'truncated', file, field: tensor },
  });
}

/**
 * The resolved path of each file of a graph's weights: onnxruntime rejects symlinks that lead out of the folder, as in the
 * Hub's cache. Throws RollscopeError `model` if a file is missing or too short.
 */
export function weightFiles(graph: Graph): Map<string, string> {
  const files = new Map<string, string>();
  const ends = new Map<string, number>();
  for (const { kind, tensor, data } of graph.constants) {
    if (kind !== 'external') continue;
    const { file, offset, bytes } = data;
    try {
      if (!files.has(file)) {
        files.set(file, fs.realpathSync(file));
        ends.set(file, fs.statSync(file).size);
      }
    } catch (cause) {
      throw unreadable(file, cause);
    }
    if (offset + bytes > ends.get(file)!) throw cutShort(file, tensor.name);
  }
  return files;
}

/** Bytes per read call, which never returns more than 2 GiB. */
const READ_BYTES = 2 ** 30;

/** Reads a weight as float32. Throws RollscopeError `model` if its file is missing or too short. */
export function readWeight(data: ExternalData, name: string): Float32Array {
  const values = new Float32Array(weightsIn(data));
  readWeightInto(data, name, values);
  return values;
}

function weightsIn({ bytes, stored }: ExternalData): number {
  return bytes / STORED_WIDTH[stored];
}

/** Maximum number of weights read at a time if they need conversion; a multiple of the block size. */
const MAX_CONVERTED_WEIGHTS = 2 ** 22;

/** Buffer for bytes before conversion; reused, since V8 may leave many such arrays uncollected. */
let scratch = new Uint8Array(0);

function room(bytes: number): Uint8Array {
  if (scratch.length < bytes) scratch = new Uint8Array(bytes);
  return scratch.subarray(0, bytes);
}

/** Fills an array with the weights from index `from` on; whole blocks if they are block-quantized. */
export function readWeightInto(data: ExternalData, name: string, values: Float32Array, from = 0): void {
  const { buffer: memory, byteOffset, byteLength } = values;
  const { file, offset, stored } = data;
  const read = (at: number, buffer: Uint8Array) =>
    readBytes({ file, offset: offset + at, bytes: buffer.length }, name, buffer);
  if (stored === 'F32') {
    read(4 * from, new Uint8Array(memory, byteOffset, byteLength));
    return;
  }
  const total = weightsIn(data);
  for (let at = 0; at < values.length; at += MAX_CONVERTED_WEIGHTS) {
    const part = values.subarray(at, at + MAX_CONVERTED_WEIGHTS);
    const bytes = room(part.length * STORED_WIDTH[stored]);
    if (isBlockType(stored)) {
      let filled = 0;
      for (const slice of slicesOfRange(stored, total, from + at, part.length)) {
        read(slice.offset, bytes.subarray(filled, filled + slice.bytes));
        filled += slice.bytes;
      }
    } else read((from + at) * STORED_WIDTH[stored], bytes);
    toFloat32(bytes, stored, part);
  }
}

function readBytes({ file, offset, bytes }: Omit<ExternalData, 'stored'>, name: string, buffer: Uint8Array): void {
  let filled = 0;
  try {
    const descriptor = fs.openSync(file, 'r');
    try {
      while (filled < bytes) {
        const read = fs.readSync(descriptor, buffer, filled, Math.min(bytes - filled, READ_BYTES), offset + filled);
        if (read === 0) break;
        filled += read;
      }
    } finally {
      fs.closeSync(descriptor);
    }
  } catch (cause) {
    throw unreadable(file, cause);
  }
  if (filled < bytes) throw cutShort(file, name);
}
