/** The page that compares runs: their metrics at a step, curves, and the settings and problems that differ. */
import { css, LitElement, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import { percent } from '../../engine/protocol/format.ts';
import { RUN_LETTERS } from '../../engine/runs/comparison/letters.ts';
import { matchedText } from '../../engine/runs/comparison/text.ts';
import { failureStyles } from '../failure-notice.ts';
import { html } from '../html.ts';
import { onResize } from '../resize.ts';
import { settingsStyles, settingsTable } from '../settings-table.ts';
import { selectStyles, shared } from '../styles.ts';
import { onThemeChange } from '../theme.ts';
import { ComparedCharts, comparedChartStyles } from './charts.ts';
import { listChoice, listStyles, problemList } from './problem-list.ts';
import { pairs, runsStyles, runsTable } from './runs.ts';
import type { CompareStore } from './store.ts';

/** Space at the left and the right of the page. */
const PAGE_MARGIN = 32;

/** The element of the page. */
@customElement('rs-compare')
export class CompareApp extends LitElement {
  static override styles = [
    shared,
    selectStyles,
    failureStyles,
    comparedChartStyles,
    runsStyles,
    settingsStyles,
    listStyles,
    css`
      :host {
        height: 100vh;
        overflow: auto;
      }
      main {
        padding: 10px 16px;
      }
      section,
      details {
        margin-top: 14px;
      }
      summary {
        cursor: pointer;
        font-weight: 600;
      }
      .notice {
        padding: 6px 10px;
        border: 1px solid var(--highlight);
      }
    `,
  ];

  store!: CompareStore;
  /** Width of the page, CSS pixels. */
  width = 0;
  private readonly charts = new ComparedCharts(this, () => this.store);
  private endResize: (() => void) | null = null;
  private endTheme: (() => void) | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.store.subscribe(() => this.requestUpdate());
    this.endTheme = onThemeChange(() => this.requestUpdate());
    this.endResize = onResize(this, ({ width }) => {
      this.width = Math.floor(width);
      this.requestUpdate();
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.endResize?.();
    this.endTheme?.();
  }

  override render() {
    const { shown } = this.store;
    if (!shown) return html`<main><p class="muted" role="status">Loading…</p></main>`;
    const { runs, comparison, error, loaded } = shown;
    return html`<main data-ready=${comparison !== null}>
      ${this.failed()}
      ${error ? html`<div class="failure" role="alert" data-code=${error.code}><span>${error.message} ${error.hint ?? nothing}</span></div>` : nothing}
      <div class="scroll">${runsTable(this.store, runs, comparison)}</div>
      ${comparison ? this.compared() : error ? nothing : html`<p class="muted" role="status" data-loaded=${loaded}>Reading the runs… ${percent(loaded)}</p>`}
    </main>`;
  }

  private compared() {
    const comparison = this.store.shown!.comparison!;
    const isMatched = comparison.matched.problems > 0;
    return html`
      ${
        isMatched
          ? html`<p class="muted" data-matched=${comparison.matched.problems}>${matchedText(comparison)}</p> ${pairs(this.store, comparison)}`
          : html`<p class="notice" role="status" data-matched="0">These runs have no problem in common: no text and no id of a problem is in all of them. Their curves and settings are compared.</p>`
      }
      <section aria-label="Curves">${this.charts.render(this.store, this.width - PAGE_MARGIN)}</section>
      <details open><summary>Different settings</summary><div class="scroll">${settingsTable(comparison.settings, [...RUN_LETTERS].slice(0, comparison.runs.length))}</div></details>
      ${isMatched ? html`<section aria-label="Problems">${listChoice(this.store)}<div class="scroll">${problemList(this.store)}</div></section>` : nothing}
    `;
  }

  /** The last request, if it failed. */
  private failed() {
    const { failure } = this.store;
    return failure
      ? html`<div class="failure" role="alert" data-code=${failure.code}><span>${failure.message} ${failure.hint ?? nothing}</span></div>`
      : nothing;
  }
}
