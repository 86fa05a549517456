/** The map of a response in the pane: a slider over its tokens, drawn again when the visible part changes. */
import { css, type LitElement, type ReactiveController } from 'lit';
import { integer, plural } from '../../../engine/protocol/format.ts';
import type { RolloutStatistics } from '../../../engine/protocol/group.ts';
import { type TextRange, tokenAt } from '../../../engine/runs/response-parts.ts';
import { html } from '../../html.ts';
import { Remembered } from '../../remembered.ts';
import { onThemeChange } from '../../theme.ts';
import { drawMap, MAP_HEIGHT, type ResponseMap } from './map.ts';
import { type ResponseReading, tokenLine } from './response.ts';

export const mapStyles = css`
  .map {
    cursor: pointer;
    touch-action: none;
  }
  canvas {
    display: block;
    width: 100%;
    height: ${MAP_HEIGHT}px;
  }
  .about {
    min-height: 1.4em;
    overflow-wrap: anywhere;
  }
`;

/** The map has as many pages. */
const PAGES = 20;

export interface MapView {
  reading: ResponseReading;
  statistics: RolloutStatistics;
  /** Log-probabilities at A; null if they are not shown. */
  before: Float32Array | null;
  /** The chosen token. */
  now: number | null;
  /** Chooses a token; the nearest that there is. */
  goTo(token: number): void;
}

/** The template of the map, with the facts about the selected token below it. */
export function mapView({ reading, statistics, before, now, goTo }: MapView) {
  const count = reading.texts.length;
  const at = now ?? 0;
  const unit = reading.isTokens ? 'token' : 'word';
  const facts = reading.isTokens && count > 0 ? `, ${tokenLine(statistics, at, before)}` : '';
  const text = `${unit} ${integer(at + 1)} of ${integer(count)}${facts}`;
  const point = (event: PointerEvent) => {
    const { left, width } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    goTo(Math.floor(((event.clientX - left) / Math.max(1, width)) * count));
  };
  const key = (event: KeyboardEvent) => {
    const by = stepOf(event.key, count);
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    goTo(at + by);
  };
  return html`<div class="map" role="slider" tabindex="0" aria-label="Position in the response" aria-valuemin="1" aria-valuemax=${Math.max(1, count)} aria-valuenow=${at + 1} aria-valuetext=${text}
      @pointerdown=${point} @pointermove=${(event: PointerEvent) => event.buttons === 1 && point(event)} @keydown=${key}><canvas></canvas></div>
    <div class="about muted">${now === null ? `${plural(count, unit)} · click the map to jump` : html`<b class="mono">${reading.texts[at]!.replace(/\n/g, '↵')}</b> ${text}`}</div>`;
}

/** By how many tokens a key moves. */
function stepOf(key: string, count: number): number | undefined {
  const page = Math.max(1, Math.round(count / PAGES));
  return {
    ArrowRight: 1,
    ArrowLeft: -1,
    ArrowUp: 1,
    ArrowDown: -1,
    PageDown: page,
    PageUp: -page,
    Home: -count,
    End: count,
  }[key];
}

/** The content of the map, without the visible part. */
export type MapContent = Omit<ResponseMap, 'visible' | 'tokens'> & { reading: ResponseReading };

/** Draws the map of its host when that has rendered, and when the pane that it is in scrolls. */
export class MapDrawing implements ReactiveController {
  private pane: HTMLElement | null = null;
  private isAwaited = false;
  /** Raised when the theme changes. */
  private theme = 0;
  private endTheme: (() => void) | null = null;
  private readonly drawn = new Remembered<void>();

  constructor(
    private readonly host: LitElement,
    /** null while there is no response. */
    private readonly content: () => MapContent | null,
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    this.pane = this.host.parentElement;
    this.pane?.addEventListener('scroll', this.scrolled, { passive: true });
    this.endTheme = onThemeChange(() => {
      this.theme++;
      this.scrolled();
    });
  }

  hostDisconnected(): void {
    this.pane?.removeEventListener('scroll', this.scrolled);
    this.pane = null;
    this.endTheme?.();
  }

  hostUpdated(): void {
    // In the next frame, where this does not force a layout.
    this.scrolled();
  }

  private readonly scrolled = (): void => {
    if (this.isAwaited) return;
    this.isAwaited = true;
    requestAnimationFrame(() => {
      this.isAwaited = false;
      this.draw();
    });
  };

  private draw(): void {
    const canvas = this.host.renderRoot.querySelector('canvas');
    const tokens = this.host.renderRoot.querySelector('.tokens');
    const content = canvas && tokens && this.content();
    if (!content) return;
    const { reading, shades, marks } = content;
    const sight = this.visibleRange(tokens, reading);
    const { answer, fork, hits, now } = marks;
    const shown = [canvas, canvas.clientWidth, this.theme, reading, shades, sight?.start, sight?.end];
    this.drawn.of([...shown, answer, fork, hits, now], () =>
      drawMap(canvas, { shades, marks, tokens: reading.texts.length, visible: sight }),
    );
  }

  /** Tokens that are in sight, about: a response's lines are equally long. */
  private visibleRange(tokens: Element, { starts }: ResponseReading): TextRange | null {
    const pane = this.pane?.getBoundingClientRect();
    const { top, height } = tokens.getBoundingClientRect();
    if (!pane || height <= pane.height) return null;
    const length = starts.at(-1)!;
    const at = (y: number) => tokenAt(starts, Math.round((Math.max(0, Math.min(height, y)) / height) * length));
    return { start: at(pane.top - top), end: at(pane.bottom - top) + 1 };
  }
}
