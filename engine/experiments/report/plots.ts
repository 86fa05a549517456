/** Plots of a report as SVG texts: lines with bands, points, bars. The page's style has the colors. */
import { scaleLinear, scaleLog } from 'd3-scale';
import { area, line } from 'd3-shape';
import { figure, fixed } from '../../protocol/format.ts';
import { largest, smallest } from '../../protocol/values.ts';
import { htmlText } from './text.ts';

/** A value with its interval, if it has one. */
export interface PlotPoint {
  x: number;
  y: number;
  low?: number;
  high?: number;
  /** Label of the point in a scatter plot. */
  label?: string;
}

export interface PlotSeries {
  name: string;
  points: readonly PlotPoint[];
  dashed?: boolean;
}

interface Axes {
  title: string;
  x: string;
  y: string;
  /** Bounds of the axis (default: from the data). */
  yRange?: readonly [number, number];
  xRange?: readonly [number, number];
  /** Logarithmic x axis: all x above 0. */
  xLog?: boolean;
  /** Horizontal lines with their names. */
  levels?: readonly { y: number; name: string }[];
}

export interface LinePlot extends Axes {
  kind: 'lines';
  series: readonly PlotSeries[];
}

export interface ScatterPlot extends Axes {
  kind: 'points';
  series: readonly PlotSeries[];
  /** Draws y = x. */
  diagonal?: boolean;
}

export interface BarPlot {
  kind: 'bars';
  title: string;
  y: string;
  yRange?: readonly [number, number];
  bars: readonly { name: string; value: number; low?: number; high?: number }[];
}

export type Plot = LinePlot | ScatterPlot | BarPlot;

const WIDTH = 440;
const HEIGHT = 260;
const MARGIN = { left: 52, right: 12, top: 10, bottom: 38 };
/** Classes `c0`, `c1`, ... of the style. */
export const COLORS = 8;
/** Maximum number of points of a line. */
const MAX_POINTS = 400;

/** An `<svg>` element as text. */
export function drawPlot(plot: Plot): string {
  return plot.kind === 'bars' ? drawBars(plot) : drawXY(plot);
}

function finiteValues(values: readonly (number | undefined)[]): number[] {
  return values.filter((v): v is number => v !== undefined && Number.isFinite(v));
}

function bounds(values: readonly number[], padded: boolean): [number, number] {
  if (values.length === 0) return [0, 1];
  const low = smallest(values);
  const high = largest(values);
  if (low === high) return [low - (Math.abs(low) * 0.1 || 0.5), high + (Math.abs(high) * 0.1 || 0.5)];
  const room = padded ? (high - low) * 0.05 : 0;
  return [low - room, high + room];
}

function thinPoints<T>(points: readonly T[]): T[] {
  const every = Math.max(1, Math.ceil(points.length / MAX_POINTS));
  return points.filter((_, i) => i % every === 0 || i === points.length - 1);
}

/** The scales that map values to positions. */
interface Scales {
  x(value: number): number;
  y(value: number): number;
}

type Domain = readonly [low: number, high: number];

function drawXY(plot: LinePlot | ScatterPlot): string {
  const points = plot.series.flatMap((s) => s.points);
  const xs = finiteValues(points.map((p) => p.x)).filter((x) => !plot.xLog || x > 0);
  const ys = finiteValues([...points.flatMap((p) => [p.y, p.low, p.high]), ...(plot.levels ?? []).map((l) => l.y)]);
  const xDomain = plot.xRange ?? bounds(xs, plot.kind === 'points' && !plot.xLog);
  const yDomain = plot.yRange ?? bounds(ys, true);
  const x = (plot.xLog ? scaleLog() : scaleLinear()).domain([...xDomain]).range([MARGIN.left, WIDTH - MARGIN.right]);
  const y = scaleLinear([...yDomain], [HEIGHT - MARGIN.bottom, MARGIN.top]).clamp(true);
  const marks = levelMarks(plot, { x, y }, xDomain, yDomain);
  plot.series.forEach((series, i) => {
    const color = `c${i % COLORS}`;
    const known = series.points.filter((p) => Number.isFinite(p.y) && (!plot.xLog || p.x > 0));
    marks.push(
      ...(plot.kind === 'lines'
        ? lineMarks(series, known, color, { x, y })
        : pointMarks(series, known, color, { x, y })),
    );
  });
  const ticks = plot.xLog ? logTicks(xDomain) : x.ticks(6);
  return frame(plot.title, [
    axis(
      ticks.map((t) => ({ at: x(t), text: figure(t) })),
      y.ticks(5).map((t) => ({ at: y(t), text: figure(t) })),
      plot.x,
      plot.y,
    ),
    ...marks,
  ]);
}

