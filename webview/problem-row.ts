import type { Problem } from '../engine/protocol/records.ts';
import type { ProblemView } from '../engine/runs/problem-view.ts';

/** A problem as it stands at the step that is looked at. */
export interface ProblemRow {
  problem: Problem;
  view: ProblemView;
}
