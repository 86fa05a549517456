/** P(correct) and P(majority) of a problem over the steps: what its curve is drawn from. Pure. */
import type { RunColumns } from './columns.ts';
import { candidateRows } from './representatives.ts';

/** Shares from 0 to 1 at each group that represents the problem. */
export interface ProblemCurve {
  steps: number[];
  /** Share of right rollouts; NaN without a reference. */
  correct: number[];
  /** Majority share; NaN without an answer. */
  majority: number[];
}

/** @param problem its index in the run */
export function problemCurve(columns: RunColumns, problem: number): ProblemCurve {
  const { step, accuracy, share } = columns.groups.columns;
  const rows = candidateRows(columns, problem);
  const of = (column: ArrayLike<number>) => rows.map((row) => column[row]!);
  return { steps: of(step), correct: of(accuracy), majority: of(share) };
}
