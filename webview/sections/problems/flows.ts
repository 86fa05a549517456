/** The flows between the quadrants at A and at B, which filter the problems. */
import { css, nothing } from 'lit';
import { integer, plural } from '../../../engine/protocol/format.ts';
import { hasAnswerChanged, moveOf } from '../../../engine/runs/moves.ts';
import { type Flow, flowChart, flowStyles, flowsOf } from '../../charts/flows.ts';
import { quadrantStyles } from '../../charts/quadrants.ts';
import { html } from '../../html.ts';
import { QUADRANT_ORDER } from '../../problem-order.ts';
import type { ProblemRow } from '../../problem-row.ts';

const HEIGHT = 96;
/** Width of the picture, CSS pixels; the flows are texts next to it. */
const WIDTH = 150;
/** Flows that are listed. */
const MAX_FLOWS = 8;

export const flowsStyles = [
  quadrantStyles,
  flowStyles,
  css`
    .flows {
      margin: 2px 0;
    }
    .flows summary {
      cursor: pointer;
      color: var(--muted-text, var(--muted));
    }
    .flows .picture {
      display: flex;
      flex-wrap: wrap;
      gap: 6px 16px;
      margin: 6px 0;
    }
    .flows ul {
      flex: 1 1 12em;
      margin: 0;
      padding: 0;
      list-style: none;
      columns: 18em;
    }
    .flows svg {
      flex: none;
    }
  `,
];

export interface FlowsPart {
  isOpen: boolean;
  open(isOpen: boolean): void;
  /** Shows the problems that a filter finds. */
  filter(text: string): void;
  /** The menu that saves the picture. */
  save(flows: readonly Flow[]): unknown;
}

/** One line about what moved from A to B; the flows are drawn when the line is unfolded. */
export function flowsPart(rows: readonly ProblemRow[], { isOpen, open, filter, save }: FlowsPart) {
  const flows = flowsOf(rows);
  const changed = flows.reduce((sum, { from, to, count }) => sum + (from === to ? 0 : count), 0);
  return html`<details class="flows" data-moved=${changed} ?open=${isOpen} @toggle=${(event: Event) => open((event.currentTarget as HTMLDetailsElement).open)}>
    <summary>From A to B: ${movesText(rows)}; ${integer(changed)} in another quadrant</summary>
    ${isOpen ? pictureOf(flows, filter, save(flows)) : nothing}
  </details>`;
}

function movesText(rows: readonly ProblemRow[]): string {
  const counts = { fixed: 0, broke: 0, switched: 0 };
  // Without references, it is unknown what was fixed or broke.
  let isLabeled = false;
  for (const row of rows) {
    if (row.view.verdict !== 'unknown') isLabeled = true;
    const move = moveOf(row);
    if (move) counts[move]++;
    if (hasAnswerChanged(row)) counts.switched++;
  }
  return isLabeled ? `${counts.fixed} fixed, ${counts.broke} broke` : `${counts.switched} switched`;
}

function pictureOf(flows: readonly Flow[], filter: FlowsPart['filter'], menu: unknown) {
  const moved = flows.filter(({ from, to }) => from !== to);
  const show = ({ from, to }: Flow) => filter(`was:${from} is:${to}`);
  return html`<div class="picture">
      <svg width=${WIDTH} height=${HEIGHT} aria-hidden="true">${flowChart(flows, WIDTH, HEIGHT, show)}</svg>
      <ul>
        ${moved.slice(0, MAX_FLOWS).map((flow) => html`<li><button class="link" data-flow="${flow.from} ${flow.to}" title="Show these problems in the list" @click=${() => show(flow)}><b>${flow.count}</b> ${titleOf(flow.from)} → ${titleOf(flow.to)}</button></li>`)}
        ${moved.length > MAX_FLOWS ? html`<li class="muted">and ${plural(moved.length - MAX_FLOWS, 'more flow')}</li>` : nothing}
        ${moved.length === 0 ? html`<li class="muted">No problem has moved.</li>` : nothing}
      </ul>
      ${menu}
    </div>`;
}

function titleOf(quadrant: Flow['from']): string {
  return QUADRANT_ORDER.find(([one]) => one === quadrant)?.[1].toLowerCase() ?? quadrant;
}
