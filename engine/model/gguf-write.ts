/** Writes GGUF files (version 3): typed metadata, followed by the tensors. */
import { RollscopeError } from '../protocol/errors.ts';
import { writeAside } from '../system/aside.ts';
import { openToWrite } from '../system/files.ts';
import { elementsOf } from '../tensor/tensor.ts';
import { type OutType, quantized, WRITTEN_TYPES } from './gguf-quantize.ts';

/** A typed metadata value. */
export type GgufField =
  | { readonly type: 'u32' | 'i32' | 'f32'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | {
      readonly type: 'list';
      readonly of: 'u32' | 'i32' | 'f32' | 'bool' | 'string';
      readonly value: readonly unknown[];
    };

/** A metadata field as an unsigned 32-bit integer. */
export const u32 = (value: number): GgufField => ({ type: 'u32', value });

/** A metadata field as a 32-bit float. */
export const f32 = (value: number): GgufField => ({ type: 'f32', value });

/** A boolean metadata field, one byte. */
export const bool = (value: boolean): GgufField => ({ type: 'bool', value });

/** A metadata field as UTF-8 text. */
export const text = (value: string): GgufField => ({ type: 'string', value });

/** A metadata field as a list. @param of the type of all its items */
export const list = (of: (GgufField & { type: 'list' })['of'], value: readonly unknown[]): GgufField => ({
  type: 'list',
  of,
  value,
});

const NUMBERS = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, list: 9 } as const;

/** A tensor to write: values in float32, in parts of whole rows. */
export interface GgufTensorToWrite {
  readonly type: OutType;
  /** Row-major, outermost first. */
  readonly shape: readonly number[];
  readonly data: () => AsyncIterable<Float32Array>;
}

const ALIGNMENT = 32;
const aligned = (bytes: number) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

function u32Bytes(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64Bytes(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function textBytes(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([u64Bytes(bytes.length), bytes]);
}

function listItem(type: (GgufField & { type: 'list' })['of'], value: unknown): Buffer {
  const bytes = Buffer.alloc(4);
  switch (type) {
    case 'u32':
      return u32Bytes(value as number);
    case 'i32':
      bytes.writeInt32LE(value as number);
      return bytes;
    case 'f32':
      bytes.writeFloatLE(value as number);
      return bytes;
    case 'bool':
      return Buffer.of(value ? 1 : 0);
    case 'string':
      return textBytes(value as string);
  }
}

function fieldBytes(field: GgufField): Buffer {
  if (field.type !== 'list') return Buffer.concat([u32Bytes(NUMBERS[field.type]), listItem(field.type, field.value)]);
  const items = field.value.map((value) => listItem(field.of, value));
  return Buffer.concat([u32Bytes(NUMBERS.list), u32Bytes(NUMBERS[field.of]), u64Bytes(items.length), ...items]);
}

function bytesOf({ type, shape }: GgufTensorToWrite): number {
  const { weights, bytes } = WRITTEN_TYPES[type];
  return (elementsOf(shape) / weights) * bytes;
}

/**
 * Writes a file under a temporary name and renames it, so that it is never incomplete. Throws RollscopeError `disk` if
 * space runs out.
 */
export async function writeGguf(
  file: string,
  metadata: ReadonlyMap<string, GgufField>,
  tensors: ReadonlyMap<string, GgufTensorToWrite>,
): Promise<void> {
  let offset = 0;
  const entries: Buffer[] = [];
  for (const [name, tensor] of tensors) {
    const shape = [...tensor.shape].reverse().map(u64Bytes);
    const { number } = WRITTEN_TYPES[tensor.type];
    entries.push(textBytes(name), u32Bytes(shape.length), ...shape, u32Bytes(number), u64Bytes(offset));
    offset = aligned(offset + bytesOf(tensor));
  }
  const fields = [...metadata].flatMap(([key, field]) => [textBytes(key), fieldBytes(field)]);
  const head = [
    Buffer.from('GGUF'),
    u32Bytes(3),
    u64Bytes(tensors.size),
    u64Bytes(metadata.size),
    ...fields,
    ...entries,
  ];
  const start = Buffer.concat(head);
  await writeAside(file, async (aside) => {
    const handle = await openToWrite(aside);
    const write = async (bytes: Uint8Array) => {
      for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at, bytes.length - at)).bytesWritten;
    };
    try {
      await write(start);
      await write(Buffer.alloc(aligned(start.length) - start.length));
      for (const [name, tensor] of tensors) {
        let written = 0;
        for await (const values of tensor.data()) {
          const bytes = quantized(tensor.type, values);
          await write(bytes);
          written += bytes.length;
        }
        if (written !== bytesOf(tensor))
          throw new Error(`tensor ${name}: ${written} bytes of ${bytesOf(tensor)} written`);
        await write(Buffer.alloc(aligned(written) - written));
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
  });
}

/** The error for a feature that GGUF cannot express. */
export function notInGguf(field: string, message: string, facts: Record<string, string> = {}): RollscopeError {
  return new RollscopeError('model', message, 'Use --format safetensors.', {
    details: { reason: 'not-in-gguf', field, ...facts },
  });
}
