/** Where a rollout diverges from a sibling with another answer, and the tokens that were drawn there. */
import { css, nothing } from 'lit';
import { DASH, integer, plural } from '../../../engine/protocol/format.ts';
import { quantityText } from '../../../engine/protocol/quantities.ts';
import { type DrawnToken, type ForkPoint, forkText, type NoFork } from '../../../engine/runs/fork-point.ts';
import { html } from '../../html.ts';

export const forkStyles = css`
  .parting {
    margin: 6px 0;
    padding: 4px 8px;
    border-left: 2px solid var(--vscode-focusBorder);
  }
  .parting .context {
    overflow-wrap: anywhere;
    white-space: pre-wrap;
  }
  .parting table {
    width: auto;
  }
  .parting .ways {
    display: flex;
    flex-wrap: wrap;
    gap: 0 14px;
  }
  .parting .ways button {
    color: var(--vscode-textLink-foreground);
  }
  .parting td {
    padding-right: 14px;
  }
  .drawn {
    padding: 0 3px;
    border: 1px solid var(--rule);
    white-space: pre;
  }
`;

/** Characters of the shared beginning that are shown. */
const CONTEXT = 60;
/** Alternatives that are shown. */
const MAX_ALTERNATIVES = 6;

export interface ForkView {
  fork: ForkPoint | NoFork;
  /** The response. */
  text: string;
  goTo(): void;
  /** Shows the sibling. */
  choose(sibling: number): void;
  /** Opens both in the editor's diff; absent outside the editor. */
  compare?(sibling: number): void;
}

/** The template of a fork point, or of why there is none. */
export function forkView({ fork, text, goTo, choose, compare }: ForkView) {
  if (typeof fork === 'string') return html`<p class="muted" data-fork="none">${forkText(fork)}</p>`;
  const { sibling, unit, shared, offset, drawn, rest, undrawnTop } = fork;
  const shown = drawn.filter((token, i) => i < MAX_ALTERNATIVES || token.isOwn || token.isSibling);
  const before = text.slice(Math.max(0, offset - CONTEXT), offset);
  const hasReference = drawn.some(({ correct }) => correct !== null);
  const drawnBy = (is: (token: DrawnToken) => boolean) => {
    const token = drawn.find(is);
    if (!token) return DASH;
    // Another trainer may not have recorded it.
    const known = token.probability === null ? nothing : quantityText('tokenProbability', token.probability);
    return html`${word(token.text)} ${known}`;
  };
  return html`<section class="parting" data-fork=${shared} data-sibling=${sibling + 1}>
    <div><b>${forkText(fork)}</b>: here ${drawnBy(({ isOwn }) => isOwn)}, there ${drawnBy(({ isSibling }) => isSibling)}</div>
    ${before === '' ? nothing : html`<div class="context mono muted">${offset > CONTEXT ? '…' : ''}${before}▸</div>`}
    <div class="ways">
      <button class="link" data-action="to-fork" title="f" @click=${goTo}>Go to ${unit}</button>
      <button class="link" data-action="choose-sibling" @click=${() => choose(sibling)}>Show rollout ${sibling + 1}</button>
      ${compare ? html`<button class="link" data-action="compare-rollouts" @click=${() => compare(sibling)}>Diff with rollout ${sibling + 1}</button>` : nothing}
    </div>
    <details>
      <summary>${plural(drawn.length, 'alternative')} drawn by ${plural(
        drawn.reduce((sum, item) => sum + item.rollouts, 0),
        'rollout',
      )}${undrawnTop === null ? '' : ', the likeliest by none'}</summary>
      <table aria-label="Tokens sampled at the fork point">
        <thead>
          <tr>
            <th>${unit}</th>
            <th class="number">probability</th>
            <th class="number">rollouts</th>
            ${hasReference ? html`<th class="number">correct</th>` : nothing}
          </tr>
        </thead>
        <tbody>
          ${undrawnTop === null ? nothing : html`<tr><td class="muted">likeliest, never drawn</td><td class="number">${quantityText('tokenProbability', undrawnTop)}</td></tr>`}
          ${shown.map((token) => row(token, sibling, hasReference))}
          ${rest === null ? nothing : html`<tr><td class="muted">never drawn, in total</td><td class="number muted">${quantityText('tokenProbability', rest)}</td></tr>`}
        </tbody>
      </table>
    </details>
  </section>`;
}

function word(text: string | null) {
  return text === null
    ? html`<span class="muted">end of the response</span>`
    : html`<span class="drawn mono">${text.replace(/\n/g, '↵')}</span>`;
}

function row(
  { text, probability, rollouts, correct, isOwn, isSibling }: DrawnToken,
  sibling: number,
  hasReference: boolean,
) {
  const whose = isOwn ? 'this rollout' : isSibling ? `rollout ${sibling + 1}` : '';
  return html`<tr data-drawn=${whose}>
    <td>${word(text)} <span class="muted">${whose}</span></td>
    <td class="number">${quantityText('tokenProbability', probability)}</td>
    <td class="number">${integer(rollouts)}</td>
    ${hasReference ? html`<td class="number">${integer(correct)}</td>` : nothing}
  </tr>`;
}
