import type { Problem } from '../engine/protocol/problem.ts';
import { hasOtherAnswer, type ProblemView } from '../engine/runs/problem-view.ts';

/** A problem at the selected step. */
export interface ProblemRow {
  problem: Problem;
  view: ProblemView;
  /** At the step that it is compared with (cursor A). */
  before: ProblemView;
}

/** How a problem moved from A to B; null where one of the two is not known. */
export type Move = 'fixed' | 'broke';

/** Whether the majority became right or wrong since the other step; null if it did neither, or either is not known. */
export function moveOf({ view, before }: Pick<ProblemRow, 'view' | 'before'>): Move | null {
  if (view.verdict === before.verdict || view.verdict === 'unknown' || before.verdict === 'unknown') return null;
  return view.verdict === 'correct' ? 'fixed' : 'broke';
}

/** Whether the answers at A and B differ. */
export function hasSwitched({ view, before }: Pick<ProblemRow, 'view' | 'before'>): boolean {
  return hasOtherAnswer(before, view);
}

/** Change of the majority share from A to B; null where one of the two is not known. */
export function gainOf({ view, before }: Pick<ProblemRow, 'view' | 'before'>): number | null {
  return view.share === null || before.share === null ? null : view.share - before.share;
}
