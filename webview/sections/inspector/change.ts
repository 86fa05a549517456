/** How a problem changed from A to B: in numbers, and its answers as a slope chart. */
import { nothing } from 'lit';
import { DASH } from '../../../engine/protocol/format.ts';
import { changeText, quantityText } from '../../../engine/protocol/quantities.ts';
import { verdictMark } from '../../../engine/protocol/texts.ts';
import { shownVerdict, verdictAsBoolean } from '../../../engine/protocol/verdict.ts';
import type { RunColumns } from '../../../engine/runs/columns.ts';
import type { ProblemView } from '../../../engine/runs/problem-view.ts';
import { type SlopeLine, slopeChart, slopeLines, slopeText } from '../../charts/slope.ts';
import { html } from '../../html.ts';
import type { ProblemRow } from '../../problem-row.ts';
import { verdictClass } from './correctness.ts';

const HEIGHT = 124;

/** The columns of the run, and those of the run of cursor A with its name if that is another run. */
interface BothRuns {
  columns: RunColumns;
  columnsBefore: RunColumns;
  cursorARun: string | null;
}

/**
 * Nothing if A and B are the same rollouts, or one of them does not exist.
 * @param beside shows a rollout of each
 * @param save the menu that saves the chart
 */
export function changeSection(
  { columns, columnsBefore, cursorARun }: BothRuns,
  { view, before, isSame }: ProblemRow,
  width: number,
  beside: () => void,
  save: (lines: readonly SlopeLine[]) => unknown,
) {
  if (view.row === null || before.row === null || isSame) return nothing;
  const end = (of: RunColumns, { row, rollouts, unanswered }: ProblemView) => ({
    clusters: of.clustersOf(row!),
    rollouts,
    unanswered,
  });
  const lines = slopeLines(end(columnsBefore, before), end(columns, view));
  const [a, b] = [`${cursorARun === null ? '' : `${cursorARun}, `}${placeText(before)}`, placeText(view)];
  return html`<section data-change>
    <h2 class="from-to"><span>From A to B</span>
      <span class="acts"><button class="link word" data-action="beside" title="Show a rollout of A next to one of B (b)" @click=${beside}>Side by side</button>${save(lines)}</span></h2>
    <svg width=${width} height=${HEIGHT} role="img" aria-label="Shares of the answers at A, ${a}, and B, ${b}: ${slopeText(lines)}">${slopeChart(lines, [`A: ${a}`, `B: ${b}`], width, HEIGHT)}</svg>
  </section>`;
}

/** The values at B, with their change since A. */
export function changeFacts({ view, before, isSame }: ProblemRow) {
  if (view.row === null) return nothing;
  const fact = (name: string, to: number | null, from: number | null, quantity: 'share' | 'tokenProbability') =>
    to === null
      ? nothing
      : html`<span data-fact=${name}>${name} <b>${quantityText(quantity, to)}</b> ${isSame ? nothing : html`<span class="muted">${changeText(quantity, from, to)}</span>`}</span>`;
  const unanswered = ({ unanswered, rollouts }: ProblemView) => (rollouts === 0 ? null : unanswered / rollouts);
  return html`<div class="change">
    ${
      isSame || before.row === null
        ? nothing
        : html`<span>at A <b class="mono ${verdictClass(shownVerdict(before))}">${verdictMark(verdictAsBoolean(shownVerdict(before)))} ${before.answer ?? DASH}</b></span>`
    }
    ${fact('majority share', view.share, before.share, 'share')}
    ${fact('P(correct)', view.accuracy, before.accuracy, 'share')}
    ${fact('confidence', view.confidence, before.confidence, 'tokenProbability')}
    ${(unanswered(view) ?? 0) > 0 || (unanswered(before) ?? 0) > 0 ? fact('no answer', unanswered(view), unanswered(before), 'share') : nothing}
  </div>`;
}

function placeText({ phase, step }: ProblemView): string {
  if (phase === 'probe') return 'probe';
  return step === 0 ? 'before training' : `step ${step}`;
}
