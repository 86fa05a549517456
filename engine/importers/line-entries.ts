/**
 * A step's file of JSON Lines whose lines hold rollouts in a form of their own, several in one line perhaps. Read in two
 * passes like any other (`line-index.ts`): the rollouts of a problem need not stand together.
 */
import type { RowValues } from '../data/fields.ts';
import type { ForeignRollout } from './group.ts';
import type { LoggedGroup, LoggedProblem, ReadContext } from './importer.ts';
import { LineGroups, readGroups, scanLines } from './line-index.ts';
import { addRowFault } from './row-fault.ts';

/** A rollout, and what it answers. */
export interface LineEntry {
  problem: Omit<LoggedProblem, 'source' | 'line'>;
  /** Made in the second pass only. Does not throw: whatever is wrong is found before. */
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
): AsyncGenerator<LoggedGroup> {
  const lines = new LineGroups(0);
  const take = ({ problem }: LineEntry, line: number | null) =>
    context.problems.take({ ...problem, source: file, line });
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

const START = () => ({ offset: 0, lines: 0 });
