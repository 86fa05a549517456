/** The drawn part of the list of problems: what is seen of the matrix, the cursors, and the samples of the legend. */
import type { RunColumns } from '../../../engine/runs/columns.ts';
import { speakingRows } from '../../../engine/runs/problem-view.ts';
import { cellEdge, drawCell, drawRow, type MatrixFrame, type Palette, paletteOf } from '../../charts/matrix.ts';
import type { ListItem } from '../../problem-order.ts';
import { themeColors } from '../../theme.ts';
import { matrixPlace } from './columns.ts';

/** Height of a line of the list, and of a cell in it, CSS pixels. */
export const LINE = 20;
export const CELL = 14;

/** What the list shows. */
export interface MatrixContent {
  columns: RunColumns;
  items: readonly ListItem[];
  /** Last step of the matrix. */
  steps: number;
  /** Steps of the cursors; B is null at the latest step. */
  a: number;
  b: number | null;
  /** What is seen of the list, CSS pixels. */
  top: number;
  height: number;
}

/** Draws with the colors of the theme, which it looks up once. */
export class MatrixDrawing {
  private palette: Palette | null = null;

  /** Looks the colors up again. */
  forgetTheme(): void {
    this.palette = null;
  }

  /**
   * Draws the lines that are in sight into the canvas of the list, and a cell into each sample (`data-standing`).
   * @param list the element that scrolls
   */
  paint(list: HTMLElement, samples: readonly HTMLCanvasElement[], content: MatrixContent): void {
    const canvas = list.querySelector('canvas')!;
    const place = matrixPlace(list);
    const { top, height, steps } = content;
    if (!place || height === 0) return;
    const context = sized(canvas, place.width, height);
    canvas.style.left = `${place.left}px`;
    canvas.style.top = `${top}px`;
    this.palette ??= paletteOf(context, themeColors());
    const frame: MatrixFrame = { steps, width: place.width };
    drawLines(context, this.palette, frame, content);
    if (steps > 0) drawCursors(context, frame, height, content.a, content.b);
    for (const sample of samples) {
      const standing = sample.dataset.standing as 'correct';
      drawCell(sized(sample, 22, 12), this.palette, { standing, share: 0.8 }, [0, 0, 22, 12]);
    }
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
    // The hatching begins with its row, and does not slide while the list is scrolled.
    context.translate(0, i * LINE - top + (LINE - CELL) / 2);
    drawRow(context, palette, columns, speakingRows(columns, item.row.problem.index), frame, [0, CELL]);
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

function drawCursors(
  context: CanvasRenderingContext2D,
  frame: MatrixFrame,
  height: number,
  a: number,
  b: number | null,
): void {
  const style = getComputedStyle(document.documentElement);
  const line = (step: number, color: string) => {
    const x = Math.round(cellEdge(frame, step) + cellEdge(frame, 1) / 2) + 0.5;
    context.strokeStyle = style.getPropertyValue(color).trim() || 'gray';
    context.setLineDash([2, 2]);
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, height);
    context.stroke();
  };
  if (a > 0) line(a, '--vscode-charts-purple');
  if (b !== null) line(b, '--vscode-focusBorder');
}
