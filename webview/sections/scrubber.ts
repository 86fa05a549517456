/**
 * The steps as a slider, whose picture is the history of the run: how many problems were in each quadrant. Cursor B is the
 * step that everything is shown at, cursor A the one that it is compared with.
 */
import { css, nothing, type TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import { cellEdge, type MatrixFrame, stepAt } from '../charts/matrix.ts';
import { quadrantAreas, quadrantStyles } from '../charts/quadrants.ts';
import { Component } from '../component.ts';
import { html, svg } from '../html.ts';
import { QUADRANT_ORDER } from '../problem-order.ts';
import { Remembered } from '../remembered.ts';
import { shared } from '../styles.ts';
import './cursor-a.ts';

const LEFT = 86;
/** Room for the button. */
const RIGHT = 84;
const HEIGHT = 38;
/** Height of the areas; below them are the marks. */
const PICTURE = 29;

/** The section with one bar per step; the selected step follows pointer and keys. */
@customElement('rs-scrubber')
export class Scrubber extends Component {
  static override styles = [
    shared,
    quadrantStyles,
    css`
      :host {
        padding: 4px 12px;
        border-bottom: 1px solid var(--rule);
      }
      .row {
        display: flex;
        gap: 10px;
        align-items: center;
      }
      .track {
        flex: 1;
        cursor: pointer;
        touch-action: none;
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
      .handle.a {
        stroke: var(--vscode-charts-purple);
      }
      svg text.handle-name {
        fill: var(--vscode-foreground);
        font-weight: 600;
        paint-order: stroke;
        stroke: var(--vscode-editor-background);
        stroke-width: 3;
      }
      .place {
        flex: 0 0 76px;
        display: flex;
        flex-direction: column;
        line-height: 1.2;
      }
      .place rs-cursor-a {
        font-size: 0.85em;
      }
    `,
  ];

  private readonly picture = new Remembered<TemplateResult>();

  override render() {
    const { columns, history } = this.store;
    const { step } = this.store.selection;
    const { head } = columns;
    if (history.length === 0 && columns.series.steps.length === 0) return nothing;
    const frame = this.frame;
    const x = (s: number) => cellEdge(frame, s);
    const middle = cellEdge(frame, 1) / 2;
    const shown = step ?? columns.step;
    const handle = (s: number, name: 'a' | 'b') => {
      const at = x(s) + middle;
      return svg`<line class="handle ${name}" x1=${at} x2=${at} y1="0" y2=${HEIGHT}></line>
        <text class="handle-name ${name}" x=${at + (at > frame.width - 14 ? -4 : 4)} y="9" text-anchor=${at > frame.width - 14 ? 'end' : 'start'}>${name.toUpperCase()}</text>`;
    };
    return html`<div class="row">
      <span class="place"><b>step ${shown}</b> <rs-cursor-a></rs-cursor-a></span>
      <div
        class="track"
        role="slider"
        tabindex="0"
        aria-label="Step"
        aria-valuemin="0"
        aria-valuemax=${columns.step}
        aria-valuenow=${shown}
        aria-valuetext=${`step ${shown}: ${this.countsAt(shown)}`}
        title=${`Problems by quadrant; step ${shown}: ${this.countsAt(shown)}\nClick: go to a step (B). Shift-click: compare with a step (A)`}
        @keydown=${this.key}
        @pointerdown=${this.point}
        @pointermove=${(event: PointerEvent) => event.buttons === 1 && this.point(event)}
      >
        <svg width=${frame.width} height=${HEIGHT} aria-hidden="true">
          ${this.areas(x)}
          ${head.checkpoints.map(({ step: s }) => svg`<path class="checkpoint" d=${`M${x(s) + middle - 3} ${HEIGHT}h6l-3 -4z`}></path>`)}
          ${head.warnings.map(({ step: s, message }) =>
            s === null
              ? nothing
              : svg`<path class="warning" d=${`M${x(s) + middle - 4} ${HEIGHT}h8l-4 -8z`}><title>${message}</title></path>`,
          )}
          ${this.cursorAStep === null ? nothing : handle(this.cursorAStep, 'a')} ${handle(shown, 'b')}
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

  /** The step of cursor A on this axis; null if it is beyond the axis, in another run. */
  private get cursorAStep(): number | null {
    const { selection, cursorARun, columns } = this.store;
    const { from, fromRun } = selection;
    if (fromRun === null) return from ?? 0;
    const step = from ?? cursorARun.other?.columns.step ?? null;
    return step === null || step > columns.step ? null : step;
  }

  /** Drawn again only when a step begins, since groups arrive many times per second. */
  private areas(x: (step: number) => number): TemplateResult {
    const { columns, history, problems, info } = this.store;
    const { width } = this.frame;
    const until = info?.status === 'running' && columns.step > 0 ? history.length : history;
    return this.picture.of([columns, until, problems.length, columns.step, width], () =>
      quadrantAreas({ history, problems: problems.length, x, width, height: PICTURE }),
    );
  }

  /** `12 confident & wrong, 40 confident & correct`, at the last step with rollouts at or before `step`. */
  private countsAt(step: number): string {
    const counts = this.store.history.findLast((candidate) => candidate.step <= step)?.counts ?? {};
    return QUADRANT_ORDER.flatMap(([quadrant, title]) =>
      counts[quadrant] ? [`${counts[quadrant]} ${title.toLowerCase()}`] : [],
    ).join(', ');
  }

  private get frame(): MatrixFrame {
    return { steps: Math.max(1, this.store.columns.step), width: Math.max(50, this.width - LEFT - RIGHT) };
  }

  private readonly point = (event: PointerEvent): void => {
    const { left } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const step = stepAt(this.frame, event.clientX - left);
    const { selection } = this.store;
    // In another run, 0 is before training and null its latest step.
    if (event.shiftKey) selection.compareWith(step === 0 && selection.fromRun === null ? null : step);
    else this.goToStep(step);
  };

  private readonly key = (event: KeyboardEvent): void => {
    const now = this.store.selection.step ?? this.store.columns.step;
    const moves: Record<string, number> = {
      ArrowLeft: now - 1,
      ArrowRight: now + 1,
      PageDown: now - 10,
      PageUp: now + 10,
      Home: 0,
      End: this.store.columns.step,
    };
    const step = moves[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.goToStep(step);
  };

  private goToStep(step: number): void {
    this.store.selection.lookAt(Math.max(0, Math.min(this.store.columns.step, step)));
  }
}
