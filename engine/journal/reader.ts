/**
 * Reading a run folder, without a lock: safe while a writer appends. The extension host, the command line and the tests
 * come in here.
 */
import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { RUN_FORMAT } from '../protocol/config.ts';
import { RollscopeError } from '../protocol/errors.ts';
import type { FramePointer } from '../protocol/group.ts';
import { type JournalRecord, Problem, type StoredGroup } from '../protocol/records.ts';
import { RunFile } from '../protocol/run-file.ts';
import { eventsSize, parseChecked, readEvents } from './events.ts';
import { decodeFrame as decodeOld } from './formats/frame1.ts';
import { readFrameBytes } from './groups.ts';
import { inRun, PROBLEMS_FILE, RUN_FILE } from './layout.ts';
import { readLines } from './lines.ts';
import { liveWriter } from './lock.ts';

export interface RunFolder {
  runFile: RunFile;
  problems: Problem[];
  records: JournalRecord[];
  /** The last record was never finished and no writer lives: the run was killed. */
  torn: boolean;
}

/** Reads all of a run but its rollouts. Throws `run-not-found`, `run-version`, or `run-broken` with file and line. */
export async function readRunFolder(folder: string): Promise<RunFolder> {
  const runFile = await readRunFile(folder);
  const problems = await readProblems(folder);
  const writing = liveWriter(folder) !== null;
  const size = await eventsSize(folder);
  const records: JournalRecord[] = [];
  let end = 0;
  for await (const entry of readEvents(folder)) {
    records.push(entry.record);
    end = entry.end;
  }
  return { runFile, problems, records, torn: !writing && end < size };
}

/** Reads `run.json`. */
export async function readRunFile(folder: string): Promise<RunFile> {
  const path = inRun(folder, RUN_FILE);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
    throw new RollscopeError('run-not-found', `${folder} is not a run folder: it has no ${RUN_FILE}.`, 'Choose a run.');
  });
  const { format } = parseChecked(z.looseObject({ format: z.int() }), text, path);
  if (format > RUN_FORMAT) {
    throw new RollscopeError(
      'run-version',
      `${path}: the run has format ${format}; this Rollscope reads format ${RUN_FORMAT} and older.`,
      'Update Rollscope to open this run.',
    );
  }
  return parseChecked(RunFile, text, path);
}

/** Reads `problems.jsonl`. */
export async function readProblems(folder: string): Promise<Problem[]> {
  const path = inRun(folder, PROBLEMS_FILE);
  const problems: Problem[] = [];
  try {
    for await (const { text, number } of readLines(path)) {
      const problem = parseChecked(Problem, text, `${path} line ${number}`);
      if (problem.index !== problems.length) {
        throw new RollscopeError('run-broken', `${path} line ${number}: index ${problem.index} out of order.`);
      }
      problems.push(problem);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new RollscopeError('run-broken', `${path} is missing.`, 'Restore the file from a copy of the run.');
  }
  return problems;
}

/** Reads the rollouts of one group and their evidence. Throws `run-broken` when they are missing or damaged. */
export async function readFrame(folder: string, pointer: FramePointer): Promise<StoredGroup> {
  const where = `${inRun(folder, pointer.file)} at byte ${pointer.offset}`;
  const bytes = await readFrameBytes(folder, pointer);
  if (!bytes) throw new RollscopeError('run-broken', `${where}: the stored rollouts are missing.`);
  return decodeOld(bytes, where);
}
