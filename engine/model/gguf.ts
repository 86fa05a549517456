/** Reads GGUF files, versions 2 and 3: metadata, the list of tensors, and their values a few rows at a time. */
import { open } from 'node:fs/promises';
import { RollscopeError } from '../protocol/errors.ts';
import { elementsOf } from '../tensor/tensor.ts';
import { blockSize, dequantize, READABLE_TYPES, typeName } from './gguf-blocks.ts';
import { brokenWeightFile, openWeightFile } from './weight-file.ts';

/** 64-bit numbers above 2^53 are rounded. */
export type GgufValue = number | boolean | string | GgufValue[];

export interface GgufTensor {
  name: string;
  /** The file that contains it: a model may be split into several. */
  file: string;
  /** ggml's type number. */
  type: number;
  /** Row-major, outermost first (GGUF itself lists the innermost first). */
  shape: number[];
  /** Offset in bytes from the file's start. */
  offset: number;
  bytes: number;
}

export interface GgufFile {
  file: string;
  /** All parts of a split model, or the one file. */
  files: readonly string[];
  size: number;
  metadata: Record<string, GgufValue>;
  tensors: Map<string, GgufTensor>;
  /** Offset of the tensor data. */
  dataOffset: number;
}

const FIRST_READ = 8 * 2 ** 20;

/** Thrown if the bytes read so far end inside the header. */
class NeedMore extends Error {}

class Cursor {
  private at = 0;
  private readonly view: DataView;

  constructor(
    private readonly buffer: Buffer,
    private readonly file: string,
  ) {
    this.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  }

  get position(): number {
    return this.at;
  }

  private advance(bytes: number): number {
    if (this.at + bytes > this.buffer.length) throw new NeedMore();
    this.at += bytes;
    return this.at - bytes;
  }

  u32(): number {
    return this.view.getUint32(this.advance(4), true);
  }

  u64(): number {
    return Number(this.view.getBigUint64(this.advance(8), true));
  }

  string(): string {
    const length = this.u64();
    if (length > 2 ** 30)
      throw brokenWeightFile(this.file, 'bad-length', `text of impossible length at byte ${this.at}.`);
    const start = this.advance(length);
    return this.buffer.toString('utf8', start, start + length);
  }

  value(type: number): GgufValue {
    const { view } = this;
    switch (type) {
      case 0:
        return view.getUint8(this.advance(1));
      case 1:
        return view.getInt8(this.advance(1));
      case 2:
        return view.getUint16(this.advance(2), true);
      case 3:
        return view.getInt16(this.advance(2), true);
      case 4:
        return this.u32();
      case 5:
        return view.getInt32(this.advance(4), true);
      case 6:
        return view.getFloat32(this.advance(4), true);
      case 7:
        return view.getUint8(this.advance(1)) !== 0;
      case 8:
        return this.string();
      case 9: {
        const inner = this.u32();
        const length = this.u64();
        // Elements have at least one byte, so a longer list cannot be in the file.
        if (length > 2 ** 31)
          throw brokenWeightFile(this.file, 'bad-length', `list of impossible length at byte ${this.at}.`);
        const list: GgufValue[] = [];
        for (let i = 0; i < length; i++) list.push(this.value(inner));
        return list;
      }
      case 10:
        return this.u64();
      case 11:
        return Number(view.getBigInt64(this.advance(8), true));
      case 12:
        return view.getFloat64(this.advance(8), true);
      default:
        throw brokenWeightFile(this.file, 'bad-type', `unknown metadata type ${type} at byte ${this.at}.`, {
          value: type,
        });
    }
  }
}

