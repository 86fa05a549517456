/** The flows between the quadrants at A and at B, which filter the problems. */
import { css, nothing } from 'lit';
import { plural } from '../../../engine/protocol/format.ts';
import { hasSwitched, moveOf } from '../../../engine/runs/moves.ts';
import { type Flow, flowChart, flowStyles, flowsOf } from '../../charts/flows.ts';
import { quadrantStyles } from '../../charts/quadrants.ts';
import { html } from '../../html.ts';
import { QUADRANT_ORDER } from '../../problem-order.ts';
import type { ProblemRow } from '../../problem-row.ts';

const HEIGHT = 96;
/** Width of the picture, CSS pixels; the flows are texts next to it. */
const WIDTH = 150;
/** Flows that are listed. */
const MOST = 8;

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
      gap: 16px;
      margin: 6px 0;
    }
    .flows ul {
      margin: 0;
      padding: 0;
      list-style: none;
      columns: 2 18em;
    }
    .flows svg {
      flex: none;
    }
  `,
];

/** @param filter shows what it finds */
export function flowsPart(rows: readonly ProblemRow[], filter: (text: string) => void) {
  const moves = rows.map(moveOf);
  const count = (move: 'fixed' | 'broke') => moves.filter((one) => one === move).length;
  const flows = flowsOf(rows);
  const moved = flows.filter(({ from, to }) => from !== to);
  const changed = moved.reduce((sum, { count }) => sum + count, 0);
  const show = ({ from, to }: Flow) => filter(`was:${from} is:${to}`);
  // Without references nothing is known to be fixed or broken.
  const isLabeled = rows.some(({ view }) => view.verdict !== 'unknown');
  const words = isLabeled
    ? [`${count('fixed')} fixed`, `${count('broke')} broke`]
    : [`${rows.filter(hasSwitched).length} switched`];
  return html`<details class="flows" data-moved=${changed}>
    <summary>From A to B: ${words.join(', ')}; ${plural(changed, 'problem')} in another quadrant</summary>
    <div class="picture">
      <svg width=${WIDTH} height=${HEIGHT} aria-hidden="true">${flowChart(flows, WIDTH, HEIGHT, show)}</svg>
      <ul>
        ${moved.slice(0, MOST).map((flow) => html`<li><button class="link" data-flow="${flow.from} ${flow.to}" title="Show them in the list" @click=${() => show(flow)}><b>${flow.count}</b> ${titleOf(flow.from)} → ${titleOf(flow.to)}</button></li>`)}
        ${moved.length > MOST ? html`<li class="muted">and ${plural(moved.length - MOST, 'more flow')}</li>` : nothing}
        ${moved.length === 0 ? html`<li class="muted">No problem has moved.</li>` : nothing}
      </ul>
    </div>
  </details>`;
}

function titleOf(quadrant: Flow['from']): string {
  return QUADRANT_ORDER.find(([one]) => one === quadrant)?.[1].toLowerCase() ?? quadrant;
}
