/** The list of runs, from each run's configuration and the two ends of its events. */
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { eventsSize } from '../journal/events.ts';
import { EVENTS_FILE, inRun, PROBLEMS_FILE, RUN_FILE, runName } from '../journal/layout.ts';
import { liveWriter } from '../journal/lock.ts';
import { missingFile } from '../journal/missing-file.ts';
import { readRunFile } from '../journal/reader.ts';
import { RollscopeError, toErrorData } from '../protocol/errors.ts';
import type { ListedRun, RunInfo } from '../protocol/rpc.ts';
import { readEnds } from './ends.ts';
import { runInfo } from './run-info.ts';
import { statusOf } from './run-status.ts';
import { countSkipped } from './skipped.ts';

/** Runs read at the same time. */
const PARALLEL = 8;

/**
 * The runs in a folder of runs, newest first. One that cannot be read is listed with the reason; a folder with
 * neither `run.json` nor records is not a run. Throws `usage` for a root that is not a folder or may not be read.
 */
export async function listRuns(root: string): Promise<ListedRun[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    const what = error.code === 'ENOTDIR' ? 'is not a folder' : `cannot be read (${error.code ?? error.message})`;
    throw new RollscopeError('usage', `${root} ${what}.`, 'Name the folder that contains the runs.', {
      cause: error,
      details: { reason: error.code === 'ENOTDIR' ? 'not-a-folder' : 'unreadable', folder: root },
    });
  });
  const folders = entries.filter((entry) => !entry.isFile()).map((entry) => join(root, entry.name));
  const runs: ListedRun[] = [];
  const worker = async () => {
    for (let folder = folders.pop(); folder; folder = folders.pop()) {
      const found = await listedRun(folder);
      if (found) runs.push(found);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return runs.sort((a, b) => b.created.localeCompare(a.created) || a.run.localeCompare(b.run));
}

/** The runs of a list that can be read. */
export function readableRuns(runs: readonly ListedRun[]): RunInfo[] {
  return runs.filter((run): run is RunInfo => run.status !== 'unreadable');
}

async function listedRun(folder: string): Promise<ListedRun | null> {
  try {
    return await readRunInfo(folder);
  } catch (error) {
    if (error instanceof RollscopeError && error.code === 'run-not-found' && !existsSync(inRun(folder, RUN_FILE))) {
      return (await hasRecords(folder)) ? unreadable(folder, missingFile(folder, RUN_FILE)) : null;
    }
    return unreadable(folder, error);
  }
}

async function unreadable(folder: string, error: unknown): Promise<ListedRun> {
  const created = await createdOf(folder);
  return { run: runName(folder), folder, created, status: 'unreadable', error: toErrorData(error) };
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

/** One line about a run. Throws as `readRunFile` does, and `run-broken` where what it looks at cannot be read. */
export async function readRunInfo(folder: string): Promise<RunInfo> {
  const file = await readRunFile(folder);
  for (const name of [PROBLEMS_FILE, EVENTS_FILE]) {
    if (!existsSync(inRun(folder, name))) throw missingFile(folder, name);
  }
  const writing = liveWriter(folder) !== null;
  const [{ step, evaluations, end, lifecycle }, skipped] = await Promise.all([readEnds(folder), countSkipped(folder)]);
  return runInfo(file, {
    run: runName(folder),
    folder,
    step,
    evaluations,
    skipped,
    status: statusOf({ end, lifecycle }, writing),
  });
}
