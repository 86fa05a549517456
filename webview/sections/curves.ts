/** Four small charts with one cursor; titles carry the current values. */
import { css, html, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import { number, share, whole } from '../../engine/protocol/format.ts';
import { type Metric, metricAt } from '../../engine/protocol/state.ts';
import { type CurveOptions, curve, plotArea, type Series } from '../charts/curve.ts';
import { Component } from '../component.ts';
import { shared } from '../styles.ts';

const HEIGHT = 112;
const GAP = 18;

@customElement('rs-curves')
export class Curves extends Component {
  static override styles = [
    shared,
    css`
      :host {
        padding: 8px 14px;
        border-bottom: 1px solid var(--rule);
      }
      .charts {
        display: grid;
        gap: 10px 18px;
      }
      .charts.four {
        grid-template-columns: repeat(4, 1fr);
      }
      .charts.two {
        grid-template-columns: repeat(2, 1fr);
      }
      .charts.one {
        grid-template-columns: 1fr;
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
      .length {
        stroke: var(--accent);
      }
      .truth,
      .evaluation,
      .whisker {
        stroke: var(--truth);
      }
      .accuracy {
        stroke: var(--right);
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
        fill: var(--wrong);
      }
    `,
  ];

  override render() {
    const { state, info } = this.store;
    if (info?.job === 'probe' || (state.steps.length === 0 && state.evaluations.length === 0)) return nothing;
    const columns = this.width > 900 ? 4 : this.width > 460 ? 2 : 1;
    const width = Math.floor((this.width - GAP * (columns - 1)) / columns);
    if (width < 80) return nothing;
    const at = Math.min(this.store.at, state.step);
    const now = (metric: Metric) => metricAt(state, metric, at);
    const evaluations = state.evaluations.flatMap(({ step, accuracy }) => (accuracy ? [{ step, ...accuracy }] : []));
    const series = (name: string, metric: Metric): Series => ({
      name,
      steps: state.steps,
      values: state.series[metric] ?? [],
    });
    const chart = (
      label: string,
      title: unknown,
      options: Pick<CurveOptions, 'series' | 'range' | 'marks' | 'threshold'>,
    ) => html`<section>
      <h2>${label}${title}</h2>
      <svg width=${width} height=${HEIGHT} role="img" aria-label=${label} @pointerdown=${(e: PointerEvent) => this.look(e, width)}>
        ${curve({ width, height: HEIGHT, steps: this.steps, cursor: this.store.step, ...options })}
      </svg>
    </section>`;
    const value = (text: string) => html`<span class="value">${text}</span>`;
    const names = ['one', 'one', 'two', 'two', 'four'];
    return html`<div class="charts ${names[columns]}">
      ${chart('Reward', value(`proxy ${share(now('proxyReward'))} · truth ${share(now('groundTruthReward'))}`), {
        series: [series('proxy', 'proxyReward'), series('truth', 'groundTruthReward')],
        range: [0, 1],
        marks: evaluations,
      })}
      ${chart('Reward accuracy', value(share(now('rewardAccuracy'))), {
        series: [series('accuracy', 'rewardAccuracy')],
        range: [0, 1],
        threshold: { value: 0.01, text: 'collapse 1%' },
      })}
      ${chart('Entropy', value(`${number(now('entropy'), 2)} nats a token`), { series: [series('entropy', 'entropy')] })}
      ${chart('Length', value(`${whole(now('length'))} tokens`), { series: [series('length', 'length')] })}
    </div>`;
  }

  private get steps(): number {
    return Math.max(this.store.info?.steps ?? 1, this.store.state.step);
  }

  private look(event: PointerEvent, width: number): void {
    const { left } = (event.currentTarget as Element).getBoundingClientRect();
    const area = plotArea(width, HEIGHT);
    const part = (event.clientX - left - area.left) / (area.right - area.left);
    const step = Math.round(part * this.steps);
    this.store.lookAt(Math.max(1, Math.min(this.store.state.step, step)));
  }
}
