/** The search among all rollouts of the run: conditions, how often they hold over the steps, and the first matches. */
import { css, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import { DASH, integer, percent, plural } from '../../engine/protocol/format.ts';
import { PHASES, type Phase } from '../../engine/protocol/group-id.ts';
import { quantityText } from '../../engine/protocol/quantities.ts';
import type { FindHit, FindQuery, FindResult } from '../../engine/runs/find-query.ts';
import { highestText, hitBarStyles, hitBars } from '../charts/hit-bars.ts';
import { Component } from '../component.ts';
import { failureNotice, failureStyles } from '../failure-notice.ts';
import { goTo } from '../go-to.ts';
import { html } from '../html.ts';
import { ROW_KEYS } from '../row-keys.ts';
import { shared } from '../styles.ts';
import { findFieldStyles, findFields } from './find/fields.ts';
import { correctnessClass } from './inspector/correctness.ts';

/** Below this width, CSS pixels, the counts of a phase are below its bars. */
const NARROW = 420;

/** The element of the search; hidden until it is opened. */
@customElement('rs-find')
export class Find extends Component {
  static override styles = [
    shared,
    failureStyles,
    findFieldStyles,
    hitBarStyles,
    css`
      :host {
        display: flex;
        flex-direction: column;
        max-height: 40vh;
        overflow-y: auto;
        padding: 5px 12px;
        border-bottom: 1px solid var(--rule);
      }
      .said {
        display: flex;
        flex-wrap: wrap;
        gap: 4px 12px;
        align-items: center;
        margin-top: 4px;
      }
      .phases {
        display: grid;
        grid-template-columns: max-content 1fr max-content;
        gap: 2px 10px;
        align-items: center;
        margin: 4px 0;
      }
      .hits {
        min-height: 3em;
        overflow: auto;
      }
      tbody tr {
        cursor: pointer;
      }
      td.response {
        width: 100%;
        max-width: 0;
        overflow: hidden;
        text-overflow: ellipsis;
      }
      /* In a narrow panel the response needs the room. */
      @media (max-width: 700px) {
        .minor {
          display: none;
        }
      }
      @media (max-width: ${NARROW}px) {
        .phases {
          grid-template-columns: max-content 1fr;
        }
        .phases > :nth-child(3n) {
          grid-column: 2;
        }
      }
      mark {
        color: inherit;
        background: var(--vscode-editor-findMatchHighlightBackground);
        outline: 1px solid var(--vscode-editor-findMatchHighlightBorder, transparent);
      }
    `,
  ];

  private chosen = 0;

  override render() {
    const { finder, failures, columns } = this.store;
    return html`<section aria-label="Find rollouts" @keydown=${this.key}>
        ${findFields({
          query: finder.query,
          labeled: columns.head.labeled,
          set: (change) => finder.set(change),
          start: () => this.start(),
          close: () => finder.close(),
        })}
        ${failureNotice('find', failures.of('find'), () => failures.clear('find'))}
        ${this.searchStatus()}
      </section>
      ${finder.at.state === 'found' ? this.found(finder.at.result) : nothing}`;
  }

  override updated(): void {
    if (!this.store.finder.takeFocus()) return;
    const field = this.renderRoot.querySelector<HTMLInputElement>('[data-find-text]');
    field?.focus();
    field?.select();
  }

  private start(change: Partial<FindQuery> = {}): void {
    this.chosen = 0;
    this.store.finder.set(change);
    this.store.finder.start();
  }

  private readonly key = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    this.store.finder.close();
  };

  /** The progress of the search, or its result. */
  private searchStatus() {
    const { finder } = this.store;
    const { at } = finder;
    if (at.state === 'idle') return nothing;
    if (at.state === 'searching') {
      const { progress } = at;
      const text = progress
        ? `Searched ${integer(progress.done)} of ${plural(progress.of, 'group')} (${percent(progress.done / progress.of)}): ${integer(progress.hits)} found`
        : 'Searching…';
      return html`<div class="said">
        <span role="status" data-find="searching">${text}</span>
        <vscode-button appearance="secondary" data-action="cancel-find" @click=${() => finder.cancel()}>Cancel</vscode-button>
      </div>`;
    }
    const { total, rollouts, groups, problems } = at.result;
    const among = total > 0 ? `, in ${plural(groups, 'group')} of ${plural(problems, 'problem')}` : '';
    return html`<div class="said">
      <span role="status" data-find="found" data-total=${total}>${integer(total)} of ${plural(rollouts, 'rollout')} found${among}</span>
      ${notSearchedTexts(at.result).map((text) => html`<span class="muted">${text}</span>`)}
    </div>`;
  }

  private found(result: FindResult) {
    if (result.total === 0) return nothing;
    const more = result.total - result.hits.length;
    return html`
      <div class="phases">${PHASES.map((phase) => this.overSteps(phase, result))}</div>
      <div class="hits">
        <table role="grid" aria-label="Rollouts found">
          <thead>
            <tr><th>problem</th><th class="minor">phase</th><th class="number">step</th><th class="number">rollout</th><th>answer</th><th class="number minor">reward</th><th>response</th></tr>
          </thead>
          <tbody>${result.hits.map((hit, i) => this.row(hit, i))}</tbody>
        </table>
        ${more > 0 ? html`<p class="muted">${integer(more)} more: choose a step in the bars above, or add conditions.</p>` : nothing}
      </div>`;
  }

  /** A phase's share of rollouts found, a bar for each step. */
  private overSteps(phase: Phase, { steps }: FindResult) {
    const some = steps.filter((item) => item.phase === phase);
    if (some.length === 0) return nothing;
    const last = Math.max(1, this.store.columns.step);
    const width = Math.max(60, this.width - (this.width < NARROW ? 110 : 270));
    const look = (step: number) => this.start({ firstStep: step, lastStep: step });
    return html`<span class="muted">${phase}</span>${hitBars({ phase, steps: some, last, width, look })}<span class="muted">${highestText(some)}</span>`;
  }

  private row(hit: FindHit, i: number) {
    const { problem, phase, step, rollout, answer, correct, reward, excerpt } = hit;
    return html`<tr
      tabindex=${i === this.chosen ? 0 : -1}
      aria-selected=${i === this.chosen}
      data-hit=${i}
      @click=${() => this.go(i)}
      @keydown=${(event: KeyboardEvent) => this.move(event, i)}
    >
      <td>${this.store.problems[problem]?.id ?? problem}</td>
      <td class="muted minor">${phase}</td>
      <td class="number">${step}</td>
      <td class="number">${rollout + 1}</td>
      <td class="mono ${correctnessClass(correct)}">${answer ?? DASH}</td>
      <td class="number minor">${quantityText('reward', reward)}</td>
      <td class="response">${excerpt.cutBefore ? '…' : ''}${oneLineText(excerpt.before)}${excerpt.match === '' ? nothing : html`<mark>${oneLineText(excerpt.match)}</mark>`}${oneLineText(excerpt.after)}${excerpt.cutAfter ? '…' : ''}</td>
    </tr>`;
  }

  private move(event: KeyboardEvent, i: number): void {
    const { at } = this.store.finder;
    if (at.state !== 'found') return;
    const by = ROW_KEYS[event.key];
    if (event.key !== 'Enter' && by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (by === undefined) {
      this.go(i);
      return;
    }
    this.chosen = Math.max(0, Math.min(at.result.hits.length - 1, i + by));
    this.requestUpdate();
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>('tr[tabindex="0"]')?.focus());
  }

  private go(i: number): void {
    const { at } = this.store.finder;
    const hit = at.state === 'found' ? at.result.hits[i] : undefined;
    if (!hit) return;
    this.chosen = i;
    goTo(this.store, hit, hit.rollout);
    this.requestUpdate();
  }
}

const oneLineText = (text: string) => text.replace(/\s+/g, ' ');

function notSearchedTexts({ notStored, unreadable, fault, givenUp }: FindResult): string[] {
  return [
    ...(notStored > 0 ? [`Not searched: ${plural(notStored, 'group')} whose rollouts were not stored.`] : []),
    ...(unreadable > 0 ? [`Not searched: ${plural(unreadable, 'group')} that cannot be read: ${fault}`] : []),
    ...(givenUp > 0 ? [`The pattern takes too long on ${plural(givenUp, 'response')}, which count as not found.`] : []),
  ];
}
