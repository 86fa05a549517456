/** The one seam through which the journal writes, so that tests can fill the disk, and the errors that it reports. */
import { existsSync, ftruncateSync, mkdirSync, writeSync } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { RollscopeError } from '../protocol/errors.ts';

export interface Disk {
  /** Writes a part of `bytes` at `position`; returns how many bytes were written. */
  write(fd: number, bytes: Uint8Array, position: number): number;
  truncate(fd: number, length: number): void;
}

export const realDisk: Disk = {
  write: (fd, bytes, position) => writeSync(fd, bytes, 0, bytes.length, position),
  truncate: ftruncateSync,
};

const FULL = new Set(['ENOSPC', 'EDQUOT']);
const FORBIDDEN = new Set(['EACCES', 'EPERM', 'EROFS']);

/** Turns an error of the operating system into a `disk` error that names the file; passes any other error through. */
export function diskError(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (error instanceof RollscopeError || typeof code !== 'string' || !/^E[A-Z0-9]+$/.test(code)) return error;
  if (FULL.has(code)) {
    const message = `No space left on the disk while writing ${path}.`;
    return new RollscopeError('disk', message, 'Free some space, then resume the run.', { cause: error });
  }
  if (FORBIDDEN.has(code)) {
    const message = `Writing ${path} is not permitted (${code}).`;
    return new RollscopeError('disk', message, 'Check the permissions of the folder, or choose another one.', {
      cause: error,
    });
  }
  if (code === 'EISDIR' || code === 'ENOTDIR' || code === 'EEXIST') {
    const message = code === 'EISDIR' ? `${path} is a folder.` : `A file is in the way of ${path}.`;
    return new RollscopeError('disk', message, 'Choose another place.', { cause: error });
  }
  const message = `Writing ${path} failed: ${(error as Error).message}.`;
  return new RollscopeError('disk', message, 'Check the disk, then resume the run.', { cause: error });
}

/**
 * Creates a folder and those above it that are missing. Returns the uppermost one that it created, as `mkdir` does. Node's
 * own recursive mkdir never returns below a folder that takes no entries (/proc, automounts).
 */
export function makeFolder(path: string, mode = 0o777): string | undefined {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.unshift(at);
  for (const folder of missing) {
    try {
      mkdirSync(folder, { mode });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  // What is there may be a file.
  if (missing.length === 0) mkdirSync(path, { recursive: true });
  return missing[0];
}

/** Runs `work` and reports what the operating system refuses as a `disk` error about `path`. */
export async function onDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw diskError(error, path);
  }
}

/** Makes the entries of a folder durable. Windows has no such call and orders them itself. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes every file and folder below `path` durable. */
export async function syncTree(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) {
      await syncTree(child);
    } else if (entry.isFile()) {
      const handle = await open(child, 'r+');
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    }
  }
  await syncFolder(path);
}
