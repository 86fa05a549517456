/**
 * Changes of files and folders in place, for what is remade or removed as a whole when it stays half done; what others
 * read is written aside (`aside.ts`). What the system refuses is a `disk` error that names the path. Rooms outside this
 * one only read (`tests/unit/system-room.test.ts`).
 */
import { fsyncSync, rmSync } from 'node:fs';
import {
  chmod,
  copyFile,
  cp,
  type FileHandle,
  link,
  mkdtemp,
  open,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { diskError, withDiskErrors } from './disk.ts';
import { makeFolder } from './folders.ts';

/** A folder with those above it. */
export function ensureFolder(path: string, mode = 0o777): Promise<unknown> {
  return withDiskErrors(path, async () => makeFolder(path, mode));
}

/** Writes a file of a folder that is itself written aside, or that can be rebuilt. */
export function writeInPlace(path: string, content: string | Uint8Array): Promise<void> {
  return withDiskErrors(path, () => writeFile(path, content));
}

/** Opens a file to write bytes from its beginning, or after those that are there. */
export function openToWrite(path: string, from: 'beginning' | 'end' = 'beginning'): Promise<FileHandle> {
  return withDiskErrors(path, () => open(path, from === 'end' ? 'a' : 'w'));
}

/** Removes a file, or a folder with its contents; does nothing if there is none. */
export function remove(path: string): Promise<void> {
  return withDiskErrors(path, () => rm(path, { recursive: true, force: true }));
}

/** The same at once: while a process exits, or between two appends. */
export function removeSync(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    throw diskError(error, path);
  }
}

/** Cuts a file off at a number of bytes. */
export function truncateFile(path: string, bytes: number): Promise<void> {
  return withDiskErrors(path, () => truncate(path, bytes));
}

/** Copies a file, or the part of a folder that `takes` accepts. */
export function copy(from: string, to: string, takes: (path: string) => boolean = () => true): Promise<void> {
  return withDiskErrors(to, () => cp(from, to, { recursive: true, filter: (path) => takes(path) }));
}

/** Renames a file or folder on the same disk, replacing what is there. Throws `disk`. */
export function move(from: string, to: string): Promise<void> {
  return withDiskErrors(to, () => rename(from, to));
}

/** Access rights of what exists already. */
export function restrict(path: string, mode: number): Promise<void> {
  return withDiskErrors(path, () => chmod(path, mode));
}

/**
 * Gives a file a second place: by a relative link, so that both can be moved together; where links are not allowed
 * (Windows), by a hard link or a copy. An existing file at the place stays.
 */
export async function linkFile(place: string, file: string): Promise<void> {
  await ensureFolder(dirname(place));
  try {
    await symlink(relative(dirname(place), file), place);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    await link(file, place).catch(() => withDiskErrors(place, () => copyFile(file, place)));
  }
}

/** Runs `work` with a folder of its own, which is removed afterwards. */
export async function inTemporaryFolder<T>(name: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), `${name}-`));
  try {
    return await work(folder);
  } finally {
    await remove(folder);
  }
}

/** Makes an open file durable, and waits for it. */
export function syncNow(descriptor: number, path: string): void {
  try {
    fsyncSync(descriptor);
  } catch (error) {
    throw diskError(error, path);
  }
}
