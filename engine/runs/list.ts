/** The list of runs, from each run's configuration and the two ends of its events. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EVENTS_FILE, inRun, LOCK_FILE, PROBLEMS_FILE, runName } from '../journal/layout.ts';
import { liveWriter } from '../journal/lock.ts';
import { missingFile } from '../journal/missing-file.ts';
import { readRunFileNow } from '../journal/reader.ts';
import { RollscopeError, toErrorData } from '../protocol/errors.ts';
import { cacheFolder } from '../protocol/home.ts';
import type { ListedRun, RunInfo } from '../protocol/listed-run.ts';
import { readSmall } from '../system/read-small.ts';
import { type Ends, endsOf, readEnds } from './ends.ts';
import { type LineScan, scanLines, scanOf } from './line-scan.ts';
import { ListCheck } from './list-check.ts';
import { type ListEntries, type RunStamp, readEntries, stampOf, writeEntries } from './list-file.ts';
import { createdOf, newestFirst, orderRuns } from './list-order.ts';
import { rolloutFault } from './run-fault.ts';
import { runInfo } from './run-info.ts';
import { statusOf } from './run-status.ts';

/** Journals up to this size are read at once; of larger ones, the two ends and what the index lacks. */
const MAX_WHOLE_BYTES = 4 * 2 ** 20;
/** Runs read at the same time. */
const MAX_PARALLEL_READS = 8;
/**
 * The entries are stored once this many runs were read, or this many bytes checked; fewer are read again just as fast.
 */
const MIN_STORED_WORK = { runs: 64, bytes: 2 ** 20 };
/** Bytes of journals that were listed before which a list checks, or one journal. */
const MAX_RECHECKED_BYTES = 2 * 2 ** 20;
/** The number of runs to look up in the stored entries before yielding to other work. */
const LOOKUPS_PER_TURN = 256;
/** The same for runs that are read. */
const READS_PER_TURN = 16;
/** Runs among which one that fits is searched for first. */
const FIRST_SEARCHED_RUNS = 8;

/**
 * The runs in a folder of runs, newest first. Reads only as many as requested: of ten thousand, one page is there at
 * once. A run that cannot be read is listed with the reason.
 */
export class RunList {
  private readonly listing: Listing;
  private readonly runs: ListedRun[] = [];
  /** How many of the ordered runs were read. */
  private done = 0;
  /** The latest reading; one follows another. */
  private reading: Promise<void> = Promise.resolve();

  private constructor(
    private readonly root: string,
    private readonly cache: string,
    private readonly kept: ListEntries,
    /** Names of the folders, in the order of the list. */
    private readonly order: readonly string[],
  ) {
    const entries = new Map(order.flatMap((name) => (kept.has(name) ? [[name, kept.get(name)!]] : [])));
    this.listing = { entries, read: 0, check: new ListCheck() };
  }

  /** Finds the runs and when each was created. Throws `usage` if the root is not a folder or may not be read. */
  static async open(root: string): Promise<RunList> {
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
    const kept = await readEntries(root, cache);
    const order = await orderRuns(root, names, kept);
    return new RunList(
      root,
      cache,
      kept,
      order.map(({ name }) => name),
    );
  }

  /** How many runs there are, read or not. */
  get total(): number {
    return this.order.length;
  }

  /** The newest runs, up to a number. Runs that are deleted meanwhile are missing. */
  async newest(count = Number.POSITIVE_INFINITY): Promise<ListedRun[]> {
    await this.readUpTo(count);
    return this.runs.slice(0, count);
  }

  /** The newest run that fits; of those after it, only a few are read. */
  async find<Run extends ListedRun>(fits: (run: ListedRun) => run is Run): Promise<Run | undefined> {
    for (let [from, count] = [0, FIRST_SEARCHED_RUNS]; ; count *= 2) {
      const runs = await this.newest(count);
      const found = runs.slice(from).find(fits);
      if (found || count >= this.total) return found;
      from = runs.length;
    }
  }

  private readUpTo(count: number): Promise<void> {
    this.reading = this.reading.then(async () => {
      const names = this.order.slice(this.done, Math.max(this.done, Math.min(count, this.order.length)));
      if (names.length === 0) return;
      this.done += names.length;
      const runs = await listNames(this.listing, this.root, names, this.kept);
      this.runs.push(...runs.sort((a, b) => newestFirst(a.created, b.created, a.run, b.run)));
      const { entries, read, check } = this.listing;
      if (read < MIN_STORED_WORK.runs && check.done < MIN_STORED_WORK.bytes) return;
      await writeEntries(this.root, this.cache, entries);
      this.listing.read = 0;
    });
    return this.reading;
  }
}

