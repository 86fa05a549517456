/** A place for a socket between processes of one user. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeFolder } from './folders.ts';

/** Longest path of a Unix socket on every system (104 bytes on macOS, with the closing zero). */
const MAX_PATH_BYTES = 103;
const FOLDER = 'rollscope-';

/**
 * Makes a place for a socket: a named pipe on Windows, elsewhere a socket in a new folder that only the user can enter.
 * The system's folder for temporary files keeps the path short wherever the home folder is.
 */
export function createSocketPath(): string {
  if (process.platform === 'win32') {
    return `\\\\.\\pipe\\rollscope-${process.pid}-${randomBytes(8).toString('hex')}`;
  }
  const wanted = Buffer.byteLength(path.join(tmpdir(), `${FOLDER}XXXXXX`, 'socket'));
  const base = wanted <= MAX_PATH_BYTES ? tmpdir() : '/tmp';
  makeFolder(base);
  // mkdtemp makes the folder with mode 0700.
  return path.join(mkdtempSync(path.join(base, FOLDER)), 'socket');
}

/** Removes what `createSocketPath` made, synchronously, so that it works while the process exits. */
export function removeSocketPath(socket: string): void {
  if (process.platform === 'win32') return;
  const folder = path.dirname(socket);
  if (path.basename(folder).startsWith(FOLDER)) rmSync(folder, { recursive: true, force: true });
}
