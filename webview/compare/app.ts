/** The page that compares runs: what each is at its step, their curves, the settings and the problems that differ. */
import { css, LitElement, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import { percent } from '../../engine/protocol/format.ts';
import { STEP_METRICS, type StepMetric } from '../../engine/protocol/metrics.ts';
import { QUANTITIES } from '../../engine/protocol/quantities.ts';
import { type CurveName, EVALUATION_CURVES, isEvaluationCurve } from '../../engine/runs/comparison/curves.ts';
import { RUN_LETTERS } from '../../engine/runs/comparison/letters.ts';
import { matchedText } from '../../engine/runs/comparison/text.ts';
import { isForeign, type Metric } from '../../engine/runs/series.ts';
import { choiceOf, choicesOf } from '../charts/metrics.ts';
import { areShares } from '../charts/scale.ts';
import { failureStyles } from '../failure-notice.ts';
import { html } from '../html.ts';
import { onResize } from '../resize.ts';
import { settingsStyles, settingsTable } from '../settings-table.ts';
import { chartGrid, selectStyles, shared } from '../styles.ts';
import { onThemeChange } from '../theme.ts';
import { overlay, overlayStyles } from './overlay.ts';
import { listChoice, listStyles, problemList } from './problem-list.ts';
import { pairs, runsStyles, runsTable } from './runs.ts';
import type { CompareStore } from './store.ts';

const CHART_HEIGHT = 150;
const GAP = 22;
/** Width that a chart needs. */
const NARROWEST = 300;
/** Where two are next to each other, in a view next to an editor: the problems below are what it is opened for. */
const PAIR = 210;
/** Space at the left and the right of the page. */
const AROUND = 32;

/** The element of the page. */
@customElement('rs-compare')
export class CompareApp extends LitElement {
  static override styles = [
    shared,
    selectStyles,
    chartGrid,
    failureStyles,
    overlayStyles,
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
      .charts {
        gap: 12px 22px;
      }
      figure {
        margin: 0;
      }
      select {
        color: inherit;
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
      <section aria-label="Curves">${this.charts()}</section>
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

  private charts() {
    const inner = this.width - AROUND;
    const columns = inner >= 4 * NARROWEST + 3 * GAP ? 4 : inner >= 2 * PAIR + GAP ? 2 : 1;
    const width = Math.max(120, Math.floor((inner - (columns - 1) * GAP) / columns));
    return html`<div class="charts ${{ 4: 'four', 2: 'two', 1: 'one' }[columns]}">
      ${this.store.look.curves.map((name, place) => this.chart(name as CurveName, place, width))}
    </div>`;
  }

  private chart(name: CurveName, place: number, width: number) {
    const { shown, look } = this.store;
    const curves = shown!.comparison!.curves[name] ?? [];
    const title = titleOf(name);
    const isEmpty = curves.every(({ steps }) => steps.length === 0);
    return html`<figure data-curve=${name}>
      <select aria-label="Curve ${place + 1}" @change=${(event: Event) => this.chooseCurve(place, (event.target as HTMLSelectElement).value)}>
        ${this.choices().map((choice) => html`<option value=${choice} .selected=${choice === name}>${titleOf(choice)}</option>`)}
      </select>
      ${
        isEmpty
          ? html`<p class="muted">No run has it.</p>`
          : html`<svg width=${width} height=${CHART_HEIGHT} role="img" aria-label="${title} of ${curves.length} runs by step">
              ${overlay({ width, height: CHART_HEIGHT, curves, range: rangeOf(name, curves), steps: look.steps, unit: unitOf(name) })}
            </svg>`
      }
    </figure>`;
  }

  /** What the charts can show: what evaluations measured, and the metrics that some run has. */
  private choices(): CurveName[] {
    const names = [...new Set(this.store.shown!.runs.flatMap(({ metrics }) => metrics))];
    const metrics = choicesOf({ names }).map(({ metric }) => metric);
    const known = metrics.filter((metric) => isForeign(metric) || names.includes(metric));
    return [...(Object.keys(EVALUATION_CURVES) as CurveName[]), ...known];
  }

  private chooseCurve(place: number, name: string): void {
    const { look } = this.store;
    this.store.setLook({ curves: look.curves.map((curve, i) => (i === place ? name : curve)) });
  }
}

function titleOf(name: CurveName): string {
  if (isEvaluationCurve(name)) return EVALUATION_CURVES[name].title;
  return choiceOf(name as Metric)?.label ?? name;
}

/** Name of the vertical axis; '' for shares and numbers without a unit. */
function unitOf(name: CurveName): string {
  if (isEvaluationCurve(name) || !Object.hasOwn(STEP_METRICS, name)) return '';
  const { unit } = QUANTITIES[STEP_METRICS[name as StepMetric].quantity];
  return unit === 'share' || unit === 'none' ? '' : unit;
}

/** Shares have one axis everywhere. */
function rangeOf(name: CurveName, curves: readonly { values: number[] }[]): readonly [number, number] | undefined {
  const isShare = isEvaluationCurve(name) || choiceOf(name as Metric)?.share === true;
  return isShare && areShares(curves.flatMap(({ values }) => values)) ? [0, 1] : undefined;
}
