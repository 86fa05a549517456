/** The list of runs, from each run's configuration and the two ends of its events. */
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { eventsSize } from '../journal/events.ts';
import { EVENTS_FILE, inRun, LOCK_FILE, PROBLEMS_FILE, RUN_FILE, runName } from '../journal/layout.ts';
import { liveWriter } from '../journal/lock.ts';
import { missingFile } from '../journal/missing-file.ts';
import { readRunFileNow } from '../journal/reader.ts';
import { RollscopeError, toErrorData } from '../protocol/errors.ts';
import { cacheFolder } from '../protocol/home.ts';
import type { ListedRun, RunInfo, UnreadableRun } from '../protocol/listed-run.ts';
import { readSmall } from '../system/read-small.ts';
import { type Ends, endsOf, readEnds } from './ends.ts';
import { type LineScan, scanLines, scanOf } from './line-scan.ts';
import { ListCheck } from './list-check.ts';
import { type ListEntries, type RunStamp, readEntries, stampOf, writeEntries } from './list-file.ts';
import { rolloutFault } from './rollout-fault.ts';
import { runInfo } from './run-info.ts';
import { statusOf } from './run-status.ts';

/** Journals up to this size are read at once; of larger ones the two ends, and what the index does not know. */
const SMALL = 4 * 2 ** 20;
/** Runs read at the same time. */
const PARALLEL = 8;
/** What was read is kept for the next list once it is of this many runs, or bytes that were checked: less is read again as fast. */
const WORTH_KEEPING = { runs: 64, bytes: 2 ** 20 };
/** Bytes of journals that were listed before which a list checks, or one journal. */
const LATER = 2 * 2 ** 20;
/** Runs that are looked up in what was kept before others get their turn. */
const TURN = 256;
/** The same for runs that are read. */
const READ_TURN = 16;

/**
 * The runs in a folder of runs, newest first. One that cannot be read is listed with the reason; a folder with
 * neither `run.json` nor records is not a run. Throws `usage` for a root that is not a folder or may not be read.
 */
export async function listRuns(root: string): Promise<ListedRun[]> {
  const found = await readdir(root, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    const what = error.code === 'ENOTDIR' ? 'is not a folder' : `cannot be read (${error.code ?? error.message})`;
    throw new RollscopeError('usage', `${root} ${what}.`, 'Name the folder that contains the runs.', {
      cause: error,
      details: { reason: error.code === 'ENOTDIR' ? 'not-a-folder' : 'unreadable', folder: root },
    });
  });
  const names = found.filter((entry) => !entry.isFile()).map((entry) => entry.name);
  const cache = cacheFolder();
  const { runs, entries, read, check } = await listNames(root, names, await readEntries(root, cache));
  if (read >= WORTH_KEEPING.runs || check.done >= WORTH_KEEPING.bytes) await writeEntries(root, cache, entries);
  return runs.sort((a, b) => compare(b.created, a.created) || compare(a.run, b.run));
}

interface Listing {
  runs: ListedRun[];
  /** What may be kept for the next list. */
  entries: ListEntries;
  /** How many of them were read and not known. */
  read: number;
  check: ListCheck;
}

