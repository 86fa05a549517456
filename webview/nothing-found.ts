/** What a list of problems says where the filter leaves none: which of its words finds how many alone, and a way back. */
import { css } from 'lit';
import { plural } from '../engine/protocol/format.ts';
import { countsOfWords, type FilteredRow } from './filter.ts';
import { html } from './html.ts';

export const nothingFoundStyles = css`
  .nothing-found {
    padding: 10px 12px;
    overflow-wrap: anywhere;
  }
  .nothing-found p {
    margin: 0 0 6px;
  }
  .nothing-found ul {
    margin: 0 0 8px;
    padding: 0;
    list-style: none;
  }
`;

/** @param rows that the filter chose from @param clear empties the filter */
export function nothingFound(filter: string, rows: readonly FilteredRow[], clear: () => void) {
  const words = countsOfWords(filter, rows);
  return html`<div class="nothing-found" data-nothing-found>
    <p>No problem matches ${words.length > 1 ? 'all terms of the filter' : 'the filter'}.</p>
    <ul class="muted">
      ${words.map(({ word, isText, count }) => html`<li data-word=${word} data-count=${count}><b class="mono">${word}</b>${isText ? ' in the text' : ''}: ${plural(count, 'problem')}</li>`)}
    </ul>
    <button class="link word" data-action="clear-filter" title="Escape in the filter field" @click=${clear}>Clear the filter</button>
  </div>`;
}
