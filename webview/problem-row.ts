/** A row of the list of problems. */
import type { Problem } from '../engine/protocol/problem.ts';
import type { ComparedViews } from '../engine/runs/moves.ts';

/** A problem at the selected step, and at the step that it is compared with (cursor A). */
export interface ProblemRow extends ComparedViews {
  problem: Problem;
  /** Whether A and B are the same rollouts. */
  isSame: boolean;
}
