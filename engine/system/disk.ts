/**
 * The functions through which appended files are written, so that tests can simulate a full disk, and the errors for a
 * disk that refuses.
 */
import { ftruncateSync, writeSync } from 'node:fs';
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

/** What to do once the disk accepts files again. A run can be resumed only if its own files were being written. */
export type AfterDiskError = 'try again' | 'resume the run';

/** Turns an error of the operating system into a `disk` error that names the file; passes any other error through. */
export function diskError(error: unknown, path: string, after: AfterDiskError = 'try again'): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (error instanceof RollscopeError || typeof code !== 'string' || !/^E[A-Z0-9]+$/.test(code)) return error;
  if (FULL.has(code)) {
    const message = `No space left on the disk while writing ${path}.`;
    return new RollscopeError('disk', message, `Free some space, then ${after}.`, {
      cause: error,
      details: { reason: 'disk-full', file: path },
    });
  }
  if (FORBIDDEN.has(code)) {
    const message = `Writing ${path} is not permitted (${code}).`;
    return new RollscopeError('disk', message, 'Check the permissions of the folder, or choose another one.', {
      cause: error,
      details: { reason: 'forbidden', file: path, errno: code },
    });
  }
  if (code === 'EISDIR' || code === 'ENOTDIR' || code === 'EEXIST') {
    const message =
      code === 'EISDIR'
        ? `${path} is a folder.`
        : `${path} cannot be created: a file is in its place or in that of one of its folders.`;
    return new RollscopeError('disk', message, 'Choose another location.', {
      cause: error,
      details: { reason: code === 'EISDIR' ? 'is-folder' : 'file-in-the-way', file: path },
    });
  }
  if (code === 'ENOENT') {
    const message = `${path} cannot be created: its folder does not exist and cannot be made, or was removed (ENOENT).`;
    return new RollscopeError('disk', message, 'Choose another location.', {
      cause: error,
      details: { reason: 'no-folder', file: path },
    });
  }
  const message = `Writing ${path} failed: ${(error as Error).message}.`;
  return new RollscopeError('disk', message, `Check the disk, then ${after}.`, {
    cause: error,
    details: { reason: 'write-failed', file: path, errno: code, system: (error as Error).message },
  });
}

/** Runs `work` and reports what the operating system refuses as a `disk` error about `path`. */
export async function withDiskErrors<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw diskError(error, path);
  }
}