/** Horizontal lines at the plot's levels, and the diagonal of a scatter plot. */
function levelMarks(plot: LinePlot | ScatterPlot, { x, y }: Scales, xDomain: Domain, yDomain: Domain): string[] {
  const marks = (plot.levels ?? []).flatMap((level) => {
    const at = fixed(y(level.y), 1);
    return [
      `<line class="level" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${at}" y2="${at}"/>`,
      `<text class="level" x="${WIDTH - MARGIN.right}" y="${fixed(y(level.y) - 4, 1)}" text-anchor="end">${htmlText(level.name)}</text>`,
    ];
  });
  if (plot.kind === 'points' && plot.diagonal) {
    const low = Math.max(xDomain[0], yDomain[0]);
    const high = Math.min(xDomain[1], yDomain[1]);
    if (low < high) marks.push(`<line class="level" x1="${x(low)}" y1="${y(low)}" x2="${x(high)}" y2="${y(high)}"/>`);
  }
  return marks;
}

/** A line with its band; a single point is a dot. */
function lineMarks(
  { name, dashed }: LinePlot['series'][number],
  points: readonly PlotPoint[],
  color: string,
  { x, y }: Scales,
): string[] {
  const marks: string[] = [];
  const drawn = thinPoints(points);
  const banded = drawn.filter((p) => p.low !== undefined && p.high !== undefined);
  const band = area<PlotPoint>(
    (p) => x(p.x),
    (p) => y(p.low!),
    (p) => y(p.high!),
  )(banded);
  const path = line<PlotPoint>(
    (p) => x(p.x),
    (p) => y(p.y),
  )(drawn);
  if (band && banded.length > 1) marks.push(`<path class="band ${color}" d="${rounded(band)}"/>`);
  if (path) marks.push(`<path class="line ${color}${dashed ? ' dashed' : ''}" d="${rounded(path)}"/>`);
  if (drawn.length === 1) marks.push(dot(x(drawn[0]!.x), y(drawn[0]!.y), color, name));
  return marks;
}

/** Dots with their whiskers and labels. */
function pointMarks(
  { name }: ScatterPlot['series'][number],
  points: readonly PlotPoint[],
  color: string,
  { x, y }: Scales,
): string[] {
  const marks: string[] = [];
  for (const p of points) {
    if (p.low !== undefined && p.high !== undefined) {
      marks.push(
        `<line class="whisker ${color}" x1="${fixed(x(p.x), 1)}" x2="${fixed(x(p.x), 1)}" y1="${fixed(y(p.low), 1)}" y2="${fixed(y(p.high), 1)}"/>`,
      );
    }
    marks.push(dot(x(p.x), y(p.y), color, `${p.label ?? name}: ${figure(p.x)}, ${figure(p.y)}`));
    if (p.label) {
      const right = x(p.x) > WIDTH * 0.75;
      marks.push(
        `<text class="label" x="${fixed(x(p.x) + (right ? -6 : 6), 1)}" y="${fixed(y(p.y) - 5, 1)}"${right ? ' text-anchor="end"' : ''}>${htmlText(p.label)}</text>`,
      );
    }
  }
  return marks;
}

