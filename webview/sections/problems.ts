/** The problems by confidence and correctness: confident & correct, confident & wrong, uncertain & correct, uncertain & wrong. */
import { css, html, nothing, svg } from 'lit';
import { customElement } from 'lit/decorators.js';
import { DASH, plural, share as shown } from '../../engine/protocol/format.ts';
import { known } from '../../engine/runs/columns.ts';
import type { AnyQuadrant } from '../../engine/runs/problem-view.ts';
import { type ShareAt, shareSparkline } from '../charts/sparkline.ts';
import { Component } from '../component.ts';
import type { ProblemRow } from '../problem-row.ts';
import { shared } from '../styles.ts';

const TITLES: readonly [AnyQuadrant, string][] = [
  ['confident-correct', 'Confident & correct'],
  ['confident-wrong', 'Confident & wrong'],
  ['uncertain-correct', 'Uncertain & correct'],
  ['uncertain-wrong', 'Uncertain & wrong'],
  ['confident', 'Confident'],
  ['uncertain', 'Uncertain'],
  ['none', 'Not sampled yet'],
];
const CELL = 16;
const LIKELY_WRONG = 'likely:wrong';

/** The sign of a problem that is likely to be amplified wrongly. */
function mark(x: number, y: number) {
  return svg`<circle class="mark" cx=${x} cy=${y} r="3"></circle>`;
}

/** Rows of the table of confidently wrong problems. */
const MOST_ROWS = 100;

@customElement('rs-problems')
export class Problems extends Component {
  static override styles = [
    shared,
    css`
      vscode-text-field {
        width: 100%;
      }
      .count {
        display: flex;
        flex-wrap: wrap;
        gap: 2px 14px;
        margin: 2px 0 8px;
        color: var(--muted);
      }
      .likely {
        padding: 0;
        border: 0;
        background: none;
        color: inherit;
        font: inherit;
        cursor: pointer;
      }
      .likely:hover,
      .likely[aria-pressed='true'] {
        color: var(--vscode-foreground);
        text-decoration: underline;
      }
      .likely svg {
        display: inline-block;
        margin-right: 4px;
      }
      .mark {
        fill: var(--highlight);
        stroke: var(--vscode-editor-background);
      }
      .quadrants {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(240px, 100%), 1fr));
        gap: 10px 20px;
        margin-bottom: 12px;
      }
      .cells {
        display: flex;
        flex-wrap: wrap;
        gap: 2px;
      }
      .cell {
        padding: 0;
        border: 0;
        background: none;
        width: ${CELL}px;
        height: ${CELL}px;
        cursor: pointer;
        border-radius: 2px;
      }
      .cell[aria-selected='true'] {
        outline: 2px solid var(--vscode-focusBorder);
        outline-offset: 0;
      }
      .mass {
        fill: var(--accent);
        stroke: var(--edge);
      }
      .empty {
        fill: none;
        stroke: var(--rule);
      }
      .stroke {
        stroke: var(--wrong);
        stroke-width: 2;
      }
      .spark {
        fill: none;
        stroke: var(--wrong);
      }
      .text {
        max-width: 0;
        width: 60%;
        overflow: hidden;
        text-overflow: ellipsis;
      }
      tbody tr {
        cursor: pointer;
      }
    `,
  ];

  override render() {
    const { problems, filter } = this.store;
    const left = this.store.filtered;
    const order = TITLES.flatMap(([quadrant]) => left.filter(({ view }) => view.quadrant === quadrant));
    return html`
      <vscode-text-field
        aria-label="Filter problems"
        placeholder="Filter: share>0.8 right:no likely:wrong words of the text"
        .value=${filter}
        @input=${(event: Event) => this.store.setFilter((event.target as HTMLInputElement).value)}
      ></vscode-text-field>
      <div class="count">
        <span role="status">${filter ? `${left.length} of ` : ''}${plural(problems.length, 'problem')}</span>
        ${this.likely(filter)}
      </div>
      <div class="quadrants" @keydown=${(event: KeyboardEvent) => this.key(event, order)}>
        ${TITLES.map(([quadrant, title]) =>
          this.quadrant(
            title,
            left.filter(({ view }) => view.quadrant === quadrant),
            order[0],
          ),
        )}
      </div>
      ${this.wrong(left.filter(({ view }) => view.quadrant === 'confident-wrong'))}
    `;
  }

  /** How many were predicted to be amplified wrongly; pressed, only these are shown. */
  private likely(filter: string) {
    const count = this.store.rows.filter(({ view }) => view.prediction?.likelyWrong).length;
    if (count === 0) return nothing;
    const words = filter.split(/\s+/).filter(Boolean);
    const on = words.includes(LIKELY_WRONG);
    const toggled = on ? words.filter((word) => word !== LIKELY_WRONG) : [...words, LIKELY_WRONG];
    return html`<button class="likely" aria-pressed=${on} @click=${() => this.store.setFilter(toggled.join(' '))}>
      <svg width="8" height="8" aria-hidden="true">${mark(4, 4)}</svg>${count} likely amplified wrongly</button>`;
  }

