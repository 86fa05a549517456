/**
 * The entries of the list of runs, kept in the cache, so that a folder of ten thousand runs is not read again when one
 * of them has changed. The file can always be rebuilt, so it is trusted only if it is complete and of this version, and
 * an entry only while the run's folder, `run.json` and journal are unchanged.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { crc32 } from '../journal/crc.ts';
import { EVENTS_FILE, RUN_FILE } from '../journal/layout.ts';
import type { ListedRun } from '../protocol/listed-run.ts';
import { VERSION } from '../protocol/version.ts';
import { writeAtomically } from '../system/aside.ts';

/** Raised whenever `ListedRun`, or how it is computed, changes. */
const LIST_VERSION = 6;

export interface ListEntry {
  stamp: string;
  /** Whether a lock was there: its holder may live again. */
  locked: boolean;
  info: ListedRun;
  /** Bytes of its journal whose records no list has checked yet. */
  unchecked: number;
}

/** By the name of the run folder. */
export type ListEntries = Map<string, ListEntry>;

/** Shows whether the entry of a run is still valid. */
export interface RunStamp {
  stamp: string;
  /** Bytes of its journal. */
  bytes: number;
}

/**
 * Size, inode and time of the last change of the files that an entry depends on; the folder's own time shows whether a
 * file appeared or disappeared. null if there is no run. Synchronous: three calls of microseconds each, 30,000 per
 * list.
 * @param folder as `path.join` writes it
 */
export function stampOf(folder: string): RunStamp | null {
  const own = statSync(folder, { throwIfNoEntry: false });
  const file = own && statSync(folder + sep + RUN_FILE, { throwIfNoEntry: false });
  const journal = file && statSync(folder + sep + EVENTS_FILE, { throwIfNoEntry: false });
  if (!own || !file || !journal) return null;
  return { stamp: `${partOf(own)}|${partOf(file)}|${partOf(journal)}`, bytes: journal.size };
}

/** Whether a stamp is of a folder whose `run.json` is unchanged. */
export function isOfRunFile(stamp: string, folder: string): boolean {
  const file = statSync(folder + sep + RUN_FILE, { throwIfNoEntry: false });
  return file !== undefined && stamp.includes(`|${partOf(file)}|`);
}

function partOf(found: NonNullable<ReturnType<typeof statSync>>): string {
  return `${found.ino}:${found.ctimeMs}:${found.mtimeMs}:${found.isFile() ? found.size : ''}`;
}

function pathOf(root: string, cache: string): string {
  const key = createHash('sha256').update(resolve(root)).digest('hex').slice(0, 32);
  return join(cache, 'lists', `${key}.json`);
}

/** First line of the file; what follows is JSON. */
const header = (text: string) => `rollscope-list ${LIST_VERSION} ${VERSION} ${crc32(Buffer.from(text))}\n`;

/** The stored entries of the runs in a folder; empty if none can be used. Never throws. */
export async function readEntries(root: string, cache: string): Promise<ListEntries> {
  try {
    const whole = await readFile(pathOf(root, cache), 'utf8');
    const text = whole.slice(whole.indexOf('\n') + 1);
    if (!whole.startsWith(header(text))) return new Map();
    return new Map(JSON.parse(text) as [string, ListEntry][]);
  } catch {
    return new Map();
  }
}

/** Stores the entries. Never throws: if the cache is not writable, the next list is slower. */
export async function writeEntries(root: string, cache: string, entries: ListEntries): Promise<void> {
  const text = JSON.stringify([...entries]);
  await writeAtomically(pathOf(root, cache), header(text) + text).catch(() => {});
}
