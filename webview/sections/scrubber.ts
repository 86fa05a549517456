/**
 * The steps as a slider: a bar's height is the reward accuracy (label accuracy for rewards that do not judge correctness, the
 * proxy reward without reference answers), its shade the proxy reward on whatever scale.
 */
import { css, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import { accuracyOf } from '../charts/metrics.ts';
import { toUnit } from '../charts/scale.ts';
import { Component } from '../component.ts';
import { html, svg } from '../html.ts';
import { shared } from '../styles.ts';

const LEFT = 76;
/** Room for the button. */
const RIGHT = 84;
const HEIGHT = 26;

@customElement('rs-scrubber')
export class Scrubber extends Component {
  static override styles = [
    shared,
    css`
      :host {
        padding: 6px 14px;
        border-bottom: 1px solid var(--rule);
      }
      .row {
        display: flex;
        gap: 10px;
        align-items: center;
      }
      .row .muted {
        white-space: nowrap;
        min-width: 5em;
      }
      .track {
        flex: 1;
        cursor: pointer;
        touch-action: none;
      }
      .bar {
        fill: var(--accent);
      }
      .checkpoint {
        fill: var(--muted);
      }
      .warning {
        fill: var(--highlight);
      }
      .handle {
        stroke: var(--vscode-foreground);
        stroke-width: 2;
      }
    `,
  ];

  private get total(): number {
    return Math.max(1, this.store.info?.steps ?? 1, this.store.columns.step);
  }

  override render() {
    const { columns } = this.store;
    const { step } = this.store.selection;
    const { series, head } = columns;
    if (series.steps.length === 0) return nothing;
    const width = Math.max(50, this.width - LEFT - RIGHT);
    const each = width / this.total;
    const accuracy = accuracyOf(head);
    const height = series.of(accuracy ?? 'proxyReward');
    const x = (s: number) => (s - 1) * each;
    const proxyReward = series.of('proxyReward');
    const proxy = toUnit(proxyReward ?? []);
    const part = accuracy ? (value: number) => value : proxy;
    const at = (values: readonly number[] | undefined, i: number, unit: typeof proxy) =>
      Number.isFinite(values?.[i]) ? unit(values![i]!) : 0;
    const shown = step ?? columns.step;
    return html`<div class="row">
      <span class="muted">step ${shown}</span>
      <div
        class="track"
        role="slider"
        tabindex="0"
        aria-label="Step"
        aria-valuemin="1"
        aria-valuemax=${columns.step}
        aria-valuenow=${shown}
        @keydown=${this.key}
        @pointerdown=${this.point}
        @pointermove=${(event: PointerEvent) => event.buttons === 1 && this.point(event)}
      >
        <svg width=${width} height=${HEIGHT} aria-hidden="true">
          ${series.steps.map((s, i) => {
            const tall = Math.max(2, at(height, i, part) * (HEIGHT - 6));
            const shade = 0.25 + 0.75 * at(proxyReward, i, proxy);
            return svg`<rect class="bar" x=${x(s)} y=${HEIGHT - 4 - tall} width=${Math.max(0.6, each - (each > 3 ? 1 : 0))} height=${tall} fill-opacity=${shade}></rect>`;
          })}
          ${head.checkpoints.map(({ step: s }) => svg`<path class="checkpoint" d=${`M${x(s) + each / 2 - 3} ${HEIGHT}h6l-3 -4z`}></path>`)}
          ${head.warnings.map(({ step: s, message }) =>
            s === null
              ? nothing
              : svg`<path class="warning" d=${`M${x(s) + each / 2 - 4} 7h8l-4 -7z`}><title>${message}</title></path>`,
          )}
          <line class="handle" x1=${x(shown) + each / 2} x2=${x(shown) + each / 2} y1="0" y2=${HEIGHT}></line>
        </svg>
      </div>
      <vscode-button
        appearance=${step === null ? 'primary' : 'secondary'}
        data-action="live"
        aria-pressed=${step === null}
        @click=${() => this.store.selection.lookAt(null)}
        >${this.store.info?.status === 'running' ? 'Live' : 'Latest'}</vscode-button
      >
    </div>`;
  }

  private readonly point = (event: PointerEvent): void => {
    const track = event.currentTarget as HTMLElement;
    const { left } = track.getBoundingClientRect();
    const width = Math.max(50, this.width - LEFT - RIGHT);
    const step = Math.floor(((event.clientX - left) / width) * this.total) + 1;
    this.look(step);
  };

  private readonly key = (event: KeyboardEvent): void => {
    const now = this.store.selection.step ?? this.store.columns.step;
    const moves: Record<string, number> = {
      ArrowLeft: now - 1,
      ArrowRight: now + 1,
      PageDown: now - 10,
      PageUp: now + 10,
      Home: 1,
      End: this.store.columns.step,
    };
    const step = moves[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.look(step);
  };

  private look(step: number): void {
    this.store.selection.lookAt(Math.max(1, Math.min(this.store.columns.step, step)));
  }
}
