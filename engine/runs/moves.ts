/**
 * How a problem changed between two steps: whether it was fixed or broke, changed its answer, and gained share. Pure.
 */
import type { RunColumns } from './columns.ts';
import { hasOtherAnswer, type ProblemView, problemView, viewBefore } from './problem-view.ts';

/** A problem at a step, and at the step that it is compared with. */
export interface ComparedViews {
  view: ProblemView;
  before: ProblemView;
}

/** How a problem moved from A to B; null if its state at A or B is unknown. */
export type Move = 'fixed' | 'broke';

/**
 * Whether the vote became right or wrong since the other step; null if neither, or if one of the two is unknown. As in the
 * majority's accuracy and in paired tests, a tie counts by its leading answer.
 */
export function moveOf({ view, before }: ComparedViews): Move | null {
  if (view.verdict === before.verdict || view.verdict === 'unknown' || before.verdict === 'unknown') return null;
  return view.verdict === 'correct' ? 'fixed' : 'broke';
}

/** Whether the answers at A and B differ. */
export function hasAnswerChanged({ view, before }: ComparedViews): boolean {
  return hasOtherAnswer(before, view);
}

/** Change of the majority share from A to B; null if one of the two is unknown. */
export function shareGain({ view, before }: ComparedViews): number | null {
  return view.share === null || before.share === null ? null : view.share - before.share;
}

/** How a problem changed sides, the most serious first. `switched`: to another answer with the same verdict. */
export const CHANGES = ['broke', 'fixed', 'switched', 'lost', 'found'] as const;
export type SideChange = (typeof CHANGES)[number];

/** How a problem changed; null if it did not. `lost` and `found`: it no longer has an answer, or has one now. */
export function changeOf(compared: ComparedViews): SideChange | null {
  const { view, before } = compared;
  if (view.row === null || before.row === null || view.row === before.row) return null;
  const move = moveOf(compared);
  if (move) return move;
  if (hasAnswerChanged(compared)) return 'switched';
  if (before.answer !== null && view.answer === null) return 'lost';
  return before.answer === null && view.answer !== null ? 'found' : null;
}

/** Every problem before training and at its latest step. @param problems how many there are */
export function beforeAndAfter(columns: RunColumns, problems: number): ComparedViews[] {
  return Array.from({ length: problems }, (_, index) => ({
    view: problemView(columns, index),
    before: viewBefore(columns, index, null),
  }));
}

/** An answer that is the majority answer of many problems. */
export interface SpreadAnswer {
  answer: string;
  /** The number of problems with this majority answer, at B and at A, and of problems at B with any answer. */
  now: number;
  before: number;
  of: number;
}

/** Share of the problems, and number, from which an answer has spread; and how many times as many as before that must be. */
const SPREAD = { share: 0.25, least: 4, times: 2 };

/**
 * The answer that is the majority answer of most problems, if it has spread since A: at least a quarter of the
 * problems, and twice as many as at A. Problems with only two possible answers share them from the start. null if there
 * is none.
 */
export function spreadAnswer(rows: readonly ComparedViews[]): SpreadAnswer | null {
  const counts = new Map<string, number>();
  let of = 0;
  for (const { view } of rows) {
    if (view.status !== 'majority') continue;
    of++;
    counts.set(view.answer!, (counts.get(view.answer!) ?? 0) + 1);
  }
  let [answer, now] = ['', 0];
  for (const [one, count] of counts) if (count > now) [answer, now] = [one, count];
  if (now < Math.max(SPREAD.least, SPREAD.share * of)) return null;
  const before = rows.reduce(
    (sum, row) => sum + Number(row.before.status === 'majority' && row.before.answer === answer),
    0,
  );
  return now >= SPREAD.times * before ? { answer, now, before, of } : null;
}
