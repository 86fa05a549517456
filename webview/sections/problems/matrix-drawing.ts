/**
 * The drawn part of the list of problems: the visible part of the matrix, the cursors, and the samples of the legend.
 */
import type { RunColumns } from '../../../engine/runs/columns.ts';
import { candidateRows } from '../../../engine/runs/representatives.ts';
import { cellEdge, drawCell, drawRow, type MatrixFrame, type Palette, paletteOf } from '../../charts/matrix.ts';
import type { ListItem } from '../../problem-order.ts';
import { Remembered } from '../../remembered.ts';
import { themeColors } from '../../theme.ts';
import { matrixPlace } from './columns.ts';

/** Height of a line of the list, and of a cell in it, CSS pixels. */
export const LINE = 20;
export const CELL = 14;

/** The content of the list. */
export interface MatrixContent {
  columns: RunColumns;
  items: readonly ListItem[];
  /** Last step of the matrix. */
  steps: number;
  /** Steps of the cursors; null before training, and at the latest step. */
  a: number | null;
  b: number | null;
  /** The visible part of the list, in CSS pixels. */
  top: number;
  height: number;
}

/**
 * Draws with the colors of the theme, which it looks up once, and only what has changed: scrubbing moves only the
 * cursors.
 */
export class MatrixDrawing {
  private palette: Palette | null = null;
  /** Position of the matrix in a line; null if it has to be measured. */
  private place: ReturnType<typeof matrixPlace> = null;
  /** The columns of the list by which it was measured. */
  private titles = 0;
  private readonly lines = new Remembered<void>();
  /** Samples of the legend, with the colors that they were drawn in. */
  private readonly samples = new WeakMap<HTMLCanvasElement, Palette>();

  /** Looks the colors up again. */
  forgetTheme(): void {
    this.palette = null;
  }

  /** Measures the list again. */
  forgetPlace(): void {
    this.place = null;
  }

  /**
   * Draws the lines that are in sight into the canvas of the list, and a cell into each sample (`data-standing`).
   * @param list the element that scrolls
   */
  paint(list: HTMLElement, samples: readonly HTMLCanvasElement[], content: MatrixContent): void {
    const place = this.placeIn(list);
    const { top, height, steps, columns } = content;
    if (!place || height === 0) return;
    const frame: MatrixFrame = { steps, width: place.width };
    placeCursors(list, frame, place.left, content);
    const canvas = list.querySelector('canvas')!;
    this.palette ??= paletteOf(canvas.getContext('2d')!, themeColors());
    const { palette } = this;
    const seen = content.items.slice(Math.floor(top / LINE), Math.ceil((top + height) / LINE));
    const problems = seen.map((item) => (item.kind === 'group' ? null : item.index));
    const shown = [palette, columns, columns.seq, columns.epoch, top, height, steps, place.left, place.width];
    this.lines.of([...shown, ...problems], () => {
      const context = sized(canvas, place.width, height);
      canvas.style.left = `${place.left}px`;
      canvas.style.top = `${top}px`;
      drawLines(context, palette, frame, content);
    });
    for (const sample of samples) {
      if (this.samples.get(sample) === palette) continue;
      this.samples.set(sample, palette);
      const standing = sample.dataset.standing as 'correct';
      drawCell(sized(sample, 22, 12), palette, { standing, share: 0.8 }, [0, 0, 22, 12]);
    }
  }

  private placeIn(list: HTMLElement): ReturnType<typeof matrixPlace> {
    const titles = list.querySelector('.titles')?.childElementCount ?? 0;
    if (titles !== this.titles) this.place = null;
    this.titles = titles;
    this.place ??= matrixPlace(list);
    return this.place;
  }
}

/** Positions the lines of the cursors, which are elements of their own, over the matrix. */
function placeCursors(list: HTMLElement, frame: MatrixFrame, left: number, { a, b, top, height }: MatrixContent): void {
  for (const [name, step] of [
    ['a', a],
    ['b', b],
  ] as const) {
    const line = list.querySelector<HTMLElement>(`.step-line.${name}`)!;
    line.hidden = frame.steps === 0 || step === null;
    const x = left + Math.round(cellEdge(frame, step ?? 0) + cellEdge(frame, 1) / 2);
    line.style.height = `${height}px`;
    line.style.transform = `translate(${x}px, ${top}px)`;
  }
}

function drawLines(
  context: CanvasRenderingContext2D,
  palette: Palette,
  frame: MatrixFrame,
  { columns, items, top, height }: MatrixContent,
): void {
  const last = Math.min(items.length, Math.ceil((top + height) / LINE));
  for (let i = Math.floor(top / LINE); i < last; i++) {
    const item = items[i]!;
    if (item.kind === 'group') continue;
    context.save();
    // The hatching is aligned with its row, so that it does not slide while the list scrolls.
    context.translate(0, i * LINE - top + (LINE - CELL) / 2);
    drawRow(context, palette, columns, candidateRows(columns, item.index), frame, [0, CELL]);
    context.restore();
  }
}

/** A canvas of this size in CSS pixels, cleared, with crisp pixels. */
function sized(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext('2d')!;
  context.scale(scale, scale);
  return context;
}