async function listNames(root: string, names: readonly string[], kept: ListEntries): Promise<Listing> {
  const listing: Listing = { runs: [], entries: new Map(), read: 0, check: new ListCheck() };
  const changed: string[] = [];
  /** Bytes of journals that are unchanged and have their turn to be checked. */
  let toCheck = 0;
  for (const [i, name] of names.entries()) {
    const known = kept.get(name);
    const folder = join(root, name);
    const unchanged =
      known !== undefined && known.stamp === stampOf(folder)?.stamp && !(known.locked && liveWriter(folder));
    const turn = unchanged && known.unchecked > 0 && (toCheck === 0 || toCheck + known.unchecked <= LATER);
    if (turn) toCheck += known.unchecked;
    if (unchanged && !turn) {
      listing.entries.set(name, known);
      listing.runs.push(known.info);
    } else changed.push(name);
    if (i % TURN === TURN - 1) await new Promise((resolve) => setImmediate(resolve));
  }
  const worker = async () => {
    for (let name = changed.pop(); name !== undefined; name = changed.pop()) {
      await listOne(listing, root, name);
      if (changed.length % READ_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return listing;
}

async function listOne(listing: Listing, root: string, name: string): Promise<void> {
  const folder = join(root, name);
  // Before the run is read: what changes meanwhile has another stamp.
  const seen = stampOf(folder);
  const locked = existsSync(inRun(folder, LOCK_FILE));
  const listed = await listedRun(folder, listing.check, seen, locked);
  if (!listed) return;
  const { info, unchecked } = listed;
  listing.runs.push(info);
  // What else makes a run unreadable may pass without a trace in its stamp, such as who may read it.
  const lasts = info.status === 'unreadable' ? listing.check.refused.has(folder) : info.status !== 'running';
  if (seen === null || !lasts) return;
  listing.read++;
  listing.entries.set(name, { stamp: seen.stamp, locked, info, unchecked });
}

/** By code units, which is enough for dates and takes a tenth of the time of `localeCompare`. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The runs of a list that can be read. */
export function readableRuns(runs: readonly ListedRun[]): RunInfo[] {
  return runs.filter((run): run is RunInfo => run.status !== 'unreadable');
}

interface Listed<Info extends ListedRun> {
  info: Info;
  /** Bytes of its journal whose records a later list checks. */
  unchecked: number;
}

async function listedRun(
  folder: string,
  check: ListCheck,
  seen: RunStamp | null,
  locked: boolean,
): Promise<Listed<ListedRun> | null> {
  try {
    return await readListed(folder, check, seen, locked);
  } catch (error) {
    if (error instanceof RollscopeError && error.code === 'run-not-found' && !existsSync(inRun(folder, RUN_FILE))) {
      return (await hasRecords(folder)) ? unreadable(folder, missingFile(folder, RUN_FILE)) : null;
    }
    return unreadable(folder, error);
  }
}

async function unreadable(folder: string, error: unknown): Promise<Listed<UnreadableRun>> {
  const created = await createdOf(folder);
  const info = { run: runName(folder), folder, created, status: 'unreadable' as const, error: toErrorData(error) };
  return { info, unchecked: 0 };
}

/** `run.json` is written before the first record: a folder with records was a run. */
async function hasRecords(folder: string): Promise<boolean> {
  return (await eventsSize(folder).catch(() => 0)) > 0;
}

/** When an unreadable run was begun, as far as can be told. */
async function createdOf(folder: string): Promise<string> {
  try {
    const { created } = JSON.parse(await readFile(inRun(folder, RUN_FILE), 'utf8')) as { created?: unknown };
    if (typeof created === 'string') return created;
  } catch {
    // Then the folder's own time has to do.
  }
  return (await stat(folder)).mtime.toISOString();
}

/** One line about a run. Throws as `readRunFileNow` does, and `run-broken` where what it looks at cannot be read. */
export async function readRunInfo(folder: string): Promise<RunInfo> {
  return (await readListed(folder, new ListCheck(), stampOf(folder), true)).info;
}

/** @param seen what was there before @param locked whether a lock may be there */
async function readListed(
  folder: string,
  check: ListCheck,
  seen: RunStamp | null,
  locked: boolean,
): Promise<Listed<RunInfo>> {
  const file = readRunFileNow(folder);
  for (const name of [PROBLEMS_FILE, EVENTS_FILE]) {
    if (!existsSync(inRun(folder, name))) throw missingFile(folder, name);
  }
  const writing = locked && liveWriter(folder) !== null;
  const unchecked = !writing && seen !== null;
  const { now, later } = unchecked ? await check.plan(folder, seen.bytes) : { now: false, later: 0 };
  const { skipped, warnings, step, evaluations, end, lifecycle, frame } = await lookAt(
    folder,
    writing,
    now ? check : null,
  );
  const info = runInfo(file, {
    run: runName(folder),
    folder,
    step,
    evaluations,
    skipped,
    warnings,
    fault: writing ? null : rolloutFault(folder, frame),
    status: statusOf({ end, lifecycle }, writing),
  });
  return { info, unchecked: later };
}

/** @param check reads all records, too */
async function lookAt(folder: string, writing: boolean, check: ListCheck | null): Promise<LineScan & Ends> {
  const journal = readSmall(inRun(folder, EVENTS_FILE), SMALL);
  if (journal) {
    // Nothing is waited for: these bytes are the next journal's then.
    const scan = scanOf(folder, journal, writing);
    check?.bytes(folder, journal);
    return { ...scan, ...endsOf(folder, journal) };
  }
  const scan = await scanLines(folder, writing);
  await check?.file(folder);
  return { ...scan, ...(await readEnds(folder)) };
}
