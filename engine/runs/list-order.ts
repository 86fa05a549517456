/**
 * The order in which the runs of a folder are listed: newest first, according to the first bytes of each `run.json`,
 * where the journal writes the time of creation. A list that shows one page reads nothing more of the other runs.
 */
import { closeSync, readSync, statSync } from 'node:fs';
import { sep } from 'node:path';
import { EVENTS_FILE, RUN_FILE } from '../journal/layout.ts';
import { openRegularNow, readRegularNow } from '../system/regular-file.ts';
import { isOfRunFile, type ListEntries } from './list-file.ts';

/** Bytes of a `run.json` that contain its beginning. */
const HEAD_BYTES = 256;
/** As the journal writes it, with any spaces; a text with escapes needs a parser. */
const CREATED = /^\s*\{\s*"format"\s*:\s*\d+\s*,\s*"created"\s*:\s*"([^"\\]*)"/;
/** The number of runs to look at before yielding to other work. */
const RUNS_PER_TURN = 256;

export interface PlacedRun {
  /** Name of its folder. */
  name: string;
  created: string;
}

/**
 * The runs among these folders, newest first. A folder with neither `run.json` nor records is not a run.
 * @param kept entries of earlier lists
 */
export async function orderRuns(root: string, names: readonly string[], kept: ListEntries): Promise<PlacedRun[]> {
  const found: PlacedRun[] = [];
  for (const [i, name] of names.entries()) {
    const folder = root + sep + name;
    const known = kept.get(name);
    const created = known && isOfRunFile(known.stamp, folder) ? known.info.created : createdOf(folder);
    if (created !== null) found.push({ name, created });
    if (i % RUNS_PER_TURN === RUNS_PER_TURN - 1) await new Promise((resolve) => setImmediate(resolve));
  }
  return found.sort((a, b) => newestFirst(a.created, b.created, a.name, b.name));
}

/** By code units, which suffices for dates and takes a tenth of the time of `localeCompare`; then by name. */
export function newestFirst(createdA: string, createdB: string, nameA: string, nameB: string): number {
  return compare(createdB, createdA) || compare(nameA, nameB);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const head = Buffer.alloc(HEAD_BYTES);

/**
 * When a run was created, as far as known; the folder's own time if `run.json` does not contain it. null if it is not a
 * run.
 */
export function createdOf(folder: string): string | null {
  const path = folder + sep + RUN_FILE;
  let file: number;
  try {
    file = openRegularNow(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isThere = code !== 'ENOENT' && code !== 'ENOTDIR';
    return isThere || hasRecords(folder) ? timeOf(folder) : null;
  }
  try {
    const [, quick] = CREATED.exec(head.toString('utf8', 0, readSync(file, head, 0, HEAD_BYTES, 0))) ?? [];
    if (quick !== undefined) return quick;
    const { created } = JSON.parse(readRegularNow(path)) as { created?: unknown };
    if (typeof created === 'string') return created;
  } catch {
    // Then the run is going to be unreadable, at its folder's time.
  } finally {
    closeSync(file);
  }
  return timeOf(folder);
}

/** `run.json` is written before the first record: a folder with records was a run. */
function hasRecords(folder: string): boolean {
  try {
    return statSync(folder + sep + EVENTS_FILE).size > 0;
  } catch {
    return false;
  }
}

/** null where it is gone. */
function timeOf(folder: string): string | null {
  return statSync(folder, { throwIfNoEntry: false })?.mtime.toISOString() ?? null;
}
