/**
 * The parts around the list of problems: a filter for predictions, the choice of its order, and the legend of its
 * matrix.
 */
import { nothing } from 'lit';
import { PROBLEM_SORTS, type ProblemOrder } from '../../../engine/runs/panel-state.ts';
import { wordsOf } from '../../filter.ts';
import { html } from '../../html.ts';
import { groupings, SORT_TITLES } from '../../problem-order.ts';
import type { Store } from '../../store.ts';

const PREDICTED_WRONG = 'predicted:wrong';
/** Below this width of the list, CSS pixels, its legend is folded. */
const NARROW = 330;
/** Earlier spellings of this term. */
const SAME_TERM = [PREDICTED_WRONG, 'likely:wrong'];

/** The number of problems whose predicted majority is probably wrong; a toggle that shows only these. */
export function predictedWrong({ problems, columns, selection }: Store) {
  const predictions = columns.head.forecast?.problems;
  const count = predictions ? problems.filter(({ index }) => predictions[index]?.likelyWrong).length : 0;
  if (count === 0) return nothing;
  const words = wordsOf(selection.filter);
  const on = words.some((word) => SAME_TERM.includes(word));
  const toggled = on ? words.filter((word) => !SAME_TERM.includes(word)) : [...words, PREDICTED_WRONG];
  return html`<button
    class="link predicted"
    aria-pressed=${on}
    data-count=${count}
    title="Problems whose predicted majority has P(correct) below 0.5"
    @click=${() => selection.setFilter(toggled.join(' '))}
  >${count} predicted wrong</button>`;
}

/** The choice of the list's order and groups. */
export function orderChoice({ selection, dataColumns }: Store) {
  const { order } = selection;
  const choice = <K extends keyof ProblemOrder>(
    name: K,
    label: string,
    values: readonly (readonly [ProblemOrder[K], string])[],
  ) =>
    html`<label>${label} <select data-order=${name} @change=${(event: Event) =>
      selection.setOrder({ [name]: (event.target as HTMLSelectElement).value })}>
      ${values.map(([value, title]) => html`<option value=${value} .selected=${value === order[name]}>${title}</option>`)}
    </select></label>`;
  const sorts = PROBLEM_SORTS.map((sort) => [sort, SORT_TITLES[sort]] as const);
  return html`${choice('sort', 'sorted by', sorts)} ${choice('grouping', 'grouped by', groupings(dataColumns))}`;
}

/** The meaning of cells and marks; the samples are drawn with the matrix. */
export function matrixLegend({ columns, info }: Store, width: number) {
  const { labeled, forecast } = columns.head;
  const sample = (standing: string, text: string) =>
    html`<span class="sample"><canvas data-standing=${standing} width="22" height="12" aria-hidden="true"></canvas>${text}</span>`;
  const content = html`${labeled ? html`${sample('correct', 'majority correct')}${sample('wrong', 'majority wrong')}` : sample('unknown', 'majority')}
    ${sample('undecided', 'tie or single vote')}${sample('unanswered', 'no answer')}
    <span>stronger: larger share</span>
    ${labeled && info?.job !== 'probe' ? html`<span>↑ fixed, ↓ broke since A</span>` : nothing}
    ${forecast ? html`<span>◦ predicted wrong</span>` : nothing}`;
  // In a narrow list the problems need the room.
  if (width >= NARROW) return html`<div class="legend muted">${content}</div>`;
  return html`<details class="legend muted"><summary>Legend</summary><div>${content}</div></details>`;
}
