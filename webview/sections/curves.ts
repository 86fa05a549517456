/**
 * The charts: the reward, and metrics of the user's choice, with one cursor, one hover line and one part of the steps.
 * Titles show the values at the step under the pointer, else at the selected one.
 */
import { nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import { guard } from 'lit/directives/guard.js';
import { evaluatedText } from '../../engine/protocol/data-text.ts';
import { quantityText } from '../../engine/protocol/quantities.ts';
import type { Metric } from '../../engine/runs/series.ts';
import { collapseWarningAt } from '../../engine/runs/watch.ts';
import { namedByWatch } from '../chart-choice.ts';
import { type CurveOptions, type DrawnCurve, drawCurve, plotArea, type Series, withCursors } from '../charts/curve.ts';
import { type Domain, lastOfAxis } from '../charts/domain.ts';
import { merged } from '../charts/export.ts';
import { choiceOf, choicesOf } from '../charts/metrics.ts';
import { areShares } from '../charts/scale.ts';
import { SMOOTHINGS, type Smoothing, smoothed } from '../charts/smooth.ts';
import { Component } from '../component.ts';
import { menuItem, menuStyles, saveItems } from '../export-menu.ts';
import { failureNotice, failureStyles } from '../failure-notice.ts';
import { html } from '../html.ts';
import { Remembered } from '../remembered.ts';
import { shared } from '../styles.ts';
import { ChartPointer } from './curves/pointer.ts';
import { chartColumns, GAP, MIN_CHART_WIDTH } from './curves/rows.ts';
import { curveStyles } from './curves/styles.ts';
import { HISTOGRAMS_HEIGHT } from './histograms.ts';

/** Height of a chart, in CSS pixels, if its pane does not determine one, and of an enlarged chart. */
const HEIGHT = 112;
const ENLARGED_HEIGHT = 300;
const MIN_HEIGHT = 72;
/**
 * Greatest height of a chart in a pane of its own; heights of its title and of the line below all charts. In CSS
 * pixels.
 */
const [MAX_HEIGHT, TITLE_HEIGHT, TOOLS_HEIGHT] = [220, 34, 48];
/** Height of a pane that a row of charts does not use: titles, the line below and edges. */
const PANE_CHROME_HEIGHT = 60;
/** Width that the title of the rewards needs, in CSS pixels; a narrower chart has a shorter title. */
const FULL_TITLE_WIDTH = 290;
/** Where that, too, would cut its last number. */
const SHORT_TITLE_WIDTH = 225;
/** From this width on there is room for the words of the collapse watch next to the longest name of a metric, CSS pixels. */
const NAMED_TITLE_WIDTH = 420;

interface Chart {
  /** `reward`, or the metric. */
  key: string;
  label: string;
  title: unknown;
  options: Pick<CurveOptions, 'series' | 'range' | 'marks' | 'threshold' | 'unit' | 'fillsGap'>;
  /** Its place among those that can be chosen; null for the reward. */
  place: number | null;
}

/** The element of the charts, as wide as the panel. */
@customElement('rs-curves')
export class Curves extends Component {
  static override styles = [shared, failureStyles, menuStyles, curveStyles];
  protected override readonly pane = 'charts';

  /** The steps that are shown, and the one under the pointer. */
  private readonly pointer = new ChartPointer(this, {
    all: () => this.allSteps,
    at: () => this.at,
    lookAt: (step) => this.goToStep(step),
  });
  private large: string | null = null;
  /** The parts of the charts that do not change with the step, by key, since the cursor moves many times per second. */
  private readonly options = new Map<string, Remembered<Chart['options']>>();
  private readonly pictures = new Map<string, Remembered<DrawnCurve>>();
  private readonly others = new Remembered<ReturnType<typeof choicesOf>>();

  override render() {
    const { columns: run, info, failures } = this.store;
    const { series: metrics, head } = run;
    if (info?.job === 'probe' || (metrics.steps.length === 0 && head.evaluations.length === 0)) return nothing;
    const { columns } = this;
    const width = this.chartWidth;
    if (width < 80) return nothing;
    const all = [this.reward(), ...this.store.selection.charts(run).map((metric, i) => this.metric(metric, i))];
    // A property, since the page's policy forbids style attributes.
    return html`<div class="charts" data-columns=${columns} .style=${`grid-template-columns: repeat(${columns}, minmax(0, 1fr))`}>
        ${all.map((chart) => this.chart(chart, chart.key === this.large ? this.width : width, this.chartHeight(columns, all.length)))}
      </div>
      ${this.store.selection.showsHistograms ? html`<rs-histograms></rs-histograms>` : nothing}
      ${this.tools()} ${failureNotice('saveFile', failures.of('saveFile'), () => failures.clear('saveFile'))}`;
  }

  /** The number of charts per row. */
  private get columns(): number {
    return chartColumns(this.width, 1 + this.store.selection.charts(this.store.columns).length);
  }

  private get chartWidth(): number {
    return Math.floor((this.width - GAP * (this.columns - 1)) / this.columns);
  }

  /** The step whose values the titles show. */
  private get at(): number {
    return this.pointer.hover ?? Math.min(this.store.selection.at, this.store.columns.step);
  }

  private series(name: string, metric: Metric): Series {
    const { series } = this.store.columns;
    const raw = series.of(metric) ?? [];
    const { smoothing } = this.store.selection;
    return { name, steps: series.steps, values: smoothed(raw, smoothing), ...(smoothing > 0 && { raw }) };
  }

  /** The same metric of the run of cursor A, if that is another run; null if that run lacks it. */
  private cursorASeries(name: string, metric: Metric, ownAxis = false): Series | null {
    const { other } = this.store.cursorARun;
    const raw = other?.columns.series.of(metric);
    if (!other || !raw) return null;
    const values = smoothed(raw, this.store.selection.smoothing);
    return { name, run: other.run, steps: other.columns.series.steps, values, dashed: true, ownAxis };
  }

  /** Its value in the run of cursor A: at the step under the pointer, otherwise at A. */
  private cursorAValue(metric: Metric, text: (value: number | null) => string) {
    const { other } = this.store.cursorARun;
    if (!other) return nothing;
    return html` · <span class="name-of-a">A</span> ${text(other.columns.metricAt(metric, this.cursorAStep))}`;
  }

  /** Both rewards of the run of cursor A, with the style of their curves. */
  private cursorARewards() {
    const { cursorARun } = this.store;
    if (!cursorARun.other) return nothing;
    const text = (value: number | null) => quantityText('share', value);
    return html`<span title="Run of A: proxy dashed, ground truth dotted">${this.cursorAValue('proxyReward', text)} / ${text(cursorARun.other.columns.metricAt('groundTruthReward', this.cursorAStep))}</span>`;
  }

  private get cursorAStep(): number {
    const { cursorARun, selection } = this.store;
    return (
      this.pointer.hover ?? Math.min(selection.from ?? Number.POSITIVE_INFINITY, cursorARun.other?.columns.step ?? 0)
    );
  }

  private optionsOf(key: string, make: () => Chart['options']): Chart['options'] {
    const { columns, selection, cursorARun } = this.store;
    const { series, head } = columns;
    const ofA = [cursorARun.other, cursorARun.other?.columns.series.steps.length];
    return remembered(this.options, key).of([columns, series.steps.length, head, selection.smoothing, ...ofA], make);
  }

  private reward(): Chart {
    const { columns } = this.store;
    const { evaluations } = columns.head;
    const marks = evaluations.flatMap(({ step, accuracy }) => (accuracy ? [{ step, ...accuracy }] : []));
    const sampled = evaluations.find(({ sampledFrom }) => sampledFrom !== undefined);
    const evaluated = this.pointer.hover === null ? undefined : marks.find(({ step }) => step === this.pointer.hover);
    const now = (metric: Metric) => columns.metricAt(metric, this.at);
    const { labeled } = columns.head;
    const isAlone = !labeled && this.store.cursorARun.other === null;
    const name = this.chartWidth < FULL_TITLE_WIDTH && !isAlone ? nothing : html`Reward `;
    // Without references there is no such curve.
    const truth = labeled
      ? html` · <span class="name-reference" title="Ground-truth reward">${this.chartWidth < SHORT_TITLE_WIDTH ? 'truth' : 'ground truth'}</span> ${quantityText('share', now('groundTruthReward'))}`
      : nothing;
    const title = html`${name}<span class=${name === nothing ? 'muted' : 'value'}><span class="name-proxy">proxy</span> ${quantityText('reward', now('proxyReward'))}${truth}${this.cursorARewards()}${
      evaluated
        ? html` · evaluation ${quantityText('accuracy', evaluated.mean)} (${quantityText('accuracy', evaluated.low)} to ${quantityText('accuracy', evaluated.high)})`
        : nothing
    }${sampled ? html` · evaluated on ${evaluatedText(sampled)}` : nothing}</span>`;
    const options = this.optionsOf('reward', (): Chart['options'] => {
      // A proxy reward on another scale would flatten the ground-truth reward.
      const ownAxis = !areShares(columns.series.of('proxyReward') ?? []);
      const proxy = { ...this.series('proxy', 'proxyReward'), ownAxis };
      const own = [proxy, this.series('reference', 'groundTruthReward')];
      const others = [
        this.cursorASeries('proxy', 'proxyReward', ownAxis),
        this.cursorASeries('reference', 'groundTruthReward'),
      ];
      return { series: [...own, ...others.filter((item) => item !== null)], range: [0, 1], marks, fillsGap: true };
    });
    return { key: 'reward', label: 'Reward', title, options, place: null };
  }

  private metric(metric: Metric, place: number): Chart {
    const { columns } = this.store;
    const choice = choiceOf(metric)!;
    const exists = metric !== 'rewardAccuracy' || columns.head.saysRight;
    // The unit precedes the value, or is at the axis.
    const withoutUnit = (value: number | null) => choice.text(value).replace(choice.unit ? ` ${choice.unit}` : '', '');
    const named = this.named(metric);
    const isAlone = named === nothing && this.store.cursorARun.other === null;
    const valueText = this.chartWidth < (isAlone ? MIN_CHART_WIDTH : FULL_TITLE_WIDTH) ? withoutUnit : choice.text;
    const text = exists ? valueText(columns.metricAt(metric, this.at)) : 'undefined for this reward';
    const title = html`${this.choice(place, metric)}<span class="value" data-metric=${metric}>${text}${this.cursorAValue(metric, withoutUnit)}</span>${named}`;
    const options = this.optionsOf(metric, () => ({
      series: [this.series(choice.color, metric), this.cursorASeries(choice.color, metric)].filter(
        (item) => item !== null,
      ),
      ...(choice.share && { range: [0, 1] as const }),
      ...(choice.unit && { unit: choice.unit }),
      ...(metric === 'rewardAccuracy' && exists && { threshold: { value: 0.01, text: 'collapse (1%)' } }),
    }));
    return { key: metric, label: choice.label, title, options, place };
  }

  /** A word next to a metric that the collapse watch names. */
  private named(metric: Metric) {
    const names = namedByWatch(this.store.columns).includes(metric);
    const warning = names ? collapseWarningAt(this.store.columns) : null;
    if (!warning) return nothing;
    if (this.chartWidth < NAMED_TITLE_WIDTH)
      return html` <span class="wrong" role="img" aria-label="Signal of the collapse watch" title=${warning.message}>▲</span>`;
    return html` <span class="wrong" title=${warning.message}>collapse watch</span>`;
  }

  private chart(chart: Chart, width: number, usual: number) {
    const { key, label, title, options } = chart;
    const isLarge = key === this.large;
    const height = isLarge ? ENLARGED_HEIGHT : usual;
    const rightAxis = options.series.some(({ ownAxis }) => ownAxis);
    const { pointer } = this;
    const { domain, hover } = pointer;
    const step = Math.round(hover ?? this.at);
    const drawn = remembered(this.pictures, key).of([options, width, height, ...domain], () =>
      drawCurve({ width, height, domain, ...options }),
    );
    const cursors = { cursor: this.store.selection.step, hover, dragged: pointer.dragged, series: options.series };
    const area = plotArea(width, height, rightAxis);
    return html`<section class=${isLarge ? 'large' : ''} data-chart=${key}>
      <div class="title"><h2 class=${chart.place === null ? '' : 'of-metric'}>${title}</h2>${this.menu(chart)}</div>
      <div class="plot" tabindex="0" role="slider" aria-label="${label}: step" aria-valuemin=${domain[0]} aria-valuemax=${domain[1]} aria-valuenow=${step} aria-valuetext=${`step ${step}`}
        @pointerdown=${(event: PointerEvent) => pointer.press(event, area)} @pointermove=${(event: PointerEvent) => pointer.move(event, area)} @pointerup=${pointer.release} @pointerleave=${pointer.leave} @dblclick=${() => pointer.show(null)} @keydown=${pointer.key} @blur=${pointer.leave}>
        <svg width=${width} height=${height} aria-hidden="true">${withCursors(drawn, cursors)}</svg>
      </div>
    </section>`;
  }

  private menu({ key, label, options, place }: Chart) {
    const { selection, columns } = this.store;
    const chosen = (p: number) => [
      menuItem('move-left', 'Move left', () => selection.moveChart(p, -1, columns)),
      menuItem('move-right', 'Move right', () => selection.moveChart(p, 1, columns)),
      menuItem('remove', 'Remove', () => selection.removeChart(p, columns)),
    ];
    const drawing = () => this.renderRoot.querySelector<SVGSVGElement>(`[data-chart="${CSS.escape(key)}"] svg`);
    return html`<details class="more"><summary aria-label="Actions of ${label}" title="Actions">⋯</summary>
      <div class="menu">
        ${menuItem('enlarge', this.large === key ? 'Make small' : 'Enlarge', () => this.enlarge(key))}
        ${place === null ? nothing : chosen(place)}
        ${saveItems(this.store, { name: key, title: label, drawing, table: () => numbersOf(label, options.series) })}
      </div></details>`;
  }

  private enlarge(key: string): void {
    this.large = this.large === key ? null : key;
    this.requestUpdate();
  }

  private choice(place: number, current: Metric) {
    const { columns } = this.store;
    return guard([columns, columns.series.steps.length, place, current], () => this.choiceOf(place, current));
  }

  private choiceOf(place: number, current: Metric) {
    return html`<select
      aria-label="Metric of chart ${place + 2}"
      title=${choiceOf(current)!.label}
      @change=${(event: Event) => this.store.selection.chooseChart(place, (event.target as HTMLSelectElement).value as Metric, this.store.columns)}
    >
      ${choicesOf(this.store.columns.series).map(
        ({ metric, label }) => html`<option value=${metric} .selected=${metric === current}>${label}</option>`,
      )}
    </select>`;
  }

  /** The tools below the charts: another metric, smoothing, and the way back from a range of steps. */
  private tools() {
    const { selection, columns } = this.store;
    const { part } = this.pointer;
    const shown = selection.charts(columns);
    const others = this.others.of([columns, columns.series.steps.length, ...shown], () =>
      choicesOf(columns.series).filter(({ metric }) => !shown.includes(metric)),
    );
    const add = (event: Event) => {
      const input = event.target as HTMLInputElement;
      const found = others.find(({ label, metric }) => label === input.value || metric === input.value);
      if (!found) return;
      input.value = '';
      selection.addChart(found.metric, columns);
    };
    const smooth = (event: Event) =>
      selection.setSmoothing(Number((event.target as HTMLSelectElement).value) as Smoothing);
    return html`<div class="tools">
      <label>Add a chart <input list="metrics" placeholder="search metrics" aria-label="Add a chart: metric" @change=${add} @input=${add}></label>
      <datalist id="metrics">${guard([others], () => others.map(({ label }) => html`<option value=${label}></option>`))}</datalist>
      <label>smoothing <select aria-label="Smoothing" data-smoothing @change=${smooth}>${SMOOTHINGS.map((weight) => html`<option value=${weight} .selected=${weight === selection.smoothing}>${weight === 0 ? 'none' : weight}</option>`)}</select></label>
      <button class="link" data-action="histograms" aria-pressed=${selection.showsHistograms} @click=${() => this.toggleHistograms()}>Histograms</button>
      ${
        part
          ? html`<span role="status">steps ${part[0]} to ${part[1]}</span><button class="link" data-action="all-steps" @click=${() => this.pointer.show(null)}>Show all steps</button>`
          : html`<span>drag: zoom · click: go to the step</span>`
      }
    </div>`;
  }

  /** Since the charts fill their pane, showing histograms below them makes the pane scroll. */
  private toggleHistograms(): void {
    const { selection } = this.store;
    selection.showHistograms(!selection.showsHistograms);
    requestAnimationFrame(() =>
      requestAnimationFrame(() => this.renderRoot.querySelector('.tools')?.scrollIntoView({ block: 'nearest' })),
    );
  }

  /** A single row of charts fills the pane. Several rows scroll, but in a pane of their own they share its height. */
  private chartHeight(columns: number, charts: number): number {
    const { layout, showsHistograms } = this.store.selection;
    // Without a window there is no height to share.
    const { innerWidth, innerHeight } = globalThis;
    if (layout.isNarrow(innerWidth)) {
      const pane = (this.parentElement?.clientHeight ?? 0) - (showsHistograms ? HISTOGRAMS_HEIGHT : 0);
      const rows = Math.ceil(charts / columns);
      return Math.max(HEIGHT, Math.min(MAX_HEIGHT, Math.floor((pane - TOOLS_HEIGHT) / rows - TITLE_HEIGHT)));
    }
    if (columns < 4 || !(innerHeight > 0)) return HEIGHT;
    return Math.max(MIN_HEIGHT, layout.chartsHeight(innerWidth, innerHeight) - PANE_CHROME_HEIGHT);
  }

  private get allSteps(): Domain {
    const { info, columns, cursorARun } = this.store;
    return [0, lastOfAxis(Math.max(columns.step, cursorARun.other?.columns.step ?? 0), info?.steps ?? null)];
  }

  private goToStep(step: number): void {
    this.store.selection.lookAt(Math.max(1, Math.min(this.store.columns.step, step)));
  }
}

/** The values of the curves without smoothing, with the run of a curve from another run. */
function numbersOf(label: string, series: readonly Series[]) {
  const several = series.filter(({ run }) => run === undefined).length > 1;
  return merged(
    series.map(({ name, run, steps, raw, values }) => {
      const which = [...(several ? [name === 'reference' ? 'ground truth' : name] : []), ...(run ? [run] : [])];
      return { name: which.length > 0 ? `${label} (${which.join(', ')})` : label, steps, values: raw ?? values };
    }),
  );
}

function remembered<T>(all: Map<string, Remembered<T>>, key: string): Remembered<T> {
  let one = all.get(key);
  if (!one) {
    one = new Remembered<T>();
    all.set(key, one);
  }
  return one;
}