  private quadrant(title: string, rows: ProblemRow[], first: ProblemRow | undefined) {
    if (rows.length === 0) return nothing;
    const { problem: selected } = this.store;
    const within = rows.some((row) => row.problem.index === selected);
    return html`<section>
      <h2>${title}<span class="value">${rows.length}</span></h2>
      <div class="cells" role="listbox" aria-label=${title}>
        ${rows.map(({ problem, view: { share, quadrant, answer, prediction } }) => {
          const label = `${problem.id}: ${answer ?? 'no answer'}, share ${shown(share)}${prediction?.likelyWrong ? ', likely amplified wrongly' : ''}`;
          const focusable = problem.index === selected || (!within && selected === null && problem === first?.problem);
          return html`<button
            class="cell"
            role="option"
            data-problem=${problem.index}
            aria-selected=${problem.index === selected}
            aria-label=${label}
            title=${`${label}\n${problem.text.slice(0, 200)}`}
            tabindex=${focusable ? 0 : -1}
            @click=${() => this.store.select(problem.index)}
          >
            <svg width=${CELL} height=${CELL} aria-hidden="true">
              <rect class=${share === null ? 'empty' : 'mass'} x="0.5" y="0.5" width=${CELL - 1} height=${CELL - 1} rx="2" fill-opacity=${0.15 + 0.85 * (share ?? 0)}></rect>
              ${prediction?.likelyWrong ? mark(CELL - 3.5, 3.5) : nothing}
              ${quadrant.endsWith('wrong') ? svg`<line class="stroke" x1="5" y1="5" x2=${CELL - 5} y2=${CELL - 5}></line>` : nothing}
            </svg>
          </button>`;
        })}
      </div>
    </section>`;
  }

  private wrong(rows: ProblemRow[]) {
    if (rows.length === 0) return nothing;
    const steps = Math.max(1, this.store.info?.steps ?? 1);
    const trained = this.store.info?.job === 'train';
    const predicting = this.store.columns.head.forecast !== null;
    const worst = [...rows].sort((a, b) => b.view.share! - a.view.share!).slice(0, MOST_ROWS);
    return html`<section>
      <h2>Confidently wrong<span class="value">majority share over 0.8, and wrong</span></h2>
      <table>
        <thead>
          <tr>
            <th>problem</th><th></th><th>majority</th><th>reference</th><th class="number">share</th>
            ${predicting ? html`<th class="number" title="Probability to end right, predicted before the first step">P(correct)</th>` : nothing}
            ${trained ? html`<th>over the steps</th><th class="number">since</th>` : nothing}
          </tr>
        </thead>
        <tbody>
          ${worst.map(
            ({ problem, view: { answer, share, since, prediction } }) => html`<tr
              tabindex="0"
              aria-selected=${problem.index === this.store.problem}
              @click=${() => this.store.select(problem.index)}
              @keydown=${(event: KeyboardEvent) => event.key === 'Enter' && this.store.select(problem.index)}
            >
              <td class="muted">${problem.id}</td>
              <td class="text">${problem.text}</td>
              <td class="mono wrong">${answer}</td>
              <td class="mono">${problem.answer}</td>
              <td class="number">${shown(share)}</td>
              ${predicting ? html`<td class="number">${shown(prediction?.right)}</td>` : nothing}
              ${
                trained
                  ? html`<td><svg width="70" height="14" aria-hidden="true">${shareSparkline(this.shares(problem.index), steps)}</svg></td>
                      <td class="number">${since.answer ?? DASH}</td>`
                  : nothing
              }
            </tr>`,
          )}
        </tbody>
      </table>
    </section>`;
  }

  /** The majority share of a problem while it was trained on. */
  private shares(problem: number): ShareAt[] {
    const { columns } = this.store;
    const { step, share } = columns.groups.columns;
    return columns.phaseRows(problem, 'train').map((row) => ({ step: step[row]!, share: known(share[row]!) }));
  }

  /** Arrows walk through the cells in the order in which they are shown. */
  private key(event: KeyboardEvent, order: ProblemRow[]): void {
    const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (move === undefined || order.length === 0) return;
    event.preventDefault();
    const now = order.findIndex((row) => row.problem.index === this.store.problem);
    const next = order[Math.max(0, Math.min(order.length - 1, now + move))]!;
    this.store.select(next.problem.index);
    void this.updateComplete.then(() => {
      requestAnimationFrame(() =>
        this.renderRoot.querySelector<HTMLElement>(`[data-problem="${next.problem.index}"]`)?.focus(),
      );
    });
  }
}
