/** A small chart of metrics over the steps, as an SVG template. */
import { type ScaleLinear, scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import { nothing, type TemplateResult } from 'lit';
import { svg } from '../html.ts';
import { axisRange, tickFormat } from './scale.ts';

export interface Series {
  /** CSS class that gives the color. */
  name: string;
  steps: readonly number[];
  /** One per step; NaN: there is none. */
  values: readonly number[];
  dashed?: boolean;
  /** Has its own axis at the right edge. */
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
  /** Last step of the axis. */
  steps: number;
  series: readonly Series[];
  /** Range of the left axis (default: computed from its series). */
  range?: readonly [number, number];
  marks?: readonly Mark[];
  threshold?: { value: number; text: string };
  /** Step of the cursor; null for none. */
  cursor: number | null;
}

const MARGIN = { left: 32, right: 6, top: 6, bottom: 16 };
/** Space for the ticks of a right axis. */
const RIGHT_AXIS = 36;
/** Maximum points per pixel of a curve. */
const POINTS_PER_PIXEL = 2;

function thin<T>(points: readonly T[], most: number): T[] {
  const every = Math.max(1, Math.ceil(points.length / most));
  return points.filter((_, i) => i % every === 0 || i === points.length - 1);
}

/** Where lines can be, in pixels from the upper left corner. @param rightAxis leaves room for a second axis */
export function plotArea(width: number, height: number, rightAxis = false) {
  const right = width - (rightAxis ? RIGHT_AXIS : MARGIN.right);
  return { left: MARGIN.left, right, top: MARGIN.top, bottom: height - MARGIN.bottom };
}

/** `.5`, `-2`, `1,000`. */
function tickText(scale: ScaleLinear<number, number>, tick: number): string {
  const text = tickFormat(scale, 2)(tick);
  return text.replace(/^(\D?)0\./, '$1.').replace(/\.0+$/, '') || '0';
}

/** Pixels for sizes, step numbers for x. NaN interrupts a line. */
export function curve(options: CurveOptions): TemplateResult {
  const { width, height, series, marks = [], threshold, cursor } = options;
  const own = series.filter(({ ownAxis }) => ownAxis);
  const area = plotArea(width, height, own.length > 0);
  const valuesOf = (some: readonly Series[]) => some.flatMap(({ values }) => values);
  const x = scaleLinear([0, Math.max(1, options.steps)], [area.left, area.right]);
  const axis = (range: readonly [number, number]) => scaleLinear(range, [area.bottom, area.top]).clamp(true);
  const y = axis(options.range ?? axisRange(valuesOf(series.filter(({ ownAxis }) => !ownAxis))));
  const right = own.length > 0 ? axis(axisRange(valuesOf(own))) : null;
  const paths = series.map(({ name, steps, values, dashed, ownAxis }) => {
    const height = ownAxis && right ? right : y;
    const draw = line<[number, number]>(
      ([step]) => x(step),
      ([, value]) => height(value),
    );
    const points = steps.flatMap((step, i) =>
      Number.isFinite(values[i]) ? [[step, values[i]!] as [number, number]] : [],
    );
    const thinned = thin(points, (area.right - area.left) * POINTS_PER_PIXEL);
    const [only] = thinned;
    if (thinned.length === 1)
      return svg`<circle class="dot ${name}" cx=${x(only![0])} cy=${height(only![1])} r="2"></circle>`;
    return svg`<path class="curve ${name}" stroke-dasharray=${dashed ? '3 2' : nothing} d=${draw(thinned) ?? ''}></path>`;
  });
  return svg`
    <line class="axis" x1=${area.left} x2=${area.right} y1=${area.bottom} y2=${area.bottom}></line>
    ${y.ticks(2).map((tick) => svg`<text x=${area.left - 4} y=${y(tick) + 3} text-anchor="end">${tickText(y, tick)}</text>`)}
    ${right?.ticks(2).map((tick) => svg`<text class="own-axis" x=${area.right + 8} y=${right(tick) + 3}>${tickText(right, tick)}</text>`) ?? nothing}
    ${x.ticks(4).map((tick) => (Number.isInteger(tick) ? svg`<text x=${x(tick)} y=${height - 3} text-anchor="middle">${tick}</text>` : nothing))}
    ${
      threshold
        ? svg`<line class="threshold" x1=${area.left} x2=${area.right} y1=${y(threshold.value)} y2=${y(threshold.value)}></line>
          <text class="threshold-text" x=${area.left + 4} y=${y(threshold.value) - 4}>${threshold.text}</text>`
        : nothing
    }
    ${paths}
    ${marks.map(
      (
        mark,
      ) => svg`<line class="whisker" x1=${x(mark.step)} x2=${x(mark.step)} y1=${y(mark.low)} y2=${y(mark.high)}></line>
        <circle class="evaluation" cx=${x(mark.step)} cy=${y(mark.mean)} r="2.5"></circle>`,
    )}
    ${cursor === null ? nothing : svg`<line class="cursor" x1=${x(cursor)} x2=${x(cursor)} y1=${area.top} y2=${area.bottom}></line>`}
  `;
}
