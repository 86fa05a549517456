/**
 * A file is there completely or not at all: it is written to a temporary file next to it, made durable where that matters, and renamed.
 * Why not a package: what is written may be larger than memory (weights, Parquet), and a short write must be an error.
 */
import { randomBytes } from 'node:crypto';
import { createWriteStream, rmSync } from 'node:fs';
import { link, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { diskError } from './disk.ts';
import { makeFolder, syncFolder, syncTree } from './folders.ts';
import { isProcessAlive } from './liveness.ts';
import { END_SIGNALS } from './signals.ts';

const ASIDE = /\.(\d+)-[0-9a-f]+\.partial$/;

/** Files and folders that are being written, and that Ctrl+C must not leave behind. */
const openPaths = new Set<string>();

/** Before the end by a signal that nobody else in this process handles: who does ends his work in order. */
function removeOpen(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  for (const path of openPaths) rmSync(path, { recursive: true, force: true });
  process.off(signal, removeOpen);
  process.kill(process.pid, signal);
}

/** Runs `work` while `path` is being written; a signal that ends the process removes `path`. */
export async function whileWriting<T>(path: string, work: () => Promise<T>): Promise<T> {
  openPaths.add(path);
  if (openPaths.size === 1) for (const signal of END_SIGNALS) process.on(signal, removeOpen);
  try {
    return await work();
  } finally {
    openPaths.delete(path);
    if (openPaths.size === 0) for (const signal of END_SIGNALS) process.off(signal, removeOpen);
  }
}

/** Whether `name` is an unfinished file of a writer of the file `of`. */
export function isAside(name: string, of: string): boolean {
  return name.startsWith(`${of}.`) && ASIDE.test(name.slice(of.length));
}

/**
 * Lets `write` fill a temporary file next to `path` and moves it there; missing folders are created. Throws `disk` with the path
 * when the system refuses; what was at `path` before is then as it was.
 */
export async function writeAside(path: string, write: (aside: string) => Promise<void>): Promise<void> {
  const aside = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.partial`;
  try {
    makeFolder(dirname(path));
    await whileWriting(aside, async () => {
      await write(aside);
      await rename(aside, path);
    });
  } catch (error) {
    await rm(aside, { force: true }).catch(() => {});
    throw diskError(error, path);
  }
}

/** A whole text, or bytes, or what was there before. `mode`: permissions; `durable`: it survives a loss of power. */
export async function writeAtomically(
  path: string,
  content: string | Uint8Array,
  { mode = 0o666, durable = false }: { mode?: number; durable?: boolean } = {},
): Promise<void> {
  await writeAside(path, (aside) => writeFile(aside, content, { mode, flush: durable }));
}

/** A whole file, unless there is one: of several processes that write it at the same time, all find the first one's. */
export async function writeIfAbsent(path: string, content: Uint8Array, mode: number): Promise<void> {
  const aside = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.partial`;
  await writeFile(aside, content, { mode, flush: true });
  await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}

/** Streams chunks into `path`, no faster than the disk takes them. */
export async function streamAside(path: string, chunks: AsyncIterable<string | Uint8Array>): Promise<void> {
  await writeAside(path, (aside) => pipeline(Readable.from(chunks, { objectMode: true }), createWriteStream(aside)));
}

/** Removes what writers of `path` left behind when they were killed. */
export async function removeAbandoned(path: string): Promise<void> {
  const folder = dirname(path);
  for (const name of await readdir(folder)) {
    if (!isAside(name, basename(path))) continue;
    if (!isProcessAlive(Number(ASIDE.exec(name)![1]))) await rm(join(folder, name), { force: true });
  }
}

/**
 * Lets `write` fill the folder `aside`, makes it durable and puts it at `target`, in place of what is there. Both are in
 * one folder. Throws what `write` throws, and `disk`; nothing of `aside` is left then.
 */
export async function replaceFolder(
  target: string,
  aside: string,
  write: (aside: string) => Promise<void>,
): Promise<void> {
  try {
    await rm(aside, { recursive: true, force: true });
    makeFolder(aside);
    await write(aside);
    await syncTree(aside);
    await rm(target, { recursive: true, force: true });
    await rename(aside, target);
    await syncFolder(dirname(target));
  } catch (error) {
    await rm(aside, { recursive: true, force: true }).catch(() => {});
    throw diskError(error, target, 'resume the run');
  }
}