/** @throws NeedMore if `buffer` ends inside the header; RollscopeError `model` */
function parse(buffer: Buffer, file: string, size: number): GgufFile {
  const cursor = new Cursor(buffer, file);
  checkFormat(cursor, file);
  const tensorCount = cursor.u64();
  const valueCount = cursor.u64();
  // without a prototype, since names from the file are looked up in it
  const metadata: Record<string, GgufValue> = Object.create(null);
  for (let i = 0; i < valueCount; i++) {
    const key = cursor.string();
    metadata[key] = cursor.value(cursor.u32());
  }
  const listed: ListedTensor[] = [];
  // The count in a damaged file may exceed the maximum array length.
  for (let i = 0; i < tensorCount; i++) listed.push(listedTensor(cursor, file));
  const alignment = Number(metadata['general.alignment'] ?? 32);
  if (!(alignment >= 1))
    throw brokenWeightFile(file, 'bad-field', 'bad general.alignment.', { field: 'general.alignment' });
  const dataOffset = Math.ceil(cursor.position / alignment) * alignment;
  const tensors = new Map(listed.map((tensor) => [tensor.name, locatedTensor(tensor, dataOffset, { file, size })]));
  return { file, files: [file], size, metadata, tensors, dataOffset };
}

/** Checks the first bytes: format and version. */
function checkFormat(cursor: Cursor, file: string): void {
  if (cursor.u32() !== 0x46554747) {
    throw new RollscopeError('model', `${file} is not a GGUF file.`, 'Use a .gguf file, a model folder or a Hub id.', {
      details: { reason: 'not-gguf', file },
    });
  }
  const version = cursor.u32();
  if (version > 0xffff) {
    throw new RollscopeError('model', `${file}: big-endian GGUF is not supported.`, 'Use the little-endian file.', {
      details: { reason: 'big-endian', file },
    });
  }
  if (version !== 2 && version !== 3) {
    throw new RollscopeError(
      'model',
      `${file}: GGUF version ${version} is not supported.`,
      'Versions 2 and 3 are supported: convert the model again with a current llama.cpp, or use another file of it.',
      { details: { reason: 'unsupported', file, field: 'version', value: version } },
    );
  }
}

/** A tensor in the header, with an offset from the start of the data. */
type ListedTensor = Omit<GgufTensor, 'bytes' | 'file'>;

function listedTensor(cursor: Cursor, file: string): ListedTensor {
  const name = cursor.string();
  const rank = cursor.u32();
  if (rank > 4)
    throw brokenWeightFile(file, 'bad-tensor', `tensor "${name}" has ${rank} dimensions.`, {
      field: name,
      value: rank,
    });
  const shape = Array.from({ length: rank }, () => cursor.u64()).reverse();
  return { name, shape, type: cursor.u32(), offset: cursor.u64() };
}

/** Locates a tensor in the file, and checks that its type is supported and its rows divide into blocks. */
function locatedTensor(
  tensor: ListedTensor,
  dataOffset: number,
  { file, size }: Pick<GgufFile, 'file' | 'size'>,
): GgufTensor {
  const block = blockSize(tensor.type);
  if (!block) {
    throw new RollscopeError(
      'model',
      `${file}: tensor "${tensor.name}" is stored as ${typeName(tensor.type)}, which is not supported.`,
      `Use another quantization of the model, such as Q8_0 or Q4_K_M. Supported types: ${READABLE_TYPES.join(', ')}.`,
      { details: { reason: 'unsupported', file, field: tensor.name, value: typeName(tensor.type) } },
    );
  }
  const width = tensor.shape.at(-1) ?? 1;
  if (width % block.weights !== 0) {
    throw brokenWeightFile(
      file,
      'bad-row-length',
      `tensor "${tensor.name}" has rows of ${width} weights, not a multiple of the block size ${block.weights}.`,
      { field: tensor.name, value: width, block: block.weights },
    );
  }
  const bytes = (elementsOf(tensor.shape) / block.weights) * block.bytes;
  const offset = dataOffset + tensor.offset;
  if (offset + bytes > size) {
    throw brokenWeightFile(
      file,
      'truncated',
      `truncated: tensor "${tensor.name}" ends at byte ${offset + bytes}, the file has ${size}.`,
      { field: tensor.name, needed: offset + bytes, bytes: size },
    );
  }
  return { ...tensor, file, offset, bytes };
}

