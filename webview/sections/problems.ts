/** The problems by majority share and correctness of the majority, and the confident & wrong ones as a table. */

import { css, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import { DASH, plural } from '../../engine/protocol/format.ts';
import { quantityText } from '../../engine/protocol/quantities.ts';
import { referenceText } from '../../engine/protocol/reference.ts';
import { CONFIDENT, VOTE_TITLES } from '../../engine/protocol/verdict.ts';
import { historyOf } from '../../engine/runs/history.ts';
import type { AnyQuadrant, ProblemView } from '../../engine/runs/problem-view.ts';
import { shareSparkline } from '../charts/sparkline.ts';
import { Component } from '../component.ts';
import { html, svg } from '../html.ts';
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
const PREDICTED_WRONG = 'predicted:wrong';
/** Earlier spellings of this term. */
const SAME_TERM = [PREDICTED_WRONG, 'likely:wrong'];

/** The mark of a problem whose predicted majority is probably wrong. */
function mark(x: number, y: number) {
  return svg`<circle class="mark" cx=${x} cy=${y} r="3"></circle>`;
}

/** How the vote on a problem stands, for its cell. */
function votedText({ status, answer, share }: ProblemView): string {
  switch (status) {
    case 'unsampled':
      return 'not sampled yet';
    case 'unanswered':
      return 'no answer';
    case 'single':
    case 'tie':
      return `${answer} (${VOTE_TITLES[status]}), share ${quantityText('share', share)}`;
    case 'majority':
      return `${answer}, majority share ${quantityText('share', share)}`;
  }
}

/** Maximum rows of the table. */
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
      .predicted {
        padding: 0;
        border: 0;
        background: none;
        color: inherit;
        font: inherit;
        cursor: pointer;
      }
      .predicted:hover,
      .predicted[aria-pressed='true'] {
        color: var(--vscode-foreground);
        text-decoration: underline;
      }
      .predicted svg {
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
      .cut {
        max-width: 9em;
        overflow: hidden;
        text-overflow: ellipsis;
      }
      .scroll {
        overflow-x: auto;
      }
      tbody tr {
        cursor: pointer;
      }
    `,
  ];

  override render() {
    const { problems, selection } = this.store;
    const { filter } = selection;
    const matching = this.store.filtered;
    const order = TITLES.flatMap(([quadrant]) => matching.filter(({ view }) => view.quadrant === quadrant));
    return html`
      <vscode-text-field
        aria-label="Filter problems"
        placeholder="Filter: share>0.8 majority:wrong predicted:wrong words in the problem"
        .value=${filter}
        @input=${(event: Event) => this.store.selection.setFilter((event.target as HTMLInputElement).value)}
      ></vscode-text-field>
      <div class="count">
        <span role="status">${filter ? `${matching.length} of ` : ''}${plural(problems.length, 'problem')}</span>
        ${this.predicted(filter)}
      </div>
      <div class="quadrants" @keydown=${(event: KeyboardEvent) => this.key(event, order)}>
        ${TITLES.map(([quadrant, title]) =>
          this.quadrant(
            title,
            matching.filter(({ view }) => view.quadrant === quadrant),
            order[0],
          ),
        )}
      </div>
      ${this.wrong(matching.filter(({ view }) => view.quadrant === 'confident-wrong'))}
    `;
  }

  /** The number of problems whose predicted majority is probably wrong; a toggle that shows only these. */
  private predicted(filter: string) {
    const count = this.store.rows.filter(({ view }) => view.prediction?.likelyWrong).length;
    if (count === 0) return nothing;
    const words = filter.split(/\s+/).filter(Boolean);
    const on = words.some((word) => SAME_TERM.includes(word));
    const toggled = on ? words.filter((word) => !SAME_TERM.includes(word)) : [...words, PREDICTED_WRONG];
    return html`<button
      class="predicted"
      aria-pressed=${on}
      data-count=${count}
      title="Problems whose predicted majority has P(correct) below 0.5"
      @click=${() => this.store.selection.setFilter(toggled.join(' '))}
    >
      <svg width="8" height="8" aria-hidden="true">${mark(4, 4)}</svg>${count} predicted wrong</button>`;
  }

  private quadrant(title: string, rows: ProblemRow[], first: ProblemRow | undefined) {
    if (rows.length === 0) return nothing;
    const { problem: selected } = this.store.selection;
    const within = rows.some((row) => row.problem.index === selected);
    return html`<section data-quadrant=${rows[0]!.view.quadrant}>
      <h2>${title}<span class="value">${rows.length}</span></h2>
      <div class="cells" role="listbox" aria-label=${title}>
        ${rows.map(({ problem, view }) => {
          const { share, status, quadrant, prediction } = view;
          const label = `${problem.id}: ${votedText(view)}${prediction?.likelyWrong ? ', predicted wrong' : ''}`;
          const focusable = problem.index === selected || (!within && selected === null && problem === first?.problem);
          return html`<button
            class="cell"
            role="option"
            data-problem=${problem.index}
            aria-selected=${problem.index === selected}
            aria-label=${label}
            title=${`${label}\n${problem.text.slice(0, 200)}`}
            tabindex=${focusable ? 0 : -1}
            @click=${() => this.store.selection.select(problem.index)}
          >
            <svg width=${CELL} height=${CELL} aria-hidden="true">
              <rect class=${share === null ? 'empty' : 'mass'} x="0.5" y="0.5" width=${CELL - 1} height=${CELL - 1} rx="2" fill-opacity=${0.15 + 0.85 * (share ?? 0)}></rect>
              ${prediction?.likelyWrong ? mark(CELL - 3.5, 3.5) : nothing}
              ${status === 'majority' && quadrant.endsWith('wrong') ? svg`<line class="stroke" x1="5" y1="5" x2=${CELL - 5} y2=${CELL - 5}></line>` : nothing}
            </svg>
          </button>`;
        })}
      </div>
    </section>`;
  }

  private wrong(rows: ProblemRow[]) {
    if (rows.length === 0) return nothing;
    const steps = Math.max(1, this.store.info?.steps ?? 1);
    const trained = this.store.info !== null && this.store.info.job !== 'probe';
    const predicting = this.store.columns.head.forecast !== null;
    // In a narrow panel the problem's text is worth more.
    const history = trained && this.width >= 480;
    const since = trained && this.width >= 560;
    const worst = [...rows].sort((a, b) => b.view.share! - a.view.share!).slice(0, MOST_ROWS);
    return html`<section>
      <h2>Confident & wrong, by share<span class="value">majority share above ${CONFIDENT}</span></h2>
      <div class="scroll"><table>
        <thead>
          <tr>
            <th>problem</th><th></th><th>majority</th><th>reference</th><th class="number">share</th>
            ${predicting ? html`<th class="number" title="Probability that the final majority is correct, predicted before step 1">P(correct)</th>` : nothing}
            ${history ? html`<th>share by step</th>` : nothing}
            ${since ? html`<th class="number">since step</th>` : nothing}
          </tr>
        </thead>
        <tbody>
          ${worst.map(
            ({ problem, view: { answer, status, share, since: from, prediction } }) => html`<tr
              tabindex="0"
              data-problem=${problem.index}
              aria-selected=${problem.index === this.store.selection.problem}
              @click=${() => this.store.selection.select(problem.index)}
              @keydown=${(event: KeyboardEvent) => event.key === 'Enter' && this.store.selection.select(problem.index)}
            >
              <td class="muted cut" title=${problem.id}>${problem.id}</td>
              <td class="text">${problem.text}</td>
              <td class="mono wrong cut" title=${answer ?? nothing}>${answer}${status === 'tie' ? html` <span class="muted">(tie)</span>` : nothing}</td>
              <td class="mono cut" title=${referenceText(problem)}>${referenceText(problem)}</td>
              <td class="number">${quantityText('share', share)}</td>
              ${predicting ? html`<td class="number">${quantityText('probability', prediction?.right)}</td>` : nothing}
              ${
                history
                  ? html`<td><svg width="70" height="14" aria-hidden="true">${shareSparkline(historyOf(this.store.columns, problem.index), steps)}</svg></td>`
                  : nothing
              }
              ${since ? html`<td class="number">${from.answer ?? DASH}</td>` : nothing}
            </tr>`,
          )}
        </tbody>
      </table></div>
    </section>`;
  }

  /** Arrow keys move through the cells in the order shown. */
  private key(event: KeyboardEvent, order: ProblemRow[]): void {
    const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (move === undefined || order.length === 0) return;
    event.preventDefault();
    const now = order.findIndex((row) => row.problem.index === this.store.selection.problem);
    const next = order[Math.max(0, Math.min(order.length - 1, now + move))]!;
    this.store.selection.select(next.problem.index);
    void this.updateComplete.then(() => {
      requestAnimationFrame(() =>
        this.renderRoot.querySelector<HTMLElement>(`.cell[data-problem="${next.problem.index}"]`)?.focus(),
      );
    });
  }
}
