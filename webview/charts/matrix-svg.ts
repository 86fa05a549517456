/** The matrix of problems over time as an SVG drawing, for a file: all problems of the list, not only those in sight. */

import type { RunColumns } from '../../engine/runs/columns.ts';
import { candidateRows } from '../../engine/runs/representatives.ts';
import { xmlCharacters } from './export.ts';
import { type CellContext, drawRow, HATCH, type MatrixColors, type Palette } from './matrix.ts';

/**
 * Width of the matrix and of the names, in pixels; highest and lowest row; and the greatest height of all rows
 * together.
 */
const WIDTH = 900;
const NAMES_WIDTH = 140;
const ROW = { most: 14, least: 1 };
const MAX_HEIGHT = 12_000;
/** A row of this height has its name. */
const MIN_LABELED_ROW_HEIGHT = 9;
/** The greatest number of cells; with more rows there are fewer columns. */
const MAX_CELLS = 1_000_000;

export interface MatrixPicture {
  columns: RunColumns;
  /** In list order; null between groups. */
  problems: readonly ({ index: number; id: string } | null)[];
  steps: number;
  colors: MatrixColors;
  background: string;
  foreground: string;
}

/** Rectangles of each color as one path. */
class Recorder implements CellContext {
  fillStyle: string | CanvasPattern | CanvasGradient = '';
  top = 0;
  private readonly paths = new Map<string, string[]>();

  fillRect(x: number, y: number, width: number, height: number): void {
    const color = this.fillStyle as string;
    const path = this.paths.get(color) ?? [];
    if (path.length === 0) this.paths.set(color, path);
    path.push(`M${x} ${this.top + y}h${width}v${height}h${-width}z`);
  }

  toString(): string {
    return [...this.paths].map(([color, path]) => `<path fill="${color}" d="${path.join('')}"/>`).join('\n');
  }
}

const escaped = (text: string) =>
  xmlCharacters(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');

/** A drawing of its own, with background and patterns. */
export function matrixSvg({ columns, problems, steps, colors, background, foreground }: MatrixPicture): string {
  const row = Math.max(ROW.least, Math.min(ROW.most, Math.floor(MAX_HEIGHT / Math.max(1, problems.length))));
  const width = Math.min(WIDTH, Math.max(100, Math.floor(MAX_CELLS / Math.max(1, problems.length))));
  const hasNames = row >= MIN_LABELED_ROW_HEIGHT;
  const left = hasNames ? NAMES_WIDTH : 0;
  const height = Math.max(1, problems.length * row);
  const palette: Palette = { ...colors, wrong: colors.wrong.map((_, i) => `url(#wrong-${i})`) };
  const recorder = new Recorder();
  const cell = row > 3 ? row - 1 : row;
  problems.forEach((problem, i) => {
    if (!problem) return;
    recorder.top = i * row;
    drawRow(recorder, palette, columns, candidateRows(columns, problem.index), { steps, width }, [0, cell]);
  });
  const names = problems.map((problem, i) =>
    problem && hasNames
      ? `<text x="${NAMES_WIDTH - 6}" y="${(i + 1) * row - 4}" text-anchor="end">${escaped([...problem.id.slice(0, 48)].slice(0, 24).join(''))}</text>`
      : '',
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${left + width}" height="${height + 20}" viewBox="0 0 ${left + width} ${height + 20}">
<defs>${colors.wrong.map((color, i) => pattern(i, color, background)).join('')}</defs>
<rect width="100%" height="100%" fill="${background}"/>
<g font-family="sans-serif" font-size="9" fill="${foreground}">${names.join('')}
<text x="${left}" y="${height + 14}">step 0</text><text x="${left + width}" y="${height + 14}" text-anchor="end">step ${steps}</text></g>
<g transform="translate(${left} 0)">
${recorder}
</g></svg>`;
}

function pattern(i: number, color: string, background: string): string {
  return `<pattern id="wrong-${i}" width="${HATCH}" height="${HATCH}" patternUnits="userSpaceOnUse"><rect width="${HATCH}" height="${HATCH}" fill="${color}"/><path d="M-1 ${HATCH + 1}L${HATCH + 1} -1" stroke="${background}" stroke-width="1.6"/></pattern>`;
}
