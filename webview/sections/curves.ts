/** Four small charts with one cursor: the reward, and three metrics of the user's choice. Titles show the current values. */
import { css, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import { evaluatedText } from '../../engine/protocol/data-text.ts';
import { quantityText } from '../../engine/protocol/quantities.ts';
import type { Metric } from '../../engine/runs/series.ts';
import { type CurveOptions, curve, plotArea, type Series } from '../charts/curve.ts';
import { choiceOf, choicesOf } from '../charts/metrics.ts';
import { areShares } from '../charts/scale.ts';
import { Component } from '../component.ts';
import { html } from '../html.ts';
import { shared } from '../styles.ts';

/** Of a chart where its pane gives no height. */
const HEIGHT = 112;
const LEAST_HEIGHT = 72;
/** Of the pane, what a row of charts does not use: its titles and edges. */
const AROUND = 42;
const GAP = 18;
/** Width that a chart with its title needs, where there are several in a row. */
const NARROWEST = 260;

/** The element of the charts, as wide as the panel. */
@customElement('rs-curves')
export class Curves extends Component {
  static override styles = [
    shared,
    css`
      :host {
        padding: 6px 12px;
      }
      .charts {
        display: grid;
        gap: 10px 18px;
      }
      .charts.four {
        grid-template-columns: repeat(4, minmax(0, 1fr));
      }
      .charts.two {
        grid-template-columns: repeat(2, minmax(0, 1fr));
      }
      .charts.one {
        grid-template-columns: minmax(0, 1fr);
      }
      h2 {
        white-space: nowrap;
        overflow: hidden;
        text-overflow: ellipsis;
      }
      .curve {
        fill: none;
        stroke-width: 1.5;
      }
      .proxy,
      .plain {
        stroke: var(--accent);
      }
      svg text.own-axis {
        fill: var(--accent-text, var(--accent));
      }
      .name-proxy {
        color: var(--accent-text, var(--accent));
      }
      .name-reference {
        color: var(--highlight-text, var(--highlight));
      }
      select {
        field-sizing: content;
        max-width: 100%;
        margin-left: -4px;
        padding: 0 2px 0 0;
        border: 1px solid transparent;
        border-radius: 2px;
        color: inherit;
        background: var(--vscode-editor-background);
        font: inherit;
        cursor: pointer;
      }
      select:hover {
        border-color: var(--vscode-dropdown-border, var(--rule));
      }
      option {
        color: var(--vscode-dropdown-foreground);
        background: var(--vscode-dropdown-background);
        font-weight: 400;
      }
      .reference,
      .evaluation,
      .whisker {
        stroke: var(--highlight);
      }
      .accuracy {
        stroke: var(--correct);
      }
      .entropy {
        stroke: var(--vscode-charts-purple);
      }
      .evaluation {
        fill: var(--vscode-editor-background);
      }
      .dot {
        fill: currentColor;
      }
      .threshold {
        stroke: var(--wrong);
        stroke-dasharray: 3 3;
      }
      svg text.threshold-text {
        fill: var(--wrong-text, var(--wrong));
      }
    `,
  ];

  override render() {
    const { columns: run, info } = this.store;
    const { series: metrics, head } = run;
    if (info?.job === 'probe' || (metrics.steps.length === 0 && head.evaluations.length === 0)) return nothing;
    const columns = [4, 2].find((n) => this.width >= n * NARROWEST + (n - 1) * GAP) ?? 1;
    const width = Math.floor((this.width - GAP * (columns - 1)) / columns);
    if (width < 80) return nothing;
    const height = this.chartHeight(columns);
    const at = Math.min(this.store.selection.at, run.step);
    const now = (metric: Metric) => run.metricAt(metric, at);
    const evaluations = head.evaluations.flatMap(({ step, accuracy }) => (accuracy ? [{ step, ...accuracy }] : []));
    const sampled = head.evaluations.find(({ sampledFrom }) => sampledFrom !== undefined);
    const series = (name: string, metric: Metric): Series => ({
      name,
      steps: metrics.steps,
      values: metrics.of(metric) ?? [],
    });
    const chart = (
      label: string,
      title: unknown,
      options: Pick<CurveOptions, 'series' | 'range' | 'marks' | 'threshold'>,
    ) => {
      const rightAxis = options.series.some(({ ownAxis }) => ownAxis);
      return html`<section>
        <h2>${title}</h2>
        <svg width=${width} height=${height} role="img" aria-label=${label} @pointerdown=${(e: PointerEvent) => this.look(e, width, rightAxis)}>
          ${curve({ width, height, steps: this.steps, cursor: this.store.selection.step, ...options })}
        </svg>
      </section>`;
    };
    const value = (text: unknown, metric?: Metric) =>
      html`<span class="value" data-metric=${metric ?? nothing}>${text}</span>`;
    const names = ['one', 'one', 'two', 'two', 'four'];
    // A proxy reward on another scale would flatten the ground-truth reward.
    const ownAxis = !areShares(metrics.of('proxyReward') ?? []);
    return html`<div class="charts ${names[columns]}">
      ${chart(
        'Reward',
        html`Reward${value(
          html`<span class="name-proxy">proxy</span> ${quantityText('reward', now('proxyReward'))} ·
            <span class="name-reference">ground truth</span> ${quantityText('share', now('groundTruthReward'))}${
              sampled ? html` · evaluated on ${evaluatedText(sampled)}` : nothing
            }`,
        )}`,
        {
          series: [{ ...series('proxy', 'proxyReward'), ownAxis }, series('reference', 'groundTruthReward')],
          range: [0, 1],
          marks: evaluations,
        },
      )}
      ${this.store.selection.charts(run).map((metric, place) => {
        const choice = choiceOf(metric)!;
        const exists = metric !== 'rewardAccuracy' || head.saysRight;
        const text = exists ? choice.text(now(metric)) : 'undefined for this reward';
        return chart(choice.label, html`${this.choice(place, metric)}${value(text, metric)}`, {
          series: [series(choice.color, metric)],
          ...(choice.share && { range: [0, 1] as const }),
          ...(metric === 'rewardAccuracy' && exists && { threshold: { value: 0.01, text: 'collapse (1%)' } }),
        });
      })}
    </div>`;
  }

  private choice(place: number, current: Metric) {
    return html`<select
      aria-label="Metric of chart ${place + 2}"
      @change=${(event: Event) => this.store.selection.chooseChart(place, (event.target as HTMLSelectElement).value as Metric, this.store.columns)}
    >
      ${choicesOf(this.store.columns.series).map(
        ({ metric, label }) => html`<option value=${metric} .selected=${metric === current}>${label}</option>`,
      )}
    </select>`;
  }

  /** One row of charts fills its pane; several are scrolled. */
  private chartHeight(columns: number): number {
    const { layout } = this.store.selection;
    if (columns < 4 || layout.isNarrow(window.innerWidth)) return HEIGHT;
    return Math.max(LEAST_HEIGHT, layout.chartsHeight(window.innerWidth, window.innerHeight) - AROUND);
  }

  private get steps(): number {
    return Math.max(this.store.info?.steps ?? 1, this.store.columns.step);
  }

  private look(event: PointerEvent, width: number, rightAxis: boolean): void {
    const { left } = (event.currentTarget as Element).getBoundingClientRect();
    const area = plotArea(width, HEIGHT, rightAxis);
    const part = (event.clientX - left - area.left) / (area.right - area.left);
    const step = Math.round(part * this.steps);
    this.store.selection.lookAt(Math.max(1, Math.min(this.store.columns.step, step)));
  }
}
