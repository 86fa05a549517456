/** Navigation within a response: to its most surprising tokens, and to the matches of a search. */
import { css, nothing } from 'lit';
import { integer } from '../../../engine/protocol/format.ts';
import { html } from '../../html.ts';
import { MAX_MATCHES } from './prepared.ts';

export const jumpStyles = css`
  .jumps {
    display: flex;
    flex-wrap: wrap;
    gap: 4px 8px;
    align-items: center;
  }
  .jumps input {
    flex: 1 1 8em;
    min-width: 6em;
    padding: 2px 6px;
    border: 1px solid var(--vscode-input-border, var(--rule));
    color: var(--vscode-input-foreground);
    background: var(--vscode-input-background);
    font: inherit;
  }
`;

export interface Jumps {
  /** null: probabilities are not recorded. */
  surprising: readonly number[] | null;
  /** The chosen token. */
  now: number | null;
  wanted: string;
  found: number;
  goToSurprising(): void;
  search(wanted: string): void;
  nextHit(by: 1 | -1): void;
}

/** The template of the ways to jump. */
export function jumps({ surprising, now, wanted, found, goToSurprising: surprise, search, nextHit }: Jumps) {
  const rank = surprising === null || now === null ? -1 : surprising.indexOf(now);
  const count = found === MAX_MATCHES ? `${integer(MAX_MATCHES)} or more` : integer(found);
  const key = (event: KeyboardEvent) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    nextHit(event.shiftKey ? -1 : 1);
  };
  return html`<div class="jumps">
    ${
      surprising === null
        ? nothing
        : html`<button class="link word" data-action="surprise" ?disabled=${surprising.length === 0} title="The least probable tokens, one after another (s, S)" @click=${surprise}>Most surprising${rank < 0 ? nothing : ` ${rank + 1} of ${surprising.length}`}</button>`
    }
    <input type="search" placeholder="Find in the rollout (F)" aria-label="Find in the rollout" .value=${wanted} @input=${(event: Event) => search((event.currentTarget as HTMLInputElement).value)} @keydown=${key}>
    ${wanted === '' ? nothing : html`<span class="muted" role="status" data-found=${found}>${count} found</span>`}
  </div>`;
}
