/** The curves of the compared runs: each chart of a metric that is chosen, with the values of all runs at the step under the pointer. */
import { css, nothing, type ReactiveControllerHost } from 'lit';
import { DASH } from '../../engine/protocol/format.ts';
import { STEP_METRICS, type StepMetric } from '../../engine/protocol/metrics.ts';
import { QUANTITIES, quantityText } from '../../engine/protocol/quantities.ts';
import {
  type CurveName,
  EVALUATION_CURVES,
  isEvaluationCurve,
  type RunCurve,
} from '../../engine/runs/comparison/curves.ts';
import { RUN_LETTERS } from '../../engine/runs/comparison/letters.ts';
import { isForeign, type Metric } from '../../engine/runs/series.ts';
import { merged } from '../charts/export.ts';
import { choiceOf, choicesOf } from '../charts/metrics.ts';
import { areShares } from '../charts/scale.ts';
import { menuStyles, saveMenu } from '../export-menu.ts';
import { html } from '../html.ts';
import { ChartPointer } from '../sections/curves/pointer.ts';
import { chartGrid } from '../styles.ts';
import { overlay, overlayArea, overlayStyles, valueAt } from './overlay.ts';
import type { CompareStore } from './store.ts';

const HEIGHT = 150;
const GAP = 22;
/** Width that a chart needs. */
const MIN_CHART_WIDTH = 300;
/** Where two are next to each other, in a view next to an editor: the problems below are what it is opened for. */
const MIN_PAIRED_CHART_WIDTH = 210;

export const comparedChartStyles = [
  chartGrid,
  menuStyles,
  overlayStyles,
  css`
    .charts {
      gap: 12px 22px;
    }
    figure {
      min-width: 0;
      margin: 0;
    }
    figure .title {
      display: flex;
      gap: 2px 8px;
      align-items: baseline;
    }
    figure .title > .values {
      flex: 1 1 0;
      min-width: 0;
      overflow: hidden;
      text-overflow: ellipsis;
      white-space: nowrap;
    }
    figure .plot {
      cursor: crosshair;
      touch-action: none;
    }
    select {
      color: inherit;
    }
    .part {
      display: flex;
      gap: 10px;
      min-height: 1.5em;
    }
  `,
];

/** Draws the charts into its host, which has one of it. */
export class ComparedCharts {
  private readonly pointer: ChartPointer;

  constructor(
    private readonly host: Pick<ReactiveControllerHost, 'requestUpdate'> & { renderRoot: ParentNode },
    private readonly store: () => CompareStore,
  ) {
    this.pointer = new ChartPointer(host, {
      all: () => [0, this.last],
      at: () => this.last,
      lookAt: (step) => this.store().setAllSteps(step),
    });
  }

  /** @param inner width that they share, CSS pixels */
  render(store: CompareStore, inner: number) {
    const columns = inner >= 4 * MIN_CHART_WIDTH + 3 * GAP ? 4 : inner >= 2 * MIN_PAIRED_CHART_WIDTH + GAP ? 2 : 1;
    const width = Math.max(120, Math.floor((inner - (columns - 1) * GAP) / columns));
    return html`<div class="charts ${{ 4: 'four', 2: 'two', 1: 'one' }[columns]}">
        ${store.look.curves.map((name, place) => this.chart(store, name as CurveName, place, width))}
      </div>
      <div class="part muted">${this.part()}</div>`;
  }

  /** What the pointer does, and the way back from a part of the steps. */
  private part() {
    const { part } = this.pointer;
    if (!part) return html`<span>drag: zoom · click: all runs at the step</span>`;
    return html`<span role="status">steps ${part[0]} to ${part[1]}</span><button class="link" data-action="all-steps" @click=${() => this.pointer.show(null)}>Show all steps</button>`;
  }

  /** The last step that a run has. */
  private get last(): number {
    return (this.store().shown?.runs ?? []).reduce((most, { step }) => Math.max(most, step), 1);
  }

