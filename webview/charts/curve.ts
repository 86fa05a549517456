/** A small chart of metrics over the steps, as an SVG template. */
import { type ScaleLinear, scaleLinear } from 'd3-scale';
import { area, line } from 'd3-shape';
import { nothing, type TemplateResult } from 'lit';
import { svg } from '../html.ts';
import type { Domain } from './domain.ts';
import { axisRange, tickFormat } from './scale.ts';

export interface Series {
  /** CSS class that gives the color. */
  name: string;
  steps: readonly number[];
  /** One value per step; NaN if there is none. */
  values: readonly number[];
  /** The same before smoothing, drawn faintly behind it. */
  raw?: readonly number[];
  /** A curve of cursor A's run: in the color of texts, dashed, or dotted if it is the reference. */
  dashed?: boolean;
  /** The run of the series, if it is not the one that is shown. */
  run?: string;
  /** Whether it has its own axis at the right edge. */
  ownAxis?: boolean;
}

export interface Mark {
  step: number;
  mean: number;
  low: number;
  high: number;
}

export interface CurveOptions {
  width: number;
  height: number;
  /** First and last step of the axis. */
  domain: Domain;
  series: readonly Series[];
  /** Range of the left axis (default: computed from its series). */
  range?: readonly [number, number];
  marks?: readonly Mark[];
  threshold?: { value: number; text: string };
  /** Step of the cursor; null for none. */
  cursor: number | null;
  /** Step under the pointer, in any of the charts; null for none. */
  hover?: number | null;
  /** Steps that are being dragged over. */
  dragged?: Domain | null;
  /** Unit of the left axis, such as `nats/token`. */
  unit?: string;
  /** The area between the first two curves is filled. */
  fillsGap?: boolean;
}

const MARGIN = { left: 32, right: 6, top: 6, bottom: 16 };
/** Height of the unit, which no curve crosses. */
const UNIT = 8;
/** Space for the ticks of a right axis. */
const RIGHT_AXIS = 36;
/** Maximum points per pixel of a curve. */
const POINTS_PER_PIXEL = 2;

function thin<T>(points: readonly T[], most: number): T[] {
  const every = Math.max(1, Math.ceil(points.length / most));
  return points.filter((_, i) => i % every === 0 || i === points.length - 1);
}

/**
 * The area for lines, in pixels from the upper left corner.
 * @param rightAxis leaves room for a second axis
 */
export function plotArea(width: number, height: number, rightAxis: boolean) {
  const right = width - (rightAxis ? RIGHT_AXIS : MARGIN.right);
  return { left: MARGIN.left, right, top: MARGIN.top, bottom: height - MARGIN.bottom };
}

/** `.5`, `-2`, `1,000`. */
function tickText(scale: ScaleLinear<number, number>, tick: number): string {
  const text = tickFormat(scale, 2)(tick);
  return text.replace(/^(\D?)0\./, '$1.').replace(/\.0+$/, '') || '0';
}

/** Pixels for sizes, step numbers for x. NaN interrupts a line. */
interface Scales {
  x: ScaleLinear<number, number>;
  y(series: Pick<Series, 'ownAxis'>): ScaleLinear<number, number>;
  area: ReturnType<typeof plotArea>;
  /** Whether a step is on the axis. */
  has(step: number): boolean;
}

type Point = [step: number, value: number];

function pointsOf({ steps }: Series, values: readonly number[], { has }: Scales): Point[] {
  return steps.flatMap((step, i) =>
    Number.isFinite(values[i]) && has(step) ? [[step, values[i]!] satisfies Point] : [],
  );
}

function pathOf(series: Series, values: readonly number[], scales: Scales, kind: string) {
  const { x, area } = scales;
  const y = scales.y(series);
  const points = thin(pointsOf(series, values, scales), (area.right - area.left) * POINTS_PER_PIXEL);
  const [only] = points;
  if (points.length === 1)
    return svg`<circle class="dot ${series.name}" cx=${x(only![0])} cy=${y(only![1])} r="2"></circle>`;
  const draw = line<Point>(
    ([step]) => x(step),
    ([, value]) => y(value),
  );
  const dashes = series.dashed ? (series.name === 'reference' ? '1 3' : '4 2') : nothing;
  return svg`<path class="${kind} ${series.name} ${series.dashed ? 'of-a' : ''}" stroke-dasharray=${dashes} d=${draw(points) ?? ''}></path>`;
}

/** The areas between two curves on the same axis: above the second, where the first promises too much, and below it. */
function gapOf([first, second]: readonly Series[], scales: Scales) {
  if (!first || !second || first.ownAxis || second.ownAxis) return nothing;
  const y = scales.y(first);
  const both = first.steps.flatMap((step, i) => {
    const [high, low] = [first.values[i]!, second.values[i]!];
    return Number.isFinite(high) && Number.isFinite(low) && scales.has(step) ? [{ step, high, low }] : [];
  });
  const draw = area<(typeof both)[number]>()
    .x(({ step }) => scales.x(step))
    .y0(({ low }) => y(low))
    .y1(({ high }) => y(high));
  return svg`<path class="gap" d=${draw(thin(both, (scales.area.right - scales.area.left) * POINTS_PER_PIXEL)) ?? ''}></path>`;
}

