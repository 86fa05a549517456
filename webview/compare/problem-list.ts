/** The problems of two runs: each run's answer, whether it is correct, and links to it. */
import { css, nothing } from 'lit';
import { DASH, plural } from '../../engine/protocol/format.ts';
import { quantityText } from '../../engine/protocol/quantities.ts';
import { referenceText } from '../../engine/protocol/reference.ts';
import { oneLine, verdictMark } from '../../engine/protocol/texts.ts';
import { shownVerdict, VOTE_TITLES, verdictAsBoolean } from '../../engine/protocol/verdict.ts';
import { RUN_LETTERS } from '../../engine/runs/comparison/letters.ts';
import type { ProblemView } from '../../engine/runs/problem-view.ts';
import { html, svg } from '../html.ts';
import { nothingFound, nothingFoundStyles } from '../nothing-found.ts';
import '../filter-field.ts';
import { moveOf } from '../../engine/runs/moves.ts';
import type { ComparedRow, CompareStore } from './store.ts';

/** Rows that are drawn; a filter finds the others. */
const MAX_ROWS = 300;
const MAX_ANSWER_LENGTH = 40;
/** Size of the line between the shares of the two runs, in CSS pixels. */
const SLOPE = { width: 44, height: 16 };

export const listStyles = css`
  ${nothingFoundStyles}
  .choice {
    display: flex;
    flex-wrap: wrap;
    gap: 4px 14px;
    align-items: center;
    margin: 4px 0;
  }
  .choice rs-filter {
    flex: 1 1 20em;
  }
  .problems td {
    max-width: 22em;
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .slope {
    fill: none;
    stroke: var(--vscode-foreground);
    stroke-width: 1.4;
  }
  .slope.correct {
    stroke: var(--correct);
  }
  .slope.wrong {
    stroke: var(--wrong);
  }
`;

/** The problems that match, those that are correct in only one of the runs first. */
export function problemList(store: CompareStore) {
  const { rows, first, second } = store;
  const [a, b] = [RUN_LETTERS[first]!, RUN_LETTERS[second]!];
  const sorted = [...rows].sort((one, other) => sortRank(one) - sortRank(other));
  return html`<table class="problems" role="grid" aria-label="Problems of ${a} and ${b}" aria-rowcount=${rows.length + 1} @keydown=${move}>
      <thead><tr><th>problem</th><th></th><th>reference</th><th>${a}</th><th>${b}</th><th class="number" title="P(correct) in ${a} and in ${b}">P(correct)</th><th></th><th>text</th></tr></thead>
      <tbody>${sorted.slice(0, MAX_ROWS).map((row, i) => line(store, row, i))}</tbody>
    </table>
    ${rows.length === 0 ? noRows(store) : nothing}
    ${rows.length > MAX_ROWS ? html`<p class="muted">and ${plural(rows.length - MAX_ROWS, 'more problem')}: filter to find them</p>` : nothing}`;
}

/** Why there are none, and what shows some. */
function noRows(store: CompareStore) {
  const { filter, candidates, all } = store;
  if (filter.trim() && candidates.length > 0)
    return nothingFound(filter, candidates, () => store.choose({ filter: '' }));
  if (all) return nothing;
  return html`<div class="nothing-found" data-nothing-found>
    <p>Both runs give every problem the same answer.</p>
    <button class="link word" data-action="show-all" @click=${() => store.choose({ all: true })}>Show all problems</button>
  </div>`;
}

/** How many of them there are, which two runs they are of, and the filter. */
export function listChoice(store: CompareStore) {
  const { shown, first, second, filter } = store;
  const runs = shown!.runs;
  return html`<div class="choice">
    <h2>Problems</h2>
    ${
      runs.length > 2
        ? html`<label>${RUN_LETTERS[first]} and <select aria-label="Run against ${RUN_LETTERS[first]}" @change=${(event: Event) => store.choose({ second: Number((event.target as HTMLSelectElement).value) })}>
            ${runs.map((_, i) => (i === first ? nothing : html`<option value=${i} .selected=${i === second}>${RUN_LETTERS[i]}</option>`))}
          </select></label>`
        : nothing
    }
    <rs-filter .value=${filter} .placeholder=${'Filter: fixed broke switched stayed:wrong gained>0.3 words in the problem'} .change=${(text: string) => store.choose({ filter: text })}></rs-filter>
    <label><input type="checkbox" data-all .checked=${!store.all} @change=${(event: Event) => store.choose({ all: !(event.target as HTMLInputElement).checked })}> only those that differ</label>
    <span class="muted" role="status" data-matching=${store.rows.length}>${store.rows.length} of ${plural(shown!.comparison?.matched.problems ?? 0, 'problem')}</span>
  </div>`;
}

