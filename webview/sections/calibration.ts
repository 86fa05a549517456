/**
 * Whether confidence predicts correctness: all problems as points that can be selected with a brush, reliability, and
 * AUROC over the steps.
 */
import { css, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import type { CalibrationBin, MeasureAlignment } from '../../engine/protocol/calibration.ts';
import { integer, plural } from '../../engine/protocol/format.ts';
import type { Phase } from '../../engine/protocol/group.ts';
import { quantityText } from '../../engine/protocol/quantities.ts';
import { type Brush, brushFilter } from '../brush.ts';
import {
  aurocOverSteps,
  calibrationStyles,
  problemScatter,
  reliability,
  type ShareAxes,
  shareScales,
} from '../charts/calibration.ts';
import type { ChartNumbers } from '../charts/export.ts';
import { Component } from '../component.ts';
import { menuStyles, saveMenu } from '../export-menu.ts';
import { failureNotice, failureStyles } from '../failure-notice.ts';
import { html, svg } from '../html.ts';
import type { ProblemRow } from '../problem-row.ts';
import { selectStyles, shared } from '../styles.ts';
import './histograms.ts';

/** Steps that are computed for the curve. */
const MAX_STEPS = 12;
/** Milliseconds for which a step is shown before it is computed. */
const REQUEST_DELAY_MS = 500;
/** Between two figures, and the least width of each where two are next to each other, CSS pixels. */
const [GAP, MIN_FIGURE_WIDTH] = [24, 230];
/** CSS pixels below which a drag is a click. */
const MIN_DRAG = 4;

/** Takes the place of the problem's pane. Values that need the rollouts are computed for the selected step. */
@customElement('rs-calibration')
export class CalibrationView extends Component {
  static override styles = [
    shared,
    selectStyles,
    failureStyles,
    menuStyles,
    calibrationStyles,
    css`
      .charts {
        display: flex;
        flex-wrap: wrap;
        gap: 12px ${GAP}px;
        align-items: start;
      }
      .charts > section {
        min-width: 0;
        max-width: 100%;
      }
      /* Below the others, in all of the width. */
      .charts > rs-histograms {
        flex: 1 1 100%;
      }
      .scatter {
        touch-action: none;
        cursor: crosshair;
      }
      select {
        border-color: var(--rule);
      }
    `,
  ];
  protected override readonly pane = 'problem';

  private measure = 'token-probability';
  private brush: Brush | null = null;
  private asking: ReturnType<typeof setTimeout> | undefined;
  private from: { x: number; y: number } | null = null;

  override render() {
    const { columns, failures } = this.store;
    const at = this.at();
    const notice = failureNotice('calibrate', failures.of('calibrate'), () => failures.clear('calibrate'));
    return html`<h2>Calibration${at ? html`<span class="value">${at.phase}, step ${at.step}</span>` : nothing}</h2>
      ${notice}
      <div class="charts">
        ${this.scatter()}
        ${columns.head.labeled ? (at ? this.rollouts(at) : nothing) : html`<p class="muted">Without reference answers there is no correctness to compare confidence with.</p>`}
        <rs-histograms></rs-histograms>
      </div>`;
  }

  /** Phase and step of the groups that are shown: those of the selected problem, otherwise the latest of training. */
  private at(): { phase: Phase; step: number } | null {
    const { selected, columns } = this.store;
    const row = selected?.view.row ?? null;
    if (row === null) return null;
    const { phase, step } = columns.idOf(row);
    return { phase, step };
  }

  private size(): ShareAxes {
    const two = this.width >= 2 * MIN_FIGURE_WIDTH + GAP;
    const room = two ? (this.width - GAP) / 2 : this.width;
    const width = Math.max(200, Math.min(340, Math.floor(room) - 4));
    return { width, height: Math.round(width * 0.8) };
  }

  /** All problems; drawing a rectangle over them filters the list. */
  private scatter() {
    const { filtered, rows, columns, selection } = this.store;
    const { labeled } = columns.head;
    const size = this.size();
    const shown = this.brush ? rows : filtered;
    const of = labeled ? 'accuracy' : 'token probability';
    return html`<section data-figure="scatter" .style=${`width: ${size.width}px`}>
      <h2>Problems<span class="value">majority share vs. ${of} · drag to filter</span>${this.menu('scatter', 'Problems', () => scatterTable(shown))}</h2>
      <svg class="scatter" width=${size.width} height=${size.height} role="img" aria-label="Majority share against ${of} of ${plural(shown.length, 'problem')}"
        @pointerdown=${this.begin} @pointermove=${this.drag} @pointerup=${this.end} @pointercancel=${this.end}>
        ${problemScatter(shown, labeled, size, selection.problem)} ${this.brushShape(size)}
      </svg>
    </section>`;
  }

  private menu(name: 'scatter' | 'reliability' | 'auroc', title: string, table: () => ChartNumbers) {
    const drawing = () => this.renderRoot.querySelector<SVGSVGElement>(`[data-figure="${name}"] svg`);
    return saveMenu(this.store, { name: `calibration-${name}`, title, drawing, table }, 'left');
  }

  private brushShape(size: ShareAxes) {
    if (!this.brush) return nothing;
    const { x, y } = shareScales(size);
    const { share, value } = this.brush;
    return svg`<rect class="brush" x=${x(share[0])} width=${x(share[1]) - x(share[0])} y=${y(value[1])} height=${y(value[0]) - y(value[1])}></rect>`;
  }

  private place(event: PointerEvent): { x: number; y: number } {
    const { left, top } = (event.currentTarget as Element).getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  private readonly begin = (event: PointerEvent): void => {
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    this.from = this.place(event);
  };

  private readonly drag = (event: PointerEvent): void => {
    if (!this.from) return;
    const { x, y } = shareScales(this.size());
    const now = this.place(event);
    if (Math.hypot(now.x - this.from.x, now.y - this.from.y) < MIN_DRAG) return;
    const within = (value: number) => Math.max(0, Math.min(1, value));
    const pair = (a: number, b: number): [number, number] => [within(Math.min(a, b)), within(Math.max(a, b))];
    this.brush = {
      share: pair(x.invert(this.from.x), x.invert(now.x)),
      value: pair(y.invert(this.from.y), y.invert(now.y)),
    };
    this.requestUpdate();
  };

  private readonly end = (event: PointerEvent): void => {
    const { selection, columns } = this.store;
    if (this.brush) selection.setFilter(brushFilter(selection.filter, this.brush, columns.head.labeled));
    else if (this.from) this.choose(event);
    this.from = null;
    this.brush = null;
    this.requestUpdate();
  };

  /** Selects the problem whose point was clicked. */
  private choose(event: PointerEvent): void {
    const [point] = event.composedPath() as Element[];
    const under = this.shadowRoot?.elementFromPoint(event.clientX, event.clientY) ?? point;
    const problem = under?.closest('[data-problem]')?.getAttribute('data-problem');
    if (problem) this.store.selection.select(Number(problem));
  }

  /** The values that need the rollouts. */
  private rollouts({ phase, step }: { phase: Phase; step: number }) {
    const { calibration } = this.store;
    const measures = calibration.measures(phase, step);
    if (!measures) {
      const isReading = calibration.of(phase, step).state === 'reading';
      return html`<section>
        <h2>Rollouts</h2>
        ${isReading ? html`<p class="muted" role="status">Computing the confidence measures…</p>` : !this.store.canCompute ? html`<p class="muted">Confidence measures of rollouts are computed in VS Code and by rollscope view.</p>` : html`<vscode-button appearance="secondary" data-action="calibrate" @click=${() => calibration.ask(phase, [step], { again: true })}>Compute for step ${step}</vscode-button>`}
      </section>`;
    }
    const chosen = measures.find(({ measure }) => measure === this.measure) ?? measures[0];
    if (!chosen) return html`<p class="muted">No rollout of this step has a reference answer and a confidence.</p>`;
    return html`${this.reliability(measures, chosen)} ${this.overSteps(phase, chosen)} ${this.table(measures, chosen)}`;
  }

  private reliability(measures: readonly MeasureAlignment[], chosen: MeasureAlignment) {
    const size = this.size();
    const choose = (event: Event) => {
      this.measure = (event.currentTarget as HTMLSelectElement).value;
      this.requestUpdate();
    };
    const bins = chosen.calibration?.equalWidth;
    return html`<section data-figure="reliability" .style=${`width: ${size.width}px`}>
      <h2>Reliability
        <select aria-label="Confidence measure" @change=${choose}>
          ${measures.map(({ measure, title }) => html`<option value=${measure} .selected=${measure === chosen.measure}>${title}</option>`)}
        </select>
        ${bins ? this.menu('reliability', `Reliability: ${chosen.title}`, () => binsTable(bins.bins)) : nothing}
      </h2>
      ${
        bins
          ? html`<svg width=${size.width} height=${size.height} role="img" aria-label="Accuracy by confidence, ${plural(bins.bins.length, 'bin')}; expected calibration error ${quantityText('calibrationError', bins.error)}">${reliability(bins.bins, size)}</svg>
            <div class="muted">expected calibration error ${quantityText('calibrationError', bins.error)} · ${integer(chosen.rollouts)} rollouts, ${integer(chosen.right)} correct</div>`
          : html`<p class="muted">This measure is not a probability: it has an AUROC, and no calibration.</p>`
      }
    </section>`;
  }

  /** Steps at which a phase has rollouts: a limited number of them, evenly spread. */
  private steps(phase: Phase): number[] {
    const { columns } = this.store;
    const all = [
      ...new Set(
        columns.countedRows
          .map((row) => columns.idOf(row))
          .filter((id) => id.phase === phase)
          .map(({ step }) => step),
      ),
    ];
    all.sort((a, b) => a - b);
    if (all.length <= MAX_STEPS) return all;
    return [
      ...new Set(
        Array.from({ length: MAX_STEPS }, (_, i) => all[Math.round((i * (all.length - 1)) / (MAX_STEPS - 1))]!),
      ),
    ];
  }

  private overSteps(phase: Phase, chosen: MeasureAlignment) {
    const { calibration } = this.store;
    const steps = this.steps(phase);
    const known = steps.flatMap((step) => {
      const measures = calibration.measures(phase, step);
      return measures ? { step, measures } : [];
    });
    const isReading = steps.some((step) => calibration.of(phase, step).state === 'reading');
    const size = this.size();
    return html`<section data-figure="auroc" .style=${`width: ${size.width}px`}>
      <h2>AUROC over the steps<span class="value">${chosen.title}; gray: the other measures</span>${known.length > 1 ? this.menu('auroc', 'AUROC over the steps', () => aurocTable(known)) : nothing}</h2>
      ${
        known.length > 1
          ? html`<svg width=${size.width} height=${size.height} role="img" aria-label="AUROC of each confidence measure over ${plural(known.length, 'step')}">${aurocOverSteps(known, chosen.measure, size)}</svg>`
          : nothing
      }
      ${
        isReading
          ? html`<p class="muted" role="status">${known.length} of ${plural(steps.length, 'step')} computed…</p>`
          : known.length < steps.length
            ? html`<vscode-button appearance="secondary" data-action="calibrate-steps" @click=${() => calibration.ask(phase, steps, { again: true })}>Compute for ${plural(steps.length, 'step')}</vscode-button>`
            : nothing
      }
    </section>`;
  }

  private table(measures: readonly MeasureAlignment[], chosen: MeasureAlignment) {
    return html`<section class="scroll" tabindex="0" aria-label="Confidence measures"><table>
      <thead><tr><th>measure</th><th class="number">AUROC within problems</th><th class="number">AUROC of all rollouts</th></tr></thead>
      <tbody>${measures.map(
        ({
          measure,
          title,
          within,
          across,
        }) => html`<tr data-measure=${measure} aria-selected=${measure === chosen.measure}>
          <td>${title}</td><td class="number">${quantityText('auroc', within)}</td><td class="number">${quantityText('auroc', across)}</td>
        </tr>`,
      )}</tbody>
    </table></section>`;
  }

  protected override updated(): void {
    const at = this.at();
    if (!at || !this.store.columns.head.labeled) return;
    // Scrubbing passes many steps: only the one at which it ends is computed.
    clearTimeout(this.asking);
    this.asking = setTimeout(() => this.store.calibration.ask(at.phase, [at.step]), REQUEST_DELAY_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.asking);
  }
}

function scatterTable(rows: readonly ProblemRow[]): ChartNumbers {
  return {
    head: ['problem', 'majority share', 'accuracy', 'token probability', 'answer', 'verdict'],
    rows: rows.map(({ problem, view }) => [
      ...[problem.id, view.share, view.accuracy],
      ...[view.confidence, view.answer, view.verdict],
    ]),
  };
}

function binsTable(bins: readonly CalibrationBin[]): ChartNumbers {
  return {
    head: ['above', 'up to', 'rollouts', 'mean confidence', 'accuracy', 'accuracy low', 'accuracy high'],
    rows: bins.map(({ low, high, count, confidence, accuracy }) => [
      ...[low, high, count, confidence],
      ...[accuracy?.mean ?? null, accuracy?.low ?? null, accuracy?.high ?? null],
    ]),
  };
}

/** One column per measure, within problems where the measure has that. */
function aurocTable(known: readonly { step: number; measures: readonly MeasureAlignment[] }[]): ChartNumbers {
  const titles = [...new Set(known.flatMap(({ measures }) => measures.map(({ title }) => title)))];
  return {
    head: ['step', ...titles],
    rows: known.map(({ step, measures }) => [
      step,
      ...titles.map((title) => measures.find((measure) => measure.title === title)?.within?.mean ?? null),
    ]),
  };
}