/** All runs in a folder of runs, newest first. Throws as `RunList.open` does. */
export async function listRuns(root: string): Promise<ListedRun[]> {
  return (await RunList.open(root)).newest();
}

interface Listing {
  /** The entries to store for the next list. */
  readonly entries: ListEntries;
  /** The number of unknown runs that were read since the last store. */
  read: number;
  readonly check: ListCheck;
}

async function listNames(
  listing: Listing,
  root: string,
  names: readonly string[],
  kept: ListEntries,
): Promise<ListedRun[]> {
  const runs: ListedRun[] = [];
  const changed: string[] = [];
  /** Bytes of unchanged journals whose turn it is to be checked. */
  let toCheck = 0;
  for (const [i, name] of names.entries()) {
    const known = kept.get(name);
    const folder = join(root, name);
    const unchanged =
      known !== undefined && known.stamp === stampOf(folder)?.stamp && !(known.locked && liveWriter(folder));
    const turn =
      unchanged && known.unchecked > 0 && (toCheck === 0 || toCheck + known.unchecked <= MAX_RECHECKED_BYTES);
    if (turn) toCheck += known.unchecked;
    if (unchanged && !turn) runs.push(known.info);
    else changed.push(name);
    if (i % LOOKUPS_PER_TURN === LOOKUPS_PER_TURN - 1) await new Promise((resolve) => setImmediate(resolve));
  }
  const worker = async () => {
    for (let name = changed.pop(); name !== undefined; name = changed.pop()) {
      listing.entries.delete(name);
      const info = await listOne(listing, root, name);
      if (info) runs.push(info);
      if (changed.length % READS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await Promise.all(Array.from({ length: MAX_PARALLEL_READS }, worker));
  return runs;
}

/** null if it is no longer a run. */
async function listOne(listing: Listing, root: string, name: string): Promise<ListedRun | null> {
  const folder = join(root, name);
  // Before the run is read: a change meanwhile gives another stamp.
  const seen = stampOf(folder);
  const locked = existsSync(inRun(folder, LOCK_FILE));
  const listed = await listedRun(folder, listing.check, seen, locked);
  if (!listed) return null;
  const { info, unchecked } = listed;
  // Other causes of an unreadable run, such as permissions, can disappear without changing its stamp.
  const lasts = info.status === 'unreadable' ? listing.check.refused.has(folder) : info.status !== 'running';
  if (seen === null || !lasts) return info;
  listing.read++;
  listing.entries.set(name, { stamp: seen.stamp, locked, info, unchecked });
  return info;
}

/** Whether a run of a list can be read. */
export function isReadable(run: ListedRun): run is RunInfo {
  return run.status !== 'unreadable';
}

/** The runs of a list that can be read. */
export function readableRuns(runs: readonly ListedRun[]): RunInfo[] {
  return runs.filter(isReadable);
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
    const created = createdOf(folder);
    if (created === null) return null;
    const told = toErrorData(error);
    return { info: { run: runName(folder), folder, created, status: 'unreadable', error: told }, unchecked: 0 };
  }
}

/** One line about a run. Throws as `readRunFileNow` does, and `run-broken` where what it looks at cannot be read. */
export async function readRunInfo(folder: string): Promise<RunInfo> {
  return (await readListed(folder, new ListCheck(), stampOf(folder), true)).info;
}

/**
 * @param seen the state before reading
 * @param locked whether there may be a lock
 */
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
  const { skipped, warnings, step, evaluations, end, lifecycle, frame } = await readJournalEnds(
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
async function readJournalEnds(folder: string, writing: boolean, check: ListCheck | null): Promise<LineScan & Ends> {
  const journal = readSmall(inRun(folder, EVENTS_FILE), MAX_WHOLE_BYTES);
  if (journal) {
    // Without waiting in between, since the bytes would then be those of the next journal.
    const scan = scanOf(folder, journal, writing);
    check?.bytes(folder, journal);
    return { ...scan, ...endsOf(folder, journal) };
  }
  const scan = await scanLines(folder, writing);
  await check?.file(folder);
  return { ...scan, ...(await readEnds(folder)) };
}
