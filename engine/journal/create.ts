/** Creates a run: its folder, and its contents before the first record. */
import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { RollscopeError } from '../protocol/errors.ts';
import { isAside } from '../system/aside.ts';
import { realDisk, withDiskErrors } from '../system/disk.ts';
import { remove } from '../system/files.ts';
import { makeFolder, syncFolder } from '../system/folders.ts';
import { type RunContents, writeProblems, writePrompts, writeRunFile } from './contents.ts';
import { Journal, type JournalOptions } from './journal.ts';
import {
  EVENTS_FILE,
  inRun,
  LOCK_FILE,
  PROBLEMS_FILE,
  PROMPTS_FILE,
  RUN_FILE,
  rolloutFileName,
  START,
} from './layout.ts';
import { lockRun } from './lock.ts';
import type { OpenedRun } from './recovery.ts';

function freshRun(): OpenedRun {
  const nothing = { offsets: [], records: [], recorded: [], checkpoint: null, unusable: [], recovery: null };
  return { ...nothing, position: START, framesEnd: START.frames, completed: false };
}

/**
 * Creates a run in a folder that is missing, empty, or contains only what a process killed before its run began has
 * left. Throws `usage` if the folder contains anything else, `disk` if it cannot be written; nothing of the run is left
 * then.
 */
export async function createJournal(
  folder: string,
  contents: RunContents,
  options: JournalOptions = {},
): Promise<Journal> {
  const path = resolve(folder);
  const created = await withDiskErrors(path, async () => makeFolder(path));
  await checkUnstarted(path);
  const lock = await lockRun(path);
  const disk = options.disk ?? realDisk;
  let journal: Journal | undefined;
  try {
    await clearUnstarted(path);
  } catch (error) {
    lock.release();
    throw error;
  }
  try {
    await writeProblems(path, contents.problems, disk);
    if (contents.prompts) await writePrompts(path, contents.prompts, disk);
    journal = Journal.begin(path, contents, lock, freshRun(), options);
    // Last: a folder with a run.json is a run.
    await writeRunFile(path, contents.runFile, disk);
    await withDiskErrors(path, () => syncFolder(path));
    return journal;
  } catch (error) {
    if (journal) journal.abandon();
    // Under the lock: from then on another process may begin a run here.
    for (const name of await readdir(path)) if (name !== LOCK_FILE) await remove(inRun(path, name));
    lock.release();
    if (created) await remove(path);
    throw error;
  }
}

/** Whether `createJournal` writes a file of this name before `run.json`; events and rollouts are empty then. */
function isSetupFile(name: string): boolean {
  if ([LOCK_FILE, PROBLEMS_FILE, PROMPTS_FILE, EVENTS_FILE, rolloutFileName(0)].includes(name)) return true;
  return [PROBLEMS_FILE, PROMPTS_FILE, RUN_FILE].some((file) => isAside(name, file));
}

/** Throws `usage` if a folder contains more than a process leaves behind that is killed before its run begins. */
async function checkUnstarted(folder: string): Promise<void> {
  const names = await readdir(folder);
  const isEmpty = (name: string) => statSync(inRun(folder, name), { throwIfNoEntry: false })?.size === 0;
  const filled = [EVENTS_FILE, rolloutFileName(0)].filter((name) => names.includes(name) && !isEmpty(name));
  if (filled.length === 0 && names.every(isSetupFile)) return;
  throw new RollscopeError(
    'usage',
    `The folder ${folder} exists and is not empty.`,
    'Choose another folder, or resume the run in this one.',
    { details: { reason: 'folder-not-empty', folder } },
  );
}

/** Empties such a folder, except for the lock, which is held. */
async function clearUnstarted(folder: string): Promise<void> {
  await checkUnstarted(folder);
  for (const name of await readdir(folder)) if (name !== LOCK_FILE) await remove(inRun(folder, name));
}
