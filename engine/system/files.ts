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
import { diskError, onDisk } from './disk.ts';
import { makeFolder } from './folders.ts';

/** A folder with those above it. */
export function ensureFolder(path: string, mode = 0o777): Promise<unknown> {
  return onDisk(path, async () => makeFolder(path, mode));
}

/** A file of a folder that is itself written aside, or that can be made again. */
export function writeInPlace(path: string, content: string | Uint8Array): Promise<void> {
  return onDisk(path, () => writeFile(path, content));
}

/** Opens a file to write bytes from its beginning, or after those that are there. */
export function openToWrite(path: string, from: 'beginning' | 'end' = 'beginning'): Promise<FileHandle> {
  return onDisk(path, () => open(path, from === 'end' ? 'a' : 'w'));
}

/** Removes a file or a folder with all in it; nothing where nothing is. */
export function remove(path: string): Promise<void> {
  return onDisk(path, () => rm(path, { recursive: true, force: true }));
}

/** The same at once: while a process exits, or between two appends. */
export function removeNow(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    throw diskError(error, path);
  }
}

/** Cuts a file off at a number of bytes. */
export function shorten(path: string, bytes: number): Promise<void> {
  return onDisk(path, () => truncate(path, bytes));
}

/** Copies a file, or a folder with what `takes` lets through. */
export function copy(from: string, to: string, takes: (path: string) => boolean = () => true): Promise<void> {
  return onDisk(to, () => cp(from, to, { recursive: true, filter: (path) => takes(path) }));
}

/** Renames a file or folder on the same disk, over what is there. Throws `disk`. */
export function move(from: string, to: string): Promise<void> {
  return onDisk(to, () => rename(from, to));
}

/** Access rights of what exists already. */
export function restrict(path: string, mode: number): Promise<void> {
  return onDisk(path, () => chmod(path, mode));
}

/**
 * Gives a file a second place: by a relative link, so that both can be moved together; where those are not allowed
 * (Windows), by a second name or a copy. What is at the place already stays.
 */
export async function pointAt(place: string, file: string): Promise<void> {
  await ensureFolder(dirname(place));
  try {
    await symlink(relative(dirname(place), file), place);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    await link(file, place).catch(() => onDisk(place, () => copyFile(file, place)));
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