  private chart(store: CompareStore, name: CurveName, place: number, width: number) {
    const curves = store.shown!.comparison!.curves[name] ?? [];
    const title = titleOf(name);
    const isEmpty = curves.every(({ steps }) => steps.length === 0);
    return html`<figure data-curve=${name}>
      <div class="title">
        <select aria-label="Curve ${place + 1}" @change=${(event: Event) => chooseCurve(store, place, (event.target as HTMLSelectElement).value)}>
          ${choices(store).map((choice) => html`<option value=${choice} .selected=${choice === name}>${titleOf(choice)}</option>`)}
        </select>
        <span class="values muted">${this.values(name, curves)}</span>
        ${isEmpty ? nothing : this.menu(store, name, curves)}
      </div>
      ${isEmpty ? html`<p class="muted">No run has it.</p>` : this.plot(store, { name, title, curves, width })}
    </figure>`;
  }

  private plot(
    store: CompareStore,
    { name, title, curves, width }: { name: CurveName; title: string; curves: readonly RunCurve[]; width: number },
  ) {
    const { pointer } = this;
    const { domain, hover, dragged } = pointer;
    const area = overlayArea(width, HEIGHT);
    const step = Math.round(hover ?? this.last);
    const said = { unit: unitOf(name), range: rangeOf(name, curves), steps: store.look.steps };
    return html`<div class="plot" tabindex="0" role="slider" aria-label="${title} of ${curves.length} runs: step" aria-valuemin=${domain[0]} aria-valuemax=${domain[1]} aria-valuenow=${step} aria-valuetext=${`step ${step}: ${this.valueTexts(name, curves, step).join(', ')}`}
        @pointerdown=${(event: PointerEvent) => pointer.press(event, area)} @pointermove=${(event: PointerEvent) => pointer.move(event, area)} @pointerup=${pointer.release} @pointerleave=${pointer.leave} @dblclick=${() => pointer.show(null)} @keydown=${pointer.key} @blur=${pointer.leave}>
        <svg width=${width} height=${HEIGHT} aria-hidden="true">${overlay({ width, height: HEIGHT, curves, domain, hover, dragged, ...said })}</svg>
      </div>`;
  }

  /** Of each run at the step under the pointer, else at its end. */
  private values(name: CurveName, curves: readonly RunCurve[]) {
    const { hover } = this.pointer;
    const step = hover === null ? nothing : html`step ${Math.round(hover)}: `;
    return html`${step}${this.valueTexts(name, curves, hover).map((text, run) => html`${run === 0 ? '' : ' · '}${text}`)}`;
  }

  /** `A 0.283`. @param step null for the last one of each run */
  private valueTexts(name: CurveName, curves: readonly RunCurve[], step: number | null): string[] {
    return curves.map((curve, run) => {
      const value = valueAt(curve, step === null ? (curve.steps.at(-1) ?? 0) : Math.round(step));
      return `${RUN_LETTERS[run]} ${valueText(name, value)}`;
    });
  }

  private menu(store: CompareStore, name: CurveName, curves: readonly RunCurve[]) {
    return saveMenu(store, {
      name,
      title: titleOf(name),
      drawing: () => this.host.renderRoot.querySelector<SVGSVGElement>(`[data-curve="${CSS.escape(name)}"] .plot svg`),
      table: () => merged(curves.map(({ steps, values }, i) => ({ name: store.shown!.runs[i]!.run, steps, values }))),
    });
  }
}

/** What the charts can show: what evaluations measured, and the metrics that some run has. */
function choices(store: CompareStore): CurveName[] {
  const names = [...new Set(store.shown!.runs.flatMap(({ metrics }) => metrics))];
  const metrics = choicesOf({ names }).map(({ metric }) => metric);
  const known = metrics.filter((metric) => isForeign(metric) || names.includes(metric));
  return [...(Object.keys(EVALUATION_CURVES) as CurveName[]), ...known];
}

function chooseCurve(store: CompareStore, place: number, name: string): void {
  store.setLook({ curves: store.look.curves.map((curve, i) => (i === place ? name : curve)) });
}

/** With the digits of its quantity, without a unit: that is at the axis. */
function valueText(name: CurveName, value: number | null): string {
  if (value === null) return DASH;
  if (isEvaluationCurve(name)) return quantityText('accuracy', value);
  return choiceOf(name)?.text(value).split(' ')[0] ?? String(value);
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