/** First the problems that only one run has right, then those with different answers, then the others. */
function sortRank(row: ComparedRow): number {
  return moveOf(row) !== null ? 0 : row.view.answer !== row.before.answer ? 1 : 2;
}

function line(store: CompareStore, row: ComparedRow, i: number) {
  const { problem, view, before } = row;
  const { first, second } = store;
  const move = moveOf(row);
  const [a, b] = [RUN_LETTERS[first]!, RUN_LETTERS[second]!];
  const words = move === 'fixed' ? `wrong in ${a}, correct in ${b}` : `correct in ${a}, wrong in ${b}`;
  return html`<tr data-problem=${problem.id} data-move=${move ?? nothing}>
    <td title=${problem.id}>${oneLine(problem.id, MAX_ANSWER_LENGTH)}</td>
    <td>${move ? html`<span class=${move === 'fixed' ? 'correct' : 'wrong'} role="img" aria-label=${words} title=${words}>${move === 'fixed' ? '↑' : '↓'}</span>` : nothing}</td>
    <td class="mono">${referenceText(problem) ?? DASH}</td>
    <td>${answer(store, first, before, i === 0)}</td>
    <td>${answer(store, second, view, false)}</td>
    <td class="number">${quantityText('share', before.accuracy)} → ${quantityText('share', view.accuracy)}</td>
    <td>${slope(before.accuracy, view.accuracy)}</td>
    <td class="muted" title=${problem.text.slice(0, 300)}>${oneLine(problem.text, 120)}</td>
  </tr>`;
}

/** The answer of a run, which opens the problem there. */
function answer(
  store: CompareStore,
  run: number,
  { problem, answer: text, share, status, verdict }: ProblemView,
  isFirst: boolean,
) {
  const shownAs = shownVerdict({ status, verdict });
  const mark = verdictMark(verdictAsBoolean(shownAs));
  const shown = text === null ? (status === 'unsampled' ? DASH : 'no answer') : oneLine(text, MAX_ANSWER_LENGTH);
  const kind = shownAs === 'unknown' ? 'muted' : shownAs;
  const title = `${text ?? ''} ${status === 'unsampled' ? 'not sampled' : VOTE_TITLES[status]}\nOpen in ${RUN_LETTERS[run]}`;
  return html`<button class="link" tabindex=${isFirst ? 0 : -1} title=${title} @click=${() => store.open(run, problem)}>
    <span class="mono ${kind}">${mark} ${shown}</span> <span class="muted">${quantityText('share', share)}</span></button>`;
}

/** A line from one value to the other, both between 0 and 1. */
function slope(from: number | null, to: number | null) {
  if (from === null || to === null) return nothing;
  const y = (value: number) => SLOPE.height - 2 - value * (SLOPE.height - 4);
  const kind = to > from ? 'correct' : to < from ? 'wrong' : '';
  return html`<svg width=${SLOPE.width} height=${SLOPE.height} aria-hidden="true">${svg`<path class="slope ${kind}" d=${`M2 ${y(from)}L${SLOPE.width - 2} ${y(to)}`}></path>`}</svg>`;
}

/** Arrows move through the answers: up and down by rows, left and right between the runs. */
function move(event: KeyboardEvent): void {
  const grid = event.currentTarget as HTMLElement;
  const buttons = [...grid.querySelectorAll<HTMLElement>('tbody button')];
  const now = buttons.indexOf(event.target as HTMLElement);
  const by: Record<string, number> = {
    ArrowDown: 2,
    ArrowUp: -2,
    ArrowRight: 1,
    ArrowLeft: -1,
    Home: -now,
    End: buttons.length - 1 - now,
  };
  const next = buttons[now + (by[event.key] ?? 0)];
  if (now < 0 || by[event.key] === undefined || !next) return;
  event.preventDefault();
  for (const button of buttons) button.tabIndex = button === next ? 0 : -1;
  next.focus();
}
