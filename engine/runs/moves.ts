/** What became of a problem between two steps: whether it was fixed or broke, switched its answer, and gained share. Pure. */
import type { RunColumns } from './columns.ts';
import { hasOtherAnswer, type ProblemView, problemView, viewBefore } from './problem-view.ts';

/** A problem at a step, and at the step that it is compared with. */
export interface Compared {
  view: ProblemView;
  before: ProblemView;
}

/** How a problem moved from A to B; null where one of the two is not known. */
export type Move = 'fixed' | 'broke';

/** Whether the majority became right or wrong since the other step; null if it did neither, or either is not known. */
export function moveOf({ view, before }: Compared): Move | null {
  if (view.verdict === before.verdict || view.verdict === 'unknown' || before.verdict === 'unknown') return null;
  return view.verdict === 'correct' ? 'fixed' : 'broke';
}

/** Whether the answers at A and B differ. */
export function hasSwitched({ view, before }: Compared): boolean {
  return hasOtherAnswer(before, view);
}

/** Change of the majority share from A to B; null where one of the two is not known. */
export function gainOf({ view, before }: Compared): number | null {
  return view.share === null || before.share === null ? null : view.share - before.share;
}

/** How a problem changed sides, the gravest first. `switched`: another answer, as right or as wrong as the one before. */
export const CHANGES = ['broke', 'fixed', 'switched', 'lost', 'found'] as const;
export type SideChange = (typeof CHANGES)[number];

/** How a problem changed; null where it did not. `lost` and `found`: there is no answer anymore, or there is one now. */
export function changeOf(compared: Compared): SideChange | null {
  const { view, before } = compared;
  if (view.row === null || before.row === null || view.row === before.row) return null;
  const move = moveOf(compared);
  if (move) return move;
  if (hasSwitched(compared)) return 'switched';
  if (before.answer !== null && view.answer === null) return 'lost';
  return before.answer === null && view.answer !== null ? 'found' : null;
}

/** Every problem before training and at its latest step. @param problems how many there are */
export function beforeAndAfter(columns: RunColumns, problems: number): Compared[] {
  return Array.from({ length: problems }, (_, index) => ({
    view: problemView(columns, index),
    before: viewBefore(columns, index, null),
  }));
}
