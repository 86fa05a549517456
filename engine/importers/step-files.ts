/** Folders with one file per step, as verl and TRL write them. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Phase } from '../protocol/group.ts';
import type { ForeignRollout } from './group.ts';
import type { DumpPart, LoggedGroup, ReadContext } from './importer.ts';
import { LineFile } from './line-file.ts';
import { fileState, MAX_WHOLE_BYTES, scanLines } from './line-index.ts';
import { addRowFault } from './row-fault.ts';
import { TABLES } from './row-files.ts';
import type { RowRange, RowReader } from './rows.ts';
import { readTableSteps } from './table-file.ts';

export interface StepFile {
  path: string;
  /** Path within the import. */
  name: string;
  step: number;
  phase: Phase;
  /** Which of its rows count, where not all do; of tables only. */
  range?: RowRange;
}

/** Files of a folder whose names have a step in them, ascending; [] for a folder that cannot be read. */
export async function stepFiles(folder: string, pattern: RegExp): Promise<{ name: string; step: number }[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .flatMap((name) => {
      const step = Number(pattern.exec(name)?.[1] ?? Number.NaN);
      return Number.isSafeInteger(step) ? [{ name, step }] : [];
    })
    .sort((a, b) => a.step - b.step);
}

/** The part for a file. Steps in its rows are ignored, since the name determines the step. */
export async function partOfFile(file: StepFile, rows: RowReader): Promise<DumpPart | null> {
  const state = await fileState(file.path);
  if (state === null) return null;
  return {
    name: file.name,
    phase: file.phase,
    step: file.step,
    bytes: state.size,
    stamp: state.stamp,
    groups: (context) =>
      TABLES.test(file.path) ? tableGroups(file, rows, context) : lineGroups(file, state.size, rows, context),
  };
}

async function* tableGroups(file: StepFile, rows: RowReader, context: ReadContext): AsyncGenerator<LoggedGroup> {
  const { path: at, ...rest } = file;
  for (const found of await readTableSteps(at, { ...rest, fixed: true, rows }, context)) yield* found.groups;
}

/** A file that fits into memory is read once; of a larger one the lines of a group are found first, and then read. */
async function* lineGroups(
  file: StepFile,
  size: number,
  rows: RowReader,
  context: ReadContext,
): AsyncGenerator<LoggedGroup> {
  const { name, step, phase } = file;
  if (size <= MAX_WHOLE_BYTES) {
    yield* await wholeGroups(file, rows, context);
    return;
  }
  const lines = new LineFile(file.path, { name, step, phase, fixed: true, rows });
  await lines.scan(context, true);
  for (const part of lines.parts(false)) yield* part.groups(context);
}

async function wholeGroups({ path: file, name }: StepFile, rows: RowReader, context: ReadContext) {
  const { problems, faults } = context;
  const groups = new Map<number, ForeignRollout[]>();
  for await (const { values, number } of scanLines(file, name, { offset: 0, lines: 0 }, context, true)) {
    try {
      const all = rows.rolloutRows(values);
      const rollouts = all.map((item) => rows.rollout(item));
      const problem = problems.register({ ...rows.problem(all[0]!), source: file, line: number });
      const members = groups.get(problem);
      if (members) for (const rollout of rollouts) members.push(rollout);
      else groups.set(problem, rollouts);
    } catch (error) {
      addRowFault(faults, `${name}:${number}`, error);
    }
  }
  return [...groups].map(([problem, rollouts]) => ({ problem, rollouts }));
}

/** Path relative to the import, with slashes on every system. */
export function nameWithin(root: string, file: string): string {
  return path.relative(root, file).split(path.sep).join('/') || path.basename(file);
}

/** A file that was completed after its state was taken would look new at the next look, and be imported twice. */
export async function isUnchanged(file: StepFile, { stamp }: DumpPart): Promise<boolean> {
  return (await fileState(file.path))?.stamp === stamp;
}

/**
 * Determines which files are complete. A trainer writes one after another, so all but the last of each phase are; the
 * last one is if it is `complete` and has not changed between two looks.
 */
export class WholeFiles {
  private seen = new Map<string, string>();

  async choose(
    files: readonly StepFile[],
    following: boolean,
    rows: RowReader,
    complete: (file: string) => Promise<boolean>,
  ) {
    const parts: DumpPart[] = [];
    let waiting = 0;
    const seen = new Map<string, string>();
    for (const file of files) {
      const part = await partOfFile(file, rows);
      if (!part) continue;
      const isLast = files.findLast(({ phase }) => phase === file.phase) === file;
      seen.set(part.name, part.stamp);
      const settled = !isLast || this.seen.get(part.name) === part.stamp;
      if (!following || (settled && (await complete(file.path)) && (await isUnchanged(file, part)))) parts.push(part);
      else waiting += part.bytes;
    }
    this.seen = seen;
    return { parts, waiting };
  }
}
