/** SHA-256 of whole files. Hashing gigabytes takes seconds, so results are cached (`file-memory.ts`). */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { RollscopeError } from '../protocol/errors.ts';
import { REMEMBERED_BYTES, remembered } from './file-memory.ts';

export interface HashOptions {
  onProgress?: ((message: string, fraction: number | null) => void) | undefined;
  signal?: AbortSignal | undefined;
}

const CHUNK_BYTES = 4 * 2 ** 20;
/** The progress message. */
export const CHECKING_MESSAGE = 'checking the model (the first time only)';

async function hashContents(file: string, size: number, { onProgress, signal }: HashOptions): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(file);
  try {
    const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(CHUNK_BYTES, size)));
    for (let done = 0; ; ) {
      if (signal?.aborted)
        throw new RollscopeError('canceled', 'Reading the model was canceled.', undefined, {
          details: { reason: 'reading-model' },
        });
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, done);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
      done += bytesRead;
      if (size >= REMEMBERED_BYTES) onProgress?.(CHECKING_MESSAGE, Math.min(1, done / size));
    }
  } finally {
    await handle.close();
  }
}

/** SHA-256 of a file's contents, in hexadecimal. Throws RollscopeError `canceled` if the signal aborts. */
export async function fileHash(file: string, options: HashOptions = {}): Promise<string> {
  return remembered(file, 'sha256', (real, size) => hashContents(real, size, options));
}
