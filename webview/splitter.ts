/**
 * The edge between two panes, which can be dragged or moved with the arrow keys; a double click restores the default
 * sizes.
 */
import { css, LitElement } from 'lit';
import { customElement } from 'lit/decorators.js';
import { html } from './html.ts';

/** CSS pixels that an arrow key moves it. */
const KEY_STEP = 24;

/** Calls `moved` with pixels and leaves the sizes to its owner; a `separator` with a value for screen readers. */
@customElement('rs-splitter')
export class Splitter extends LitElement {
  static override styles = css`
    :host {
      display: block;
      flex: none;
      position: relative;
      z-index: 3;
    }
    div {
      position: absolute;
      touch-action: none;
    }
    .vertical {
      inset: 0 -3px;
      cursor: col-resize;
    }
    .horizontal {
      inset: -3px 0;
      cursor: row-resize;
    }
    :host([axis='vertical']) {
      width: 1px;
      background: var(--rule);
    }
    :host([axis='horizontal']) {
      height: 1px;
      background: var(--rule);
    }
    div:hover,
    div:focus-visible {
      background: var(--vscode-sash-hoverBorder, var(--vscode-focusBorder));
      outline: none;
      opacity: 0.7;
    }
  `;

  static override properties = {
    axis: { reflect: true },
    title: {},
    value: { type: Number },
    moved: { attribute: false },
    reset: { attribute: false },
  };

  // Declared only: a field would hide the property that Lit makes.
  /** `vertical`: between panes side by side. */
  declare axis: 'vertical' | 'horizontal';
  /** Size of the pane before it, in percent of what there is. */
  declare value: number;
  /** Told of each move, CSS pixels. */
  declare moved: (by: number) => void;
  declare reset: () => void;
  private last: number | null = null;

  override render() {
    return html`<div
      class=${this.axis}
      role="separator"
      tabindex="0"
      aria-label=${this.title}
      aria-orientation=${this.axis}
      aria-valuemin="0"
      aria-valuemax="100"
      aria-valuenow=${Math.round(this.value)}
      @pointerdown=${this.begin}
      @pointermove=${this.drag}
      @pointerup=${this.end}
      @pointercancel=${this.end}
      @dblclick=${() => this.reset()}
      @keydown=${this.key}
    ></div>`;
  }

  private at(event: PointerEvent): number {
    return this.axis === 'vertical' ? event.clientX : event.clientY;
  }

  private readonly begin = (event: PointerEvent): void => {
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    this.last = this.at(event);
  };

  private readonly drag = (event: PointerEvent): void => {
    if (this.last === null) return;
    const now = this.at(event);
    if (now !== this.last) this.moved(now - this.last);
    this.last = now;
  };

  private readonly end = (): void => {
    this.last = null;
  };

  private readonly key = (event: KeyboardEvent): void => {
    const keys = this.axis === 'vertical' ? ['ArrowLeft', 'ArrowRight'] : ['ArrowUp', 'ArrowDown'];
    const place = keys.indexOf(event.key);
    if (place < 0) return;
    event.preventDefault();
    event.stopPropagation();
    this.moved(place === 0 ? -KEY_STEP : KEY_STEP);
  };
}
