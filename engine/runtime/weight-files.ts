/** Weights that stay in files: where the files really are, and their bytes for those who cannot map them. */
import fs from 'node:fs';
import { RollscopeError } from '../protocol/errors.ts';
import { type ExternalData, type Graph, toFloat32 } from '../tensor/index.ts';

function unreadable(file: string, cause: unknown): RollscopeError {
  return new RollscopeError('model', `The weights file ${file} cannot be read.`, 'Choose the model again.', {
    cause,
    details: { reason: 'unreadable', file },
  });
}

function cutShort(file: string, tensor: string): RollscopeError {
  const hint = 'The file is probably incomplete: download or copy it again.';
  return new RollscopeError('model', `The weights file ${file} ends before the tensor ${tensor}.`, hint, {
    details: { reason: 'truncated', file, field: tensor },
  });
}

/**
 * Where each file of a graph's weights really lies: onnxruntime refuses links that lead elsewhere, as in the Hub's cache.
 * Throws RollscopeError `model` where a file is missing or too short.
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

/** Largest read at a time: one call never gives more than 2 GiB. */
const READ_BYTES = 2 ** 30;

/** A weight as float32. Throws RollscopeError `model` where its file is missing or too short. */
export function readWeight(data: ExternalData, name: string): Float32Array {
  const buffer = Buffer.allocUnsafe(data.bytes);
  readBytes(data, name, buffer);
  return toFloat32(buffer, data.stored);
}

/** The same into an array that is there already, which has the weight's size. */
export function readWeightInto(data: ExternalData, name: string, values: Float32Array): void {
  const { buffer: memory, byteOffset, byteLength } = values;
  if (data.stored === 'F32') readBytes(data, name, new Uint8Array(memory, byteOffset, byteLength));
  else {
    const buffer = Buffer.allocUnsafe(data.bytes);
    readBytes(data, name, buffer);
    toFloat32(buffer, data.stored, values);
  }
}

function readBytes({ file, offset, bytes }: ExternalData, name: string, buffer: Uint8Array): void {
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