function logTicks([low, high]: readonly [number, number]): number[] {
  const ticks: number[] = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++) {
    for (const m of [1, 2, 5]) ticks.push(m * 10 ** e);
  }
  const inside = ticks.filter((t) => t >= low && t <= high);
  return inside.length >= 2 ? inside : [low, high];
}

function drawBars(plot: BarPlot): string {
  const values = finiteValues(plot.bars.flatMap((b) => [b.value, b.low, b.high]));
  const [low, high] = plot.yRange ?? bounds([0, ...values], true);
  const y = scaleLinear([low, high], [HEIGHT - MARGIN.bottom, MARGIN.top]).clamp(true);
  const width = (WIDTH - MARGIN.left - MARGIN.right) / Math.max(1, plot.bars.length);
  const zero = y(Math.max(low, Math.min(high, 0)));
  const marks = plot.bars.flatMap((bar, i) => {
    if (!Number.isFinite(bar.value)) return [];
    const left = MARGIN.left + i * width + width * 0.15;
    const top = Math.min(zero, y(bar.value));
    const middle = fixed(left + width * 0.35, 1);
    const parts = [
      `<rect class="bar c${i % COLORS}" x="${fixed(left, 1)}" width="${fixed(width * 0.7, 1)}" y="${fixed(top, 1)}" height="${fixed(Math.abs(zero - y(bar.value)), 1)}"><title>${htmlText(bar.name)}: ${figure(bar.value)}</title></rect>`,
    ];
    if (bar.low !== undefined && bar.high !== undefined) {
      parts.push(
        `<line class="whisker" x1="${middle}" x2="${middle}" y1="${fixed(y(bar.low), 1)}" y2="${fixed(y(bar.high), 1)}"/>`,
      );
    }
    return parts;
  });
  const names = plot.bars.map((bar, i) => ({ at: MARGIN.left + (i + 0.5) * width, text: bar.name }));
  return frame(plot.title, [
    axis(
      names,
      y.ticks(5).map((t) => ({ at: y(t), text: figure(t) })),
      '',
      plot.y,
    ),
    ...marks,
  ]);
}

interface Tick {
  at: number;
  text: string;
}

function axis(xTicks: readonly Tick[], yTicks: readonly Tick[], xName: string, yName: string): string {
  const bottom = HEIGHT - MARGIN.bottom;
  const crowded = xTicks.some(({ text }) => text.length * 6 > (WIDTH - MARGIN.left) / Math.max(1, xTicks.length));
  return [
    ...yTicks.map(
      ({ at, text }) =>
        `<line class="grid" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${fixed(at, 1)}" y2="${fixed(at, 1)}"/><text x="${MARGIN.left - 6}" y="${fixed(at + 4, 1)}" text-anchor="end">${htmlText(text)}</text>`,
    ),
    `<line class="axis" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${bottom}" y2="${bottom}"/>`,
    ...xTicks.map(({ at, text }, i) => {
      const low = crowded && i % 2 === 1 ? 11 : 0;
      return `<text x="${fixed(at, 1)}" y="${bottom + 14 + low}" text-anchor="middle">${htmlText(text)}</text>`;
    }),
    xName &&
      `<text class="name" x="${(MARGIN.left + WIDTH - MARGIN.right) / 2}" y="${HEIGHT - 4}" text-anchor="middle">${htmlText(xName)}</text>`,
    `<text class="name" transform="translate(12 ${(MARGIN.top + bottom) / 2}) rotate(-90)" text-anchor="middle">${htmlText(yName)}</text>`,
  ].join('');
}

function dot(x: number, y: number, color: string, title: string): string {
  return `<circle class="dot ${color}" cx="${fixed(x, 1)}" cy="${fixed(y, 1)}" r="3.5"><title>${htmlText(title)}</title></circle>`;
}

function rounded(path: string): string {
  return path.replace(/-?\d{1,21}\.\d+(?:e-?\d+)?/g, (n) => fixed(Number(n), 1));
}

function frame(title: string, parts: readonly string[]): string {
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${htmlText(title)}">${parts.join('')}</svg>`;
}
