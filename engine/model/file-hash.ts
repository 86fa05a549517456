/**
 * SHA-256 of whole files. Hashing gigabytes takes seconds, so results are remembered in the user's Rollscope folder by
 * path, and hold as long as size, times and inode stay what they were.
 */
import { createHash } from 'node:crypto';
import { open, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { RollscopeError } from '../protocol/errors.ts';
import { rollscopeHome } from '../protocol/home.ts';
import { writeWhole } from '../system/aside.ts';

export interface HashOptions {
  onProgress?: ((message: string, fraction: number | null) => void) | undefined;
  signal?: AbortSignal | undefined;
}

const PIECE_BYTES = 4 * 2 ** 20;
/** Smaller files are hashed in milliseconds, every time. */
const REMEMBERED_BYTES = 8 * 2 ** 20;
/** A file that was written this recently may be written again within the same tick of its clock. */
const SETTLED_MS = 2000;
const MOST_ENTRIES = 256;

const Memory = z.record(z.string(), z.object({ state: z.string(), sha256: z.string(), at: z.number() }));
type Memory = z.infer<typeof Memory>;

function memoryFile(): string {
  return path.join(rollscopeHome(), 'hashes.json');
}

/** What is remembered; nothing where the file is missing or damaged, since every hash can be taken again. */
async function readMemory(): Promise<Memory> {
  try {
    return Memory.parse(JSON.parse(await readFile(memoryFile(), 'utf8')));
  } catch {
    return {};
  }
}

async function remember(file: string, state: string, sha256: string): Promise<void> {
  const entries = Object.entries({ ...(await readMemory()), [file]: { state, sha256, at: Date.now() } });
  const latest = entries.sort(([, a], [, b]) => b.at - a.at).slice(0, MOST_ENTRIES);
  try {
    await writeWhole(memoryFile(), `${JSON.stringify(Object.fromEntries(latest), null, 1)}\n`);
  } catch {
    // Where nothing can be kept, the file is hashed again next time.
  }
}

/** Changes when a file is written to or replaced. The change time also tells of writes that set the modification time back. */
async function stateOf(file: string): Promise<{ state: string; size: number; changed: number }> {
  const { size, mtimeNs, ctimeNs, ino, dev } = await stat(file, { bigint: true });
  const changed = Math.max(Number(mtimeNs), Number(ctimeNs)) / 1e6;
  return { state: [size, mtimeNs, ctimeNs, ino, dev].join(' '), size: Number(size), changed };
}

async function hashContents(file: string, size: number, { onProgress, signal }: HashOptions): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(file);
  try {
    const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(PIECE_BYTES, size)));
    for (let done = 0; ; ) {
      if (signal?.aborted)
        throw new RollscopeError('canceled', 'Reading the model was canceled.', undefined, {
          details: { reason: 'reading-model' },
        });
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, done);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
      done += bytesRead;
      if (size >= REMEMBERED_BYTES) onProgress?.('checking the model (the first time only)', Math.min(1, done / size));
    }
  } finally {
    await handle.close();
  }
}

/** SHA-256 of a file's contents, in hexadecimal. Throws RollscopeError `canceled` when the signal aborts. */
export async function fileHash(given: string, options: HashOptions = {}): Promise<string> {
  const file = await realpath(given);
  const before = await stateOf(file);
  if (before.size < REMEMBERED_BYTES) return hashContents(file, before.size, options);
  const known = (await readMemory())[file];
  if (known?.state === before.state) return known.sha256;
  const started = Date.now();
  const sha256 = await hashContents(file, before.size, options);
  const after = await stateOf(file);
  if (after.state === before.state && started - after.changed > SETTLED_MS) await remember(file, after.state, sha256);
  return sha256;
}
