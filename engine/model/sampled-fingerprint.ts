/** Fingerprints in the format of older runs, which hash samples of files instead of whole files. */
import { createHash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import path from 'node:path';

/** Whether a fingerprint was made from samples, as in runs of earlier versions. */
export function isSampled(fingerprint: string): boolean {
  return /^[0-9a-f]{32}$/.test(fingerprint);
}

const SAMPLE_BYTES = 1 << 16;
const SAMPLES = 64;

/** The old rule for a file: hash its size and 64 evenly spaced samples of 64 KiB. Misses changes between them. */
export async function sampledFile(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const hash = createHash('sha256').update(String(size));
    const step = Math.max(SAMPLE_BYTES, Math.floor((size - SAMPLE_BYTES) / (SAMPLES - 1)));
    const buffer = Buffer.alloc(SAMPLE_BYTES);
    for (let at = 0; at < size; at += step) {
      const { bytesRead } = await handle.read(buffer, 0, SAMPLE_BYTES, at);
      hash.update(buffer.subarray(0, bytesRead));
    }
    return hash.digest('hex').slice(0, 32);
  } finally {
    await handle.close();
  }
}

/** The old rule for a model folder: hash its configuration and samples of its weights. */
export async function sampledFolder(folder: string, weights: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(await readFile(path.join(folder, 'config.json'), 'utf8'));
  for (const file of weights) hash.update(await sampledFile(file));
  return hash.digest('hex').slice(0, 32);
}
