/** A problem of one run in another run, at the step that it is compared with. Pure, without schemas: the page has it too. */
import type { Problem } from '../../protocol/problem.ts';
import type { RunColumns } from '../columns.ts';
import { lazyBefore, lazyView, type ProblemView, unsampled } from '../problem-view.ts';
import { matchProblems } from './match.ts';

export interface Partners {
  /** Maps the index of a problem to that of the same problem in the other run; without an entry if it has none. */
  indices: ReadonlyMap<number, number>;
  /** How many of them have the same text in both; the others have the same id. */
  byText: number;
  /** How many of them have a different reference answer there. */
  otherReferences: number;
}

/** The problems of a run in another one, matched as in a comparison of runs. */
export function partnersOf(problems: readonly Problem[], others: readonly Problem[]): Partners {
  const { indices, byText, otherReferences } = matchProblems([problems, others]);
  return { indices: new Map(indices.map(([one, other]) => [one!, other!])), byText, otherReferences };
}

/**
 * A problem at a step of the other run, whose values are computed when they are read; unsampled if that run does not
 * have the problem.
 * @param from 0: before training; null: the latest step
 */
export function viewInOther(
  columns: RunColumns,
  { indices }: Pick<Partners, 'indices'>,
  problem: number,
  from: number | null,
): ProblemView {
  const partner = indices.get(problem);
  if (partner === undefined) return unsampled(problem);
  return from === 0 ? lazyBefore(columns, partner, null) : lazyView(columns, partner, from ?? Number.POSITIVE_INFINITY);
}
