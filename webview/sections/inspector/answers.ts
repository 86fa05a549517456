/** The answers of a group as bars, the largest cluster first. */
import { css, nothing } from 'lit';
import { plural } from '../../../engine/protocol/format.ts';
import type { ClusterCount } from '../../../engine/protocol/group.ts';
import { verdictMark } from '../../../engine/protocol/texts.ts';
import { html } from '../../html.ts';
import { correctnessClass } from './correctness.ts';

/** Length of the longest bar, CSS pixels. */
const BAR = 110;
/** Maximum number of answers shown. */
const MAX_ANSWERS = 8;

export const answerStyles = css`
  .answers {
    width: auto;
  }
  .answer {
    max-width: 14em;
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .bar {
    fill: var(--accent);
  }
  .bar.is-correct {
    fill: var(--correct);
  }
  .bar.is-wrong {
    fill: var(--wrong);
  }
  .bar.is-none {
    fill: var(--muted);
    fill-opacity: 0.6;
  }
`;

/**
 * Bars by count out of `rollouts`. Rollouts without an answer have their own row, and rows that are left out are
 * counted.
 */
export function answerTable(clusters: readonly ClusterCount[], rollouts: number, unanswered: number) {
  const rows = clusters.slice(0, MAX_ANSWERS);
  const more = clusters.length - rows.length;
  const row = (answer: string, count: number, kind: string, correct: boolean | null) => html`<tr data-count=${count}>
    <td class="mono answer" title=${answer}>${answer}</td>
    <td class=${correctnessClass(correct)}>${verdictMark(correct)}</td>
    <td><svg width=${BAR} height="11" aria-hidden="true"><rect class="bar ${kind}" width=${(BAR * count) / rollouts} height="11"></rect></svg></td>
    <td class="number">${count}</td>
  </tr>`;
  return html`<table class="answers">
    <tbody>
      ${rows.map(({ answer, count, correct }) => row(answer, count, correct === null ? '' : correct ? 'is-correct' : 'is-wrong', correct))}
      ${unanswered > 0 ? row('no answer', unanswered, 'is-none', null) : nothing}
    </tbody>
  </table>
  ${more > 0 ? html`<span class="muted">and ${plural(more, 'more answer')}</span>` : nothing}`;
}
