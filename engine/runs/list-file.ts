/**
 * What the list of runs said of each run, kept in the cache, so that a folder of ten thousand runs is not read again when
 * one of them has changed. It can always be made again, so it is only trusted if it is whole and of this version, and an
 * entry only while the run's folder, `run.json` and journal are as they were.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { crc32 } from '../journal/crc.ts';
import { EVENTS_FILE, RUN_FILE } from '../journal/layout.ts';
import type { ListedRun } from '../protocol/listed-run.ts';
import { VERSION } from '../protocol/version.ts';
import { writeWhole } from '../system/aside.ts';

/** Raised whenever `ListedRun`, or what is put into it, changes. */
const LIST_VERSION = 6;

export interface ListEntry {
  stamp: string;
  /** Whether a lock was there: its holder may live again. */
  locked: boolean;
  info: ListedRun;
  /** Bytes of its journal whose records no list has checked yet. */
  unchecked: number;
}

/** By the name of the run's folder. */
export type ListEntries = Map<string, ListEntry>;

/** What tells whether what was said of a run still holds. */
export interface RunStamp {
  stamp: string;
  /** Bytes of its journal. */
  bytes: number;
}

/**
 * Size, inode and time of the last change of what an entry is made from; the folder's own time tells when a file of it
 * came or went. null where there is no run. Synchronous: three calls of microseconds, of which a list makes 30,000.
 * @param folder as `path.join` writes it
 */
export function stampOf(folder: string): RunStamp | null {
  const own = statSync(folder, { throwIfNoEntry: false });
  const file = own && statSync(folder + sep + RUN_FILE, { throwIfNoEntry: false });
  const journal = file && statSync(folder + sep + EVENTS_FILE, { throwIfNoEntry: false });
  if (!own || !file || !journal) return null;
  return { stamp: `${partOf(own)}|${partOf(file)}|${partOf(journal)}`, bytes: journal.size };
}

/** Whether a stamp is of a folder whose `run.json` is still what it was. */
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

/** What was said of the runs of a folder; empty where nothing can be used. Never throws. */
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

/** Never throws: where the cache cannot be written, the next list is slower. */
export async function writeEntries(root: string, cache: string, entries: ListEntries): Promise<void> {
  const text = JSON.stringify([...entries]);
  await writeWhole(pathOf(root, cache), header(text) + text).catch(() => {});
}
