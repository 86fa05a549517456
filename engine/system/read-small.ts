/** Reads many small files, one after another, as fast as the system opens them. */
import { closeSync, fstatSync, readSync } from 'node:fs';
import { openRegularNow } from './regular-file.ts';

/** Shared buffer; allocating memory for each file would take longer than everything else. */
let sharedBuffer: Buffer | null = null;

/**
 * All bytes of a file of at most `most` bytes, until the next call; null of a larger one. Synchronous: each call takes
 * microseconds, and waiting for it ten times as long. Throws what the system says.
 */
export function readSmall(path: string, most: number): Buffer | null {
  const file = openRegularNow(path);
  try {
    const { size } = fstatSync(file);
    if (size > most) return null;
    if (!sharedBuffer || sharedBuffer.length < size) sharedBuffer = Buffer.allocUnsafeSlow(Math.max(2 * size, 2 ** 18));
    let length = 0;
    for (let read = 1; read > 0 && length < size; length += read) {
      read = readSync(file, sharedBuffer, length, size - length, length);
    }
    return sharedBuffer.subarray(0, length);
  } finally {
    closeSync(file);
  }
}
