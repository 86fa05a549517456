/** The cells of the list of problems, by column. */

import { nothing } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { DASH } from '../../../engine/protocol/format.ts';
import { changeText, quantityText } from '../../../engine/protocol/quantities.ts';
import { referenceText } from '../../../engine/protocol/reference.ts';
import { verdictMark } from '../../../engine/protocol/texts.ts';
import { shownVerdict, VOTE_TITLES, verdictAsBoolean } from '../../../engine/protocol/verdict.ts';
import type { RunColumns } from '../../../engine/runs/columns.ts';
import { moveOf } from '../../../engine/runs/moves.ts';
import { problemCurve } from '../../../engine/runs/problem-curve.ts';
import type { ProblemView } from '../../../engine/runs/problem-view.ts';
import { correctSparkline } from '../../charts/sparkline.ts';
import { html } from '../../html.ts';
import type { ProblemRow } from '../../problem-row.ts';
import type { ListColumn } from './columns.ts';
import { CELL } from './matrix-drawing.ts';

/**
 * The content of a problem's cell in a column: a template or a text.
 * @param run its columns, and `steps`, the last step of the matrix, where the curve ends
 */
export function problemCell(
  { key }: ListColumn,
  row: ProblemRow,
  { columns, steps }: { columns: RunColumns; steps: number },
): unknown {
  const { problem, view } = row;
  switch (key) {
    case 'id':
      return html`<span title="${problem.id}\n${problem.text.slice(0, 300)}">${problem.id}</span>`;
    case 'marks':
      return marks(row);
    case 'text':
      return html`<span class="muted" title=${problem.text.slice(0, 300)}>${problem.text.slice(0, 200)}</span>`;
    case 'matrix':
      return nothing;
    case 'now':
      return majorityText(view);
    case 'reference':
      return html`<span title=${referenceText(problem) ?? nothing}>${referenceText(problem) ?? DASH}</span>`;
    case 'share':
      return quantityText('share', view.share);
    case 'change':
      return changeText('share', row.before.share, view.share);
    case 'since':
      return sinceStep(view) ?? DASH;
    case 'until':
      return isWrong(view) && view.flip?.from === 'correct' ? view.flip.until : DASH;
    case 'forecast':
      return quantityText('probability', view.prediction?.right);
    case 'curve':
      return sparkline(columns, problem.index, steps);
  }
}

/** Drawn again when the problem has new rollouts, not when another step is selected. */
function sparkline(columns: RunColumns, problem: number, steps: number) {
  const drawn = () => correctSparkline(problemCurve(columns, problem), steps);
  const known = [columns, problem, columns.rowsOf(problem).length, steps];
  return html`<svg width="64" height=${CELL} aria-hidden="true">${guard(known, drawn)}</svg>`;
}

/** Marks what has changed since the step of cursor A, and what was predicted. */
function marks(row: ProblemRow) {
  const move = moveOf(row);
  return html`${move ? html`<span class="mark ${move}" role="img" aria-label=${move} title=${move === 'broke' ? 'Broke: correct at A, wrong at B' : 'Fixed: wrong at A, correct at B'}>${move === 'broke' ? '↓' : '↑'}</span>` : nothing}${
    row.view.prediction?.likelyWrong
      ? html`<span class="mark predicted-wrong" role="img" aria-label="predicted wrong" title="Predicted wrong before step 1">◦</span>`
      : nothing
  }`;
}

/** The majority answer, marked as right or wrong; without a majority, the vote in words. */
function majorityText(view: ProblemView) {
  const { status, answer, verdict } = view;
  if (status === 'unsampled') return DASH;
  if (status === 'unanswered') return html`<span class="muted">no answer</span>`;
  const mark = status === 'majority' ? verdictMark(verdictAsBoolean(verdict)) : '=';
  const kind = status === 'majority' ? verdict : 'muted';
  return html`<span class=${kind} title="${answer} (${VOTE_TITLES[status]})">${mark} ${answer}</span>`;
}

/** The state of a problem's vote, in words. */
export function standingText({ status, answer, share, verdict }: ProblemView): string {
  switch (status) {
    case 'unsampled':
      return 'not sampled yet';
    case 'unanswered':
      return 'no answer';
    case 'single':
    case 'tie':
      return `${answer} (${VOTE_TITLES[status]}), share ${quantityText('share', share)}`;
    case 'majority':
      return `${answer}${verdict === 'unknown' ? '' : ` (${verdict})`}, majority share ${quantityText('share', share)}`;
  }
}

/** The step since which a vote is wrong; without a reference, since which it has its answer. */
function sinceStep(view: ProblemView): number | null {
  const { verdict, since, phase } = view;
  if (phase === 'probe') return null;
  return verdict === 'unknown' ? since.answer : isWrong(view) ? since.verdict : null;
}

/** Whether the majority is wrong: a tie, a single vote and no answer are none. */
function isWrong(view: ProblemView): boolean {
  return shownVerdict(view) === 'wrong';
}
