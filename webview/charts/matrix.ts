/**
 * Problems over time on a canvas: a row for each problem, from left to right its groups. The majority share is the strength
 * of the color; the shape says how the vote is, so that it shows without color: solid right, hatched wrong, two bars for
 * a vote without a majority, a line for no answer.
 */
import type { RunColumns } from '../../engine/runs/columns.ts';
import { type Standing, standingAt } from '../../engine/runs/standing.ts';
import { cssOf, type Rgb, ramp, withContrast } from './contrast.ts';

/** Levels of the majority share that can be distinguished. */
const LEVELS = 6;
/** Distance of the hatching's lines, CSS pixels. */
export const HATCH = 5;

export interface Palette {
  solid: readonly string[];
  wrong: readonly (CanvasPattern | string)[];
  unknown: readonly string[];
  undecided: string;
  faint: string;
}

/** The theme's colors as they are computed for an element. */
export interface ThemeColors {
  background: Rgb;
  accent: Rgb;
  wrong: Rgb;
  muted: Rgb;
}

/** The part of a canvas context that drawing a cell uses. */
export type CellContext = Pick<CanvasRenderingContext2D, 'fillStyle' | 'fillRect'>;

/** Colors without hatching for wrong cells. */
export interface MatrixColors extends Palette {
  wrong: readonly string[];
}

/** The theme's colors by level of the majority share, as they are before a canvas has patterns. */
export function matrixColors({ background, accent, wrong, muted }: ThemeColors): MatrixColors {
  const css = (color: Rgb) => ramp(color, background, LEVELS).map(cssOf);
  return {
    solid: css(accent),
    unknown: css(accent),
    wrong: css(wrong),
    undecided: cssOf(withContrast(muted, background, 4.5)),
    faint: cssOf(withContrast(muted, background, 3)),
  };
}

/** Ramps and hatchings of the theme's colors, by level of the majority share; patterns belong to one canvas. */
export function paletteOf(context: CanvasRenderingContext2D, theme: ThemeColors): Palette {
  const colors = matrixColors(theme);
  return { ...colors, wrong: colors.wrong.map((color) => hatching(context, color, cssOf(theme.background))) };
}

/** Lines of the background across the color. */
function hatching(context: CanvasRenderingContext2D, color: string, background: string): CanvasPattern | string {
  const tile = document.createElement('canvas');
  const scale = window.devicePixelRatio || 1;
  const size = Math.round(HATCH * scale);
  tile.width = tile.height = size;
  const draw = tile.getContext('2d')!;
  draw.fillStyle = color;
  draw.fillRect(0, 0, size, size);
  draw.strokeStyle = background;
  draw.lineWidth = 1.6 * scale;
  for (const shift of [-size, 0, size]) {
    draw.beginPath();
    draw.moveTo(shift - 1, size + 1);
    draw.lineTo(shift + size + 1, -1);
    draw.stroke();
  }
  const pattern = context.createPattern(tile, 'repeat');
  pattern?.setTransform(new DOMMatrix([1 / scale, 0, 0, 1 / scale, 0, 0]));
  return pattern ?? color;
}

export interface CellShape {
  standing: Standing;
  /** Majority share; NaN without an answer. */
  share: number;
}

/** Draws one cell with its upper left corner at (x, y). */
export function drawCell(
  context: CellContext,
  palette: Palette,
  { standing, share }: CellShape,
  [x, y, width, height]: readonly [number, number, number, number],
): void {
  const level = Math.max(0, Math.min(LEVELS - 1, Math.floor((Number.isNaN(share) ? 0 : share) * LEVELS)));
  switch (standing) {
    case 'correct':
    case 'unknown':
      context.fillStyle = palette.solid[level]!;
      context.fillRect(x, y, width, height);
      break;
    case 'wrong':
      context.fillStyle = palette.wrong[level]!;
      context.fillRect(x, y, width, height);
      break;
    case 'undecided': {
      const bar = Math.max(2, Math.round(height / 4));
      context.fillStyle = palette.undecided;
      context.fillRect(x, y + 1, width, bar);
      context.fillRect(x, y + height - 1 - bar, width, bar);
      break;
    }
    case 'unanswered':
      context.fillStyle = palette.faint;
      context.fillRect(x, y + Math.round(height / 2) - 1, width, 2);
      break;
  }
}

export interface MatrixFrame {
  /** Last step of the axis. */
  steps: number;
  width: number;
}

/** Left edge of a step's cell; step 0 is before the first. */
export function cellEdge({ steps, width }: MatrixFrame, step: number): number {
  return (step / (steps + 1)) * width;
}

/** The step whose cell is at x. */
export function stepAt({ steps, width }: MatrixFrame, x: number): number {
  return Math.max(0, Math.min(steps, Math.floor((x / width) * (steps + 1))));
}

/** Draws the groups of a problem, each up to the next one. If several fall into one pixel, the last is visible. */
export function drawRow(
  context: CellContext,
  palette: Palette,
  columns: RunColumns,
  rows: readonly number[],
  frame: MatrixFrame,
  [y, height]: readonly [number, number],
): void {
  const { step, share } = columns.groups.columns;
  const gap = frame.width / (frame.steps + 1) >= 5 ? 1 : 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    const next = rows[i + 1];
    const from = Math.round(cellEdge(frame, step[row]!));
    const end = next === undefined ? frame.width : Math.round(cellEdge(frame, step[next]!));
    // A group that the next one covers entirely is not visible.
    if (end <= from && next !== undefined) continue;
    const width = Math.max(1, end - from - gap);
    drawCell(context, palette, { standing: standingAt(columns, row), share: share[row]! }, [from, y, width, height]);
  }
}
