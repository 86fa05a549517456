/**
 * Step files of JSON Lines whose lines contain rollouts in a format of their own, possibly several per line. A large
 * file is read in two passes like any other (`line-index.ts`), since the rollouts of a problem need not be consecutive.
 */
import type { RowValues } from '../data/fields.ts';
import type { ForeignRollout } from './group.ts';
import type { LoggedGroup, LoggedProblem, ReadContext } from './importer.ts';
import { fileState, LineGroups, MAX_WHOLE_BYTES, readGroups, scanLines } from './line-index.ts';
import { addRowFault } from './row-fault.ts';

/** A rollout, and its problem. */
export interface LineEntry {
  problem: Omit<LoggedProblem, 'source' | 'line'>;
  /** Made once for each rollout. Does not throw: whatever is wrong is found before. */
  rollout(): ForeignRollout;
}

/**
 * The groups of a file. Lines that `entriesOf` refuses are faults.
 * @param name of the file, within what is imported
 * @param entriesOf the rollouts of a line, at least one; throws RowFault
 * @throws RollscopeError `canceled` by the context's check
 */
export async function* groupsOfLines(
  file: string,
  name: string,
  context: ReadContext,
  entriesOf: (values: RowValues) => readonly LineEntry[],
  whole = MAX_WHOLE_BYTES,
): AsyncGenerator<LoggedGroup> {
  const take = ({ problem }: LineEntry, line: number | null) =>
    context.problems.register({ ...problem, source: file, line });
  if (((await fileState(file))?.size ?? 0) <= whole) {
    yield* await groupsInMemory(file, name, context, entriesOf, take);
    return;
  }
  const lines = new LineGroups(0);
  for await (const { values, number, start, length } of scanLines(file, name, START(), context, true)) {
    try {
      const problems = new Set(entriesOf(values).map((entry) => take(entry, number)));
      for (const problem of problems) lines.add(problem, start, length);
    } catch (error) {
      addRowFault(context.faults, `${name}:${number}`, error);
    }
  }
  const of = (values: RowValues, problem: number) =>
    entriesOf(values).flatMap((entry) => (take(entry, null) === problem ? [entry.rollout()] : []));
  yield* readGroups(file, lines, of, context.check);
}

/** The groups of a file that fits into memory; each line is read once. */
async function groupsInMemory(
  file: string,
  name: string,
  context: ReadContext,
  entriesOf: (values: RowValues) => readonly LineEntry[],
  take: (entry: LineEntry, line: number) => number,
): Promise<LoggedGroup[]> {
  const groups = new Map<number, ForeignRollout[]>();
  for await (const { values, number } of scanLines(file, name, START(), context, true)) {
    try {
      for (const entry of entriesOf(values)) {
        const problem = take(entry, number);
        const members = groups.get(problem);
        if (members) members.push(entry.rollout());
        else groups.set(problem, [entry.rollout()]);
      }
    } catch (error) {
      addRowFault(context.faults, `${name}:${number}`, error);
    }
  }
  return [...groups].map(([problem, rollouts]) => ({ problem, rollouts }));
}

const START = () => ({ offset: 0, lines: 0 });
