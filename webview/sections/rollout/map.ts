/**
 * A whole response as a strip: the shades of its tokens, and where the answer, the fork point and matches of a search
 * are.
 */
import { SHADES } from '../../../engine/protocol/shades.ts';
import type { TextRange } from '../../../engine/runs/response-parts.ts';
import type { ResponseMarks } from './response.ts';

/** Height of the strip, CSS pixels. */
export const MAP_HEIGHT = 30;

export interface ResponseMap {
  /** Shade of each token, from 0; empty if they are not known. */
  shades: Uint8Array;
  tokens: number;
  marks: ResponseMarks;
  /** Tokens that are in sight. */
  visible: TextRange | null;
}

/**
 * Height of each pixel column, 0 to 1: its strongest shade or, where several tokens share a column, their mean shade
 * relative to the smallest and the largest mean of all columns, since every column then has some surprising token.
 */
export function columnsOf(shades: ArrayLike<number>, tokens: number, width: number): Float32Array {
  const columns = new Float32Array(width);
  if (tokens <= width) {
    for (let t = 0; t < shades.length; t++) {
      const to = Math.max(Math.floor((t / tokens) * width) + 1, Math.floor(((t + 1) / tokens) * width));
      columns.fill(shades[t]! / (SHADES - 1), Math.floor((t / tokens) * width), to);
    }
    return columns;
  }
  const counts = new Float32Array(width);
  for (let t = 0; t < shades.length; t++) {
    const at = Math.min(width - 1, Math.floor((t / tokens) * width));
    columns[at]! += shades[t]!;
    counts[at]!++;
  }
  const means = columns.map((sum, at) => (counts[at] ? sum / counts[at] : 0));
  const [low, high] = [means.reduce((a, b) => Math.min(a, b), SHADES), means.reduce((a, b) => Math.max(a, b), 0)];
  return means.map((mean) => (high > low ? (mean - low) / (high - low) : mean / (SHADES - 1)));
}

/** Draws the strip; colors are the theme's. */
export function drawMap(canvas: HTMLCanvasElement, { shades, tokens, marks, visible: sight }: ResponseMap): void {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.max(1, canvas.clientWidth), MAP_HEIGHT];
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  const context = canvas.getContext('2d')!;
  const style = getComputedStyle(canvas);
  const color = (...names: string[]) =>
    names.map((name) => style.getPropertyValue(name).trim()).find((value) => value !== '') ?? style.color;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const x = (t: number) => (t / Math.max(1, tokens)) * width;
  if (sight) {
    context.fillStyle = color('--vscode-scrollbarSlider-background', '--vscode-list-hoverBackground');
    context.fillRect(x(sight.start), 0, Math.max(2, x(sight.end) - x(sight.start)), height);
  }
  const base = height - 5;
  context.fillStyle = color('--vscode-rollscope-token7', '--vscode-charts-blue');
  columnsOf(shades, tokens, Math.floor(width)).forEach((part, at) => {
    if (part === 0) return;
    context.globalAlpha = 0.35 + part * 0.65;
    const high = part * (base - 6);
    context.fillRect(at, base - high, 1, high);
  });
  context.globalAlpha = 1;
  context.fillStyle = color('--vscode-editorWidget-border', '--vscode-panel-border', '--vscode-descriptionForeground');
  context.fillRect(0, base, width, 1);
  context.fillStyle = color('--vscode-charts-yellow', '--vscode-foreground');
  for (const hit of marks.hits) context.fillRect(x(hit.start), 0, 2, 5);
  if (marks.answer) {
    context.fillStyle = color('--vscode-charts-orange', '--vscode-charts-yellow');
    context.fillRect(x(marks.answer.start), base + 1, Math.max(3, x(marks.answer.end) - x(marks.answer.start)), 4);
  }
  for (const [t, name] of [
    [marks.fork, '--vscode-focusBorder'],
    [marks.now, '--vscode-foreground'],
  ] as const) {
    if (t === null) continue;
    context.fillStyle = color(name);
    context.fillRect(x(t) - 0.5, 0, 1.5, height);
  }
}