const PART = /-(\d{5})-of-(\d{5})\.gguf$/i;

/**
 * Reads a GGUF file's metadata and list of tensors; a split model is given by its first part. Throws RollscopeError
 * `model` if it or another part is missing, truncated, not GGUF, of an unsupported version, or contains a tensor of an
 * unsupported type.
 */
export async function readGguf(file: string): Promise<GgufFile> {
  const first = await readPart(file);
  const count = Number(first.metadata['split.count'] ?? 1);
  if (count <= 1) return first;
  const [, number, of] = PART.exec(file) ?? [];
  if (Number(number) !== 1 || Number(of) !== count) {
    throw new RollscopeError(
      'model',
      `${file} is not the first part of a split GGUF file.`,
      `Choose the part whose name ends with -00001-of-${String(count).padStart(5, '0')}.gguf, with all others next to it.`,
      { details: { reason: 'split-file', file } },
    );
  }
  const name = (i: number) => file.replace(PART, `-${String(i).padStart(5, '0')}-of-${of}.gguf`);
  const files = Array.from({ length: count }, (_, i) => name(i + 1));
  const tensors = new Map(first.tensors);
  for (const part of files.slice(1))
    for (const [key, tensor] of (await readPart(part)).tensors) tensors.set(key, tensor);
  const listed = Number(first.metadata['split.tensors.count'] ?? tensors.size);
  if (tensors.size !== listed) {
    throw brokenWeightFile(file, 'split-file', `its parts have ${tensors.size} tensors instead of ${listed}.`, {
      count: listed,
    });
  }
  return { ...first, files, tensors };
}

async function readPart(file: string): Promise<GgufFile> {
  const handle = await openWeightFile(file);
  try {
    const { size } = await handle.stat();
    for (let wanted = FIRST_READ; ; wanted *= 4) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(Math.min(wanted, size)), 0, undefined, 0);
      try {
        return parse(buffer.subarray(0, bytesRead), file, size);
      } catch (error) {
        if (!(error instanceof NeedMore)) throw error;
        if (bytesRead >= size || wanted > 2 ** 31)
          throw brokenWeightFile(file, 'truncated-header', `truncated in its header (${size} bytes).`, { bytes: size });
      }
    }
  } finally {
    await handle.close();
  }
}

/** Reads a tensor's values in float32, in parts of whole rows of about `budget` bytes at most. */
export async function* readGgufTensor(tensor: GgufTensor, budget = 32 * 2 ** 20): AsyncGenerator<Float32Array> {
  for await (const bytes of readGgufRows(tensor, budget)) yield dequantize(tensor.type, bytes);
}

/**
 * Reads a tensor's bytes as stored, in parts of whole rows; `budget` is the approximate size of a part in float32, in
 * bytes.
 */
export async function* readGgufRows(tensor: GgufTensor, budget = 32 * 2 ** 20): AsyncGenerator<Uint8Array> {
  const { file } = tensor;
  const width = tensor.shape.at(-1) ?? 1;
  const rows = elementsOf(tensor.shape.slice(0, -1));
  const rowBytes = tensor.bytes / rows;
  const step = Math.max(1, Math.floor(budget / (4 * width)));
  const handle = await open(file, 'r');
  try {
    for (let row = 0; row < rows; row += step) {
      const bytes = Buffer.alloc(Math.min(step, rows - row) * rowBytes);
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await handle.read(
          bytes,
          filled,
          bytes.length - filled,
          tensor.offset + row * rowBytes + filled,
        );
        if (bytesRead === 0)
          throw brokenWeightFile(file, 'truncated', `truncated inside tensor "${tensor.name}".`, {
            field: tensor.name,
          });
        filled += bytesRead;
      }
      yield bytes;
    }
  } finally {
    await handle.close();
  }
}
