/** Texts about problems that changed sides in a run. Pure. */
import { plural } from '../engine/protocol/format.ts';
import type { Problem } from '../engine/protocol/problem.ts';
import { quantityText } from '../engine/protocol/quantities.ts';
import { oneLine, verdictMark } from '../engine/protocol/texts.ts';
import { shownVerdict, VOTE_TITLES, verdictAsBoolean } from '../engine/protocol/verdict.ts';
import type { ComparedViews, SideChange } from '../engine/runs/moves.ts';
import type { ProblemView } from '../engine/runs/problem-view.ts';
import { plain } from './shown.ts';

export type ChangeSide = 'before' | 'after';

/** Widths of the columns, in characters. */
const ID = 24;
const ANSWER = 24;
const TEXT = 100;

const CHANGE_TITLES: Readonly<Record<SideChange, string>> = {
  broke: 'broke: correct before training, wrong now',
  fixed: 'fixed: wrong before training, correct now',
  switched: 'switched to another answer',
  lost: 'without an answer now',
  found: 'with an answer now',
};

/** Heading of the problems that changed in the same way. */
export function changeTitle(change: SideChange, count: number): string {
  return `${plural(count, 'problem')} ${CHANGE_TITLES[change]}`;
}

/** The vote without its share, which almost always changes: `✓ 27`, `tie: 27`, `no answer`. */
function standingText(view: ProblemView): string {
  const { answer, status, row } = view;
  if (row === null) return 'not sampled';
  if (answer === null) return 'no answer';
  const shown = oneLine(answer, ANSWER - 4);
  if (status === 'tie' || status === 'single') return `${VOTE_TITLES[status]}: ${shown}`;
  return `${verdictMark(verdictAsBoolean(shownVerdict(view)))} ${shown}`.trimStart();
}

/** `✓ 27 (0.60) → ✗ 31 (0.94)`. */
export function sideChangeText({ view, before }: ComparedViews): string {
  const side = (item: ProblemView) =>
    item.share === null ? standingText(item) : `${standingText(item)} (${quantityText('share', item.share)})`;
  return `${side(before)} → ${side(view)}`;
}

/** One line per problem, in the order of the dataset: id, answer with its verdict, and text. */
export function changeLines(problems: readonly Problem[], all: readonly ComparedViews[], side: ChangeSide): string[] {
  const id = (problem: Problem) => oneLine(plain(problem.id), ID);
  const width = Math.max(0, ...problems.map((problem) => id(problem).length));
  // The same width on both sides, so that the diff does not highlight padding.
  const standingOf = (view: ProblemView) => plain(standingText(view));
  const standingWidth = Math.max(
    0,
    ...all.flatMap(({ view, before }) => [view, before].map((item) => standingOf(item).length)),
  );
  return problems.map((problem, i) => {
    const view = side === 'before' ? all[i]!.before : all[i]!.view;
    const standing = standingOf(view).padEnd(standingWidth);
    return `${id(problem).padEnd(width)}  ${standing}  ${oneLine(plain(problem.text), TEXT)}`;
  });
}
