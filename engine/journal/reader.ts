/**
 * Reading a run folder, without a lock: safe while a writer appends. The extension host, the command line and the tests
 * come in here, and for single groups in `groups.ts`.
 */
import { existsSync } from 'node:fs';
import type * as z from 'zod';
import { RUN_FORMAT } from '../protocol/config.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { Problem, Prompt } from '../protocol/problem.ts';
import type { JournalRecord } from '../protocol/records.ts';
import { RunFile } from '../protocol/run-file.ts';
import { newerVersion, VERSION } from '../protocol/version.ts';
import { readRegularNow } from '../system/regular-file.ts';
import { parseChecked } from './checked.ts';
import { readLog } from './events.ts';
import { upgradeProblem, upgradeRunFile } from './formats/upgrade.ts';
import { EVENTS_FILE, inRun, PROBLEMS_FILE, PROMPTS_FILE, RUN_FILE } from './layout.ts';
import { readLines } from './lines.ts';
import { refuseLinksOut } from './links.ts';
import { missingFile } from './missing-file.ts';

export interface RunFolder {
  runFile: RunFile;
  problems: Problem[];
  records: JournalRecord[];
  /** Records of types that this version does not know, by type: they were passed over. */
  skipped: Record<string, number>;
}

/** Reads all of a run but its rollouts. Throws `run-not-found`, `run-version`, or `run-broken` with file and line. */
export async function readRunFolder(folder: string): Promise<RunFolder> {
  const runFile = await readRunFile(folder);
  const problems = await readProblems(folder);
  const records: JournalRecord[] = [];
  const skipped: RunFolder['skipped'] = {};
  for await (const line of readLog(folder)) {
    if (line.record) records.push(line.record);
    else skipped[line.type] = (skipped[line.type] ?? 0) + 1;
  }
  return { runFile, problems, records, skipped };
}

/**
 * Reads `run.json`. Throws `run-not-found`, `run-version`, or `run-broken`, also where only `run.json` of a run is missing
 * and where a link leads out of the folder.
 */
export async function readRunFile(folder: string): Promise<RunFile> {
  refuseLinksOut(folder);
  return readRunFileNow(folder);
}

/**
 * The same, synchronously: a list reads ten thousand of them, and waiting for one takes ten times as long as reading
 * it.
 */
export function readRunFileNow(folder: string): RunFile {
  const path = inRun(folder, RUN_FILE);
  const text = textOf(path, folder);
  const upgrade = (value: Record<string, unknown>) => {
    refuseNewer(path, value);
    return upgradeRunFile(value);
  };
  return parseChecked(RunFile, text, path, { upgrade });
}

function textOf(path: string, folder: string): string {
  try {
    return readRegularNow(path);
  } catch (error) {
    if (error instanceof RollscopeError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') {
      throw new RollscopeError('run-broken', `${path} cannot be read (${code ?? message}).`, undefined, {
        details: { reason: 'unreadable', file: path, system: code ?? message },
      });
    }
    if (existsSync(inRun(folder, EVENTS_FILE))) throw missingFile(folder, RUN_FILE);
    throw new RollscopeError(
      'run-not-found',
      `${folder} is not a run folder: it has no ${RUN_FILE}.`,
      'Choose a run folder.',
      { details: { reason: 'not-a-run', folder } },
    );
  }
}

/** Throws `run-version` for a newer format, without checking the rest of the file. */
function refuseNewer(path: string, { format, versions }: Record<string, unknown>): void {
  if (!Number.isInteger(format) || (format as number) <= RUN_FORMAT) return;
  const { rollscope } = (versions ?? {}) as { rollscope?: unknown };
  const version = newerVersion(rollscope);
  const by = version === null ? 'a newer Rollscope' : `Rollscope ${version}`;
  throw new RollscopeError(
    'run-version',
    `${path}: ${by} wrote this run in format ${format}; Rollscope ${VERSION} reads formats 1 to ${RUN_FORMAT}.`,
    version === null ? 'Update Rollscope to open this run.' : `Update to Rollscope ${version} or newer to open it.`,
    { details: { reason: 'newer-format', file: path, format, version } },
  );
}

/**
 * Reads `problems.jsonl`: the problems in the run's order.
 * @throws RollscopeError `run-broken` if it is missing or damaged
 */
export async function readProblems(folder: string): Promise<Problem[]> {
  refuseLinksOut(folder);
  const path = inRun(folder, PROBLEMS_FILE);
  const problems = await readList(path, Problem, ({ index }) => index, upgradeProblem);
  if (problems) return problems;
  throw missingFile(folder, PROBLEMS_FILE);
}

/** Reads `prompts.jsonl`; null for a run of an older format, which has none. */
export async function readPrompts(folder: string): Promise<Prompt[] | null> {
  return readList(inRun(folder, PROMPTS_FILE), Prompt, ({ problem }) => problem);
}

/**
 * Reads the prompt of one problem (its index); null if the run does not contain it.
 * @throws RollscopeError `run-broken` if its line is damaged
 */
export async function readPrompt(folder: string, problem: number): Promise<Prompt | null> {
  const path = inRun(folder, PROMPTS_FILE);
  try {
    for await (const { text, number } of readLines(path)) {
      if (number === problem + 1) return parseChecked(Prompt, text, `${path} line ${number}`);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return null;
}

/** Reads a file with one item per line, in index order; null if it is missing. */
async function readList<T>(
  path: string,
  schema: z.ZodType<T>,
  indexOf: (item: T) => number,
  upgrade?: (value: Record<string, unknown>) => unknown,
): Promise<T[] | null> {
  const items: T[] = [];
  try {
    for await (const { text, number } of readLines(path)) {
      const item = parseChecked(schema, text, `${path} line ${number}`, upgrade && { upgrade });
      if (indexOf(item) !== items.length) {
        throw new RollscopeError(
          'run-broken',
          `${path} line ${number}: number ${indexOf(item)} out of order.`,
          undefined,
          { details: { reason: 'out-of-order', file: path, line: number, value: indexOf(item) } },
        );
      }
      items.push(item);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return null;
  }
  return items;
}