/** The line under the pointer, with a dot on each curve. */
function hoverOf({ hover = null, series }: Pick<CurveOptions, 'series' | 'hover'>, scales: Scales) {
  if (hover === null || !scales.has(hover)) return nothing;
  const { x, area } = scales;
  const dots = series.flatMap((item) => {
    const value = item.values[item.steps.indexOf(hover)];
    if (value === undefined || !Number.isFinite(value)) return [];
    return [svg`<circle class="hover-dot ${item.name}" cx=${x(hover)} cy=${scales.y(item)(value)} r="3"></circle>`];
  });
  return svg`<g data-transient><line class="hover" x1=${x(hover)} x2=${x(hover)} y1=${area.top} y2=${area.bottom}></line>${dots}</g>`;
}

function draggedOf({ dragged }: Pick<CurveOptions, 'dragged'>, { x, area }: Scales) {
  if (!dragged) return nothing;
  return svg`<rect class="dragged" data-transient x=${x(dragged[0])} y=${area.top} width=${Math.max(0, x(dragged[1]) - x(dragged[0]))} height=${area.bottom - area.top}></rect>`;
}

function scalesOf(
  options: Pick<CurveOptions, 'width' | 'height' | 'series' | 'domain' | 'marks' | 'range' | 'unit'>,
): Scales & { right: ScaleLinear<number, number> | null } {
  const { width, height, series, domain, marks = [] } = options;
  const own = series.filter(({ ownAxis }) => ownAxis);
  const area = plotArea(width, height, own.length > 0);
  const x = scaleLinear([domain[0], Math.max(domain[0] + 1, domain[1])], [area.left, area.right]);
  const has = (step: number) => step >= domain[0] && step <= domain[1];
  const shown = ({ steps, values, raw = [] }: Series) =>
    [...values, ...raw].filter((_, i) => has(steps[i % Math.max(1, steps.length)]!));
  const valuesOf = (some: readonly Series[]) => some.flatMap(shown);
  const top = area.top + (options.unit ? UNIT : 0);
  const axis = (range: readonly [number, number]) => scaleLinear(range, [area.bottom, top]).clamp(true);
  const ends = marks.filter(({ step }) => has(step)).flatMap(({ low, high }) => [low, high]);
  const left = axis(options.range ?? axisRange([...valuesOf(series.filter(({ ownAxis }) => !ownAxis)), ...ends]));
  const right = own.length > 0 ? axis(axisRange(valuesOf(own))) : null;
  return { x, area, has, right, y: ({ ownAxis }) => (ownAxis && right ? right : left) };
}

function axesOf({ height, unit }: Pick<CurveOptions, 'height' | 'unit'>, scales: ReturnType<typeof scalesOf>) {
  const { x, area, right } = scales;
  const y = scales.y({});
  const ticks = x.ticks(4).filter(Number.isInteger);
  return svg`
    <line class="axis" x1=${area.left} x2=${area.right} y1=${area.bottom} y2=${area.bottom}></line>
    ${y.ticks(2).map((tick) => svg`<text x=${area.left - 4} y=${y(tick) + 3} text-anchor="end">${tickText(y, tick)}</text>`)}
    ${right?.ticks(2).map((tick) => svg`<text class="own-axis" x=${area.right + 8} y=${right(tick) + 3}>${tickText(right, tick)}</text>`) ?? nothing}
    ${ticks.map((tick) => svg`<text x=${x(tick)} y=${height - 3} text-anchor="middle">${tick}</text>`)}
    <text class="axis-name" x="2" y=${height - 3}>step</text>
    ${unit ? svg`<text class="axis-name" x=${area.right} y=${area.top + 2} text-anchor="end">${unit}</text>` : nothing}`;
}

/** The parts of a chart that do not change with cursor and pointer, and its scales. */
export interface DrawnCurve {
  picture: TemplateResult;
  scales: Scales;
}

/** Pixels for sizes, step numbers for x. NaN interrupts a line, unless gaps are filled. */
export function drawCurve(options: Omit<CurveOptions, 'cursor' | 'hover' | 'dragged'>): DrawnCurve {
  const { series, marks = [], threshold, fillsGap = false } = options;
  const scales = scalesOf(options);
  const { x, area, has } = scales;
  const y = scales.y({});
  const picture = svg`
    ${axesOf(options, scales)}
    ${
      threshold
        ? svg`<line class="threshold" x1=${area.left} x2=${area.right} y1=${y(threshold.value)} y2=${y(threshold.value)}></line>
          <text class="threshold-text" x=${area.left + 4} y=${y(threshold.value) - 4}>${threshold.text}</text>`
        : nothing
    }
    ${fillsGap ? gapOf(series, scales) : nothing}
    ${series.flatMap((item) => (item.raw ? [pathOf(item, item.raw, scales, 'curve raw')] : []))}
    ${series.map((item) => pathOf(item, item.values, scales, 'curve'))}
    ${marks
      .filter(({ step }) => has(step))
      .map(
        (
          mark,
        ) => svg`<line class="whisker" x1=${x(mark.step)} x2=${x(mark.step)} y1=${y(mark.low)} y2=${y(mark.high)}></line>
        <circle class="evaluation" cx=${x(mark.step)} cy=${y(mark.mean)} r="2.5"></circle>`,
      )}`;
  return { picture, scales };
}

/** The chart with its cursor, the line under the pointer, and the part that is dragged over. */
export function withCursors(
  { picture, scales }: DrawnCurve,
  options: Pick<CurveOptions, 'series' | 'cursor' | 'hover' | 'dragged'>,
): TemplateResult {
  const { x, area, has } = scales;
  const { cursor } = options;
  return svg`${picture}
    ${cursor === null || !has(cursor) ? nothing : svg`<line class="cursor" x1=${x(cursor)} x2=${x(cursor)} y1=${area.top} y2=${area.bottom}></line>`}
    ${draggedOf(options, scales)} ${hoverOf(options, scales)}`;
}
