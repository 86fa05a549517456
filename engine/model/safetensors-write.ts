/** Writes safetensors files part by part. */
import type { FileHandle } from 'node:fs/promises';
import { writeAside } from '../system/aside.ts';
import { openToWrite } from '../system/files.ts';
import { BLOCK_WIDTH, type BlockType, toFloat16 } from '../tensor/index.ts';
import { elementsOf } from '../tensor/tensor.ts';
import { BLOCKS, WIDTH } from './safetensors.ts';

const ALIGNMENT = 64;

/** A tensor to write: all values at once, or a function that yields them in parts so that they are never all in memory. */
export interface TensorToWrite {
  shape: readonly number[];
  data: Float32Array | (() => AsyncIterable<Float32Array>);
  /** Defaults to the type of the file's other tensors. */
  dtype?: 'F32' | 'F16';
}

/** A block-quantized matrix to write, whose bytes are computed on demand. */
export interface BlocksToWrite {
  shape: readonly number[];
  blocks: BlockType;
  bytes: () => Promise<Uint8Array>;
}

/**
 * Writes tensors to a safetensors file, as float32 or rounded to float16, under a temporary name that is renamed at the
 * end, so that `file` is never incomplete. The data starts at a multiple of 64 bytes, and tensors whose size is a
 * multiple of 64 bytes come first, so that all of those are aligned; the format allows no gaps. Throws RollscopeError
 * `disk` if space runs out.
 */
export async function writeSafetensors(
  file: string,
  tensors: ReadonlyMap<string, TensorToWrite | BlocksToWrite>,
  given: Readonly<Record<string, string>> = {},
  dtype: 'F32' | 'F16' = 'F32',
): Promise<void> {
  const bytesOf = (tensor: TensorToWrite | BlocksToWrite) =>
    elementsOf(tensor.shape) * ('blocks' in tensor ? BLOCK_WIDTH[tensor.blocks] : WIDTH[tensor.dtype ?? dtype]!);
  const inBlocks = [...tensors].flatMap(([name, tensor]) =>
    'blocks' in tensor ? [[name, { dtype: tensor.blocks, shape: tensor.shape }] as const] : [],
  );
  const metadata = {
    ...given,
    ...(inBlocks.length > 0 && { [BLOCKS]: JSON.stringify(Object.fromEntries(inBlocks)) }),
  };
  const aligned = (tensor: TensorToWrite | BlocksToWrite) => bytesOf(tensor) % ALIGNMENT === 0;
  const ordered = [...tensors].filter(([, t]) => aligned(t)).concat([...tensors].filter(([, t]) => !aligned(t)));
  const header: Record<string, unknown> = Object.keys(metadata).length > 0 ? { __metadata__: metadata } : {};
  let end = 0;
  for (const [name, tensor] of ordered) {
    const bytes = bytesOf(tensor);
    const described =
      'blocks' in tensor ? { dtype: 'U8', shape: [bytes] } : { dtype: tensor.dtype ?? dtype, shape: tensor.shape };
    header[name] = { ...described, data_offsets: [end, end + bytes] };
    end += bytes;
  }
  const json = Buffer.from(JSON.stringify(header), 'utf8');
  const padded = Math.ceil((8 + json.length) / ALIGNMENT) * ALIGNMENT - 8;
  const start = Buffer.alloc(8 + padded, ' ');
  start.writeBigUInt64LE(BigInt(padded), 0);
  json.copy(start, 8);

  await writeAside(file, async (aside) => {
    const handle = await openToWrite(aside);
    try {
      await writeAll(handle, start);
      for (const [name, tensor] of ordered) {
        let written = 0;
        for await (const bytes of partsOf(tensor, dtype)) {
          await writeAll(handle, bytes);
          written += bytes.byteLength;
        }
        if (written !== bytesOf(tensor)) {
          throw new Error(
            `tensor ${name}: ${written} bytes written, its shape [${tensor.shape}] has ${bytesOf(tensor)}`,
          );
        }
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
  });
}

async function* partsOf(tensor: TensorToWrite | BlocksToWrite, dtype: 'F32' | 'F16'): AsyncGenerator<Uint8Array> {
  if ('blocks' in tensor) {
    yield await tensor.bytes();
    return;
  }
  for await (const part of tensor.data instanceof Float32Array ? [tensor.data] : tensor.data()) {
    yield (tensor.dtype ?? dtype) === 'F16'
      ? toFloat16(part)
      : new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, Math.min(bytes.length - done, 2 ** 30));
    done += bytesWritten;
  }
}
