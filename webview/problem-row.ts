import type { Problem } from '../engine/protocol/problem.ts';
import type { ProblemView } from '../engine/runs/problem-view.ts';

/** A problem at the selected step. */
export interface ProblemRow {
  problem: Problem;
  view: ProblemView;
}
