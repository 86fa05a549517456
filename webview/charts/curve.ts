/** A small chart of metrics over the steps, as an SVG template. */
import { scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import { nothing, svg, type TemplateResult } from 'lit';

export interface Series {
  /** CSS class that gives the colour. */
  name: string;
  steps: readonly number[];
  values: readonly (number | null)[];
  dashed?: boolean;
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
  /** Values of the axis; found from the series when absent. */
  range?: readonly [number, number];
  marks?: readonly Mark[];
  threshold?: { value: number; text: string };
  /** Step at which the cursor stands. */
  cursor: number | null;
}

const MARGIN = { left: 30, right: 6, top: 6, bottom: 16 };
/** Points that a curve is drawn with at most, for each pixel. */
const POINTS_PER_PIXEL = 2;

function thin<T>(points: readonly T[], most: number): T[] {
  const every = Math.max(1, Math.ceil(points.length / most));
  return points.filter((_, i) => i % every === 0 || i === points.length - 1);
}

export function plotArea(width: number, height: number) {
  return { left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top, bottom: height - MARGIN.bottom };
}

export function curve(options: CurveOptions): TemplateResult {
  const { width, height, series, marks = [], threshold, cursor } = options;
  const area = plotArea(width, height);
  const all = series.flatMap(({ values }) => values.filter((v) => v !== null));
  const [low, high] = options.range ?? [Math.min(0, ...all), all.length > 0 ? Math.max(...all) * 1.05 || 1 : 1];
  const x = scaleLinear([0, Math.max(1, options.steps)], [area.left, area.right]);
  const y = scaleLinear([low, high], [area.bottom, area.top]).clamp(true);
  const draw = line<[number, number]>(
    ([step]) => x(step),
    ([, value]) => y(value),
  );
  const paths = series.map(({ name, steps, values, dashed }) => {
    const points = steps.flatMap((step, i) =>
      values[i] === null || values[i] === undefined ? [] : [[step, values[i]] as [number, number]],
    );
    const thinned = thin(points, (area.right - area.left) * POINTS_PER_PIXEL);
    const [only] = thinned;
    if (thinned.length === 1)
      return svg`<circle class="dot ${name}" cx=${x(only![0])} cy=${y(only![1])} r="2"></circle>`;
    return svg`<path class="curve ${name}" stroke-dasharray=${dashed ? '3 2' : nothing} d=${draw(thinned) ?? ''}></path>`;
  });
  return svg`
    <line class="axis" x1=${area.left} x2=${area.right} y1=${area.bottom} y2=${area.bottom}></line>
    ${y.ticks(2).map((tick) => svg`<text x=${area.left - 4} y=${y(tick) + 3} text-anchor="end">${y.tickFormat(2)(tick).replace(/^0\./, '.').replace(/\.0+$/, '') || '0'}</text>`)}
    ${x.ticks(4).map((tick) => (Number.isInteger(tick) ? svg`<text x=${x(tick)} y=${height - 3} text-anchor="middle">${tick}</text>` : nothing))}
    ${
      threshold
        ? svg`<line class="threshold" x1=${area.left} x2=${area.right} y1=${y(threshold.value)} y2=${y(threshold.value)}></line>
          <text class="threshold-text" x=${area.right} y=${y(threshold.value) - 4} text-anchor="end">${threshold.text}</text>`
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
