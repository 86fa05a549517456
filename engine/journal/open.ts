/** Opens a run that was interrupted or stopped, to resume it. */
import { resolve } from 'node:path';
import { RUN_FORMAT } from '../protocol/config.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { plural } from '../protocol/format.ts';
import type { RunFile } from '../protocol/run-file.ts';
import { realDisk } from '../system/disk.ts';
import { writeRunFile } from './contents.ts';
import { Journal, type JournalOptions } from './journal.ts';
import { inRun, type JournalPosition, PROBLEMS_FILE, PROMPTS_FILE, runName } from './layout.ts';
import { lockRun } from './lock.ts';
import { restoreHint } from './missing-file.ts';
import { readProblems, readPrompts, readRunFile } from './reader.ts';
import { cutRunAt, endOfRun, recoverRun } from './recovery.ts';

/**
 * Opens an interrupted or stopped run to resume it from its last checkpoint: `append` and `appendGroup` then recognize what
 * the run has recorded after it, until there is no more. A run of an older format is one of today's from here on: what
 * it has recorded after the checkpoint is made again, as it is with `remake`: the trainer cannot repeat it. Throws `run-not-found`, `run-version`, `run-in-use`,
 * `run-broken`, `disk`, and `usage` for a completed run.
 */
export async function openJournal(
  folder: string,
  { remake = false, ...options }: JournalOptions & { remake?: boolean } = {},
): Promise<Journal> {
  const path = resolve(folder);
  const { format, ...rest } = await readRunFile(path);
  const runFile: RunFile = { format: RUN_FORMAT, ...rest };
  const contents = { runFile, problems: await readProblems(path), prompts: await readPrompts(path) };
  const lock = await lockRun(path);
  try {
    const old = format < RUN_FORMAT;
    const opened = await recoverRun(path, old ? { remake: 'older-format' } : remake ? { remake: 'unrepeatable' } : {});
    if (opened.completed) throw alreadyComplete(runName(path));
    if (format < RUN_FORMAT) await writeRunFile(path, runFile, options.disk ?? realDisk);
    return Journal.begin(path, contents, lock, opened, options);
  } catch (error) {
    lock.release();
    throw error;
  }
}

/**
 * Checks, before a run is resumed, that its files have all of its problems and prompts: they are used by their places.
 * @param expected problems of training and evaluation
 * @throws RollscopeError `run-broken`
 */
export function checkWhole(
  { folder, problems, prompts }: Pick<Journal, 'folder' | 'problems' | 'prompts'>,
  expected: number,
): void {
  for (const [name, found] of [
    [PROBLEMS_FILE, problems.length],
    [PROMPTS_FILE, prompts?.length ?? expected],
  ] as const) {
    if (found === expected) continue;
    const file = inRun(folder, name);
    throw new RollscopeError(
      'run-broken',
      `${file} has ${plural(found, 'line')}, but the run has ${plural(expected, 'problem')}.`,
      restoreHint(folder, name),
      { details: { reason: 'missing-lines', file, lines: found, needed: expected } },
    );
  }
}

/** The refusal to resume a run that has reached its last step. */
export function alreadyComplete(run: string): RollscopeError {
  return new RollscopeError(
    'usage',
    `The run ${run} is already complete.`,
    'To train further, start a new run with more steps.',
    { details: { reason: 'complete', run } },
  );
}

/**
 * Opens a run that is being imported, complete or not, to import more: what it recorded after `at` is dropped. Its
 * problems are not read. Throws `run-not-found`, `run-version`, `run-in-use`, `run-broken`, `disk`.
 */
export async function openJournalAt(
  folder: string,
  at: JournalPosition,
  options: JournalOptions = {},
): Promise<Journal> {
  const path = resolve(folder);
  const runFile = await readRunFile(path);
  const lock = await lockRun(path);
  try {
    const opened = await cutRunAt(path, at);
    return Journal.begin(path, { runFile, problems: [], prompts: [] }, lock, opened, options);
  } catch (error) {
    lock.release();
    throw error;
  }
}

/**
 * Opens a run, complete or not, to append records; nothing is dropped except what a kill left incomplete. Throws as
 * `openJournalAt`.
 */
export async function openJournalAtEnd(folder: string): Promise<Journal> {
  const path = resolve(folder);
  const lock = await lockRun(path);
  try {
    const runFile = await readRunFile(path);
    const opened = await cutRunAt(path, await endOfRun(path));
    return Journal.begin(path, { runFile, problems: [], prompts: [] }, lock, opened, {});
  } catch (error) {
    lock.release();
    throw error;
  }
}
