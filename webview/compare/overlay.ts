/** Curves of several runs in one chart, distinguished by color, dash and marker. */
import { scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import { css, nothing, type TemplateResult } from 'lit';
import type { RunCurve } from '../../engine/runs/comparison/curves.ts';
import type { Domain } from '../charts/domain.ts';
import { axisRange, tickFormat } from '../charts/scale.ts';
import { svg } from '../html.ts';

/** How each run is drawn, in their order. */
const DASHES = ['', '7 3', '2 3', '9 3 2 3', '5 2 1 2 1 2', '12 4'] as const;
const RADIUS = 3.5;
const MARGIN = { left: 40, right: 8, top: 18, bottom: 30 };
/** Distance of the markers on a curve without evaluations, CSS pixels. */
const BETWEEN_MARKERS = 60;
const POINTS_PER_PIXEL = 2;

export const overlayStyles = css`
  .run-line {
    fill: none;
    stroke-width: 1.6;
  }
  .marker {
    stroke-width: 1.4;
    fill: var(--vscode-editor-background);
  }
  .whisker {
    stroke-width: 1;
    stroke-opacity: 0.7;
  }
  .hover {
    stroke: var(--vscode-foreground);
    stroke-opacity: 0.5;
  }
  .dragged {
    fill: var(--vscode-editor-selectionBackground, var(--accent));
    fill-opacity: 0.5;
  }
  .run0 {
    stroke: var(--vscode-charts-blue);
  }
  .run1 {
    stroke: var(--vscode-charts-yellow);
  }
  .run2 {
    stroke: var(--vscode-charts-green);
  }
  .run3 {
    stroke: var(--vscode-charts-purple);
  }
  .run4 {
    stroke: var(--vscode-charts-red);
  }
  .run5 {
    stroke: var(--vscode-foreground);
  }
`;

/** Circle, square, triangle, diamond, cross and plus. */
function markerPath(run: number, x: number, y: number): string {
  const r = RADIUS;
  const shapes = [
    `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`,
    `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}z`,
    `M${x} ${y - r}l${r} ${2 * r}h${-2 * r}z`,
    `M${x} ${y - r - 1}l${r + 1} ${r + 1}l${-r - 1} ${r + 1}l${-r - 1} ${-r - 1}z`,
    `M${x - r} ${y - r}l${2 * r} ${2 * r}M${x - r} ${y + r}l${2 * r} ${-2 * r}`,
    `M${x - r} ${y}h${2 * r}M${x} ${y - r}v${2 * r}`,
  ];
  return shapes[run]!;
}

/** A piece of a run's line, for the legend. */
export function swatch(run: number): TemplateResult {
  return svg`<line class="run-line run${run}" stroke-dasharray=${DASHES[run] || nothing} x1="0" x2="34" y1="7" y2="7"></line>
    <path class="marker run${run}" d=${markerPath(run, 17, 7)}></path>`;
}

export interface Overlay {
  width: number;
  height: number;
  /** One per run. */
  curves: readonly RunCurve[];
  /** Range of the left axis (default: computed from the values). */
  range?: readonly [number, number] | undefined;
  /** The selected step of each run. */
  steps: readonly (number | null)[];
  /** Name of the vertical axis. */
  unit: string;
  /** The steps that are shown. */
  domain: Domain;
  /** Step under the pointer, in whichever chart that is. */
  hover: number | null;
  /** Steps that are being dragged over. */
  dragged: Domain | null;
}

/** Where lines can be, CSS pixels from the upper left corner. */
export function overlayArea(width: number, height: number) {
  return { left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top, bottom: height - MARGIN.bottom };
}

/** The value of a curve at a step: the last one at or before it, where the run has come that far; null for none. */
export function valueAt({ steps, values }: RunCurve, step: number): number | null {
  if (step > (steps.at(-1) ?? -1)) return null;
  const i = steps.findLastIndex((candidate, place) => candidate <= step && Number.isFinite(values[place]));
  return i < 0 ? null : values[i]!;
}

/** Sizes are in CSS pixels, x is the step; NaN interrupts a line. All curves share one axis unless `range` is given. */
export function overlay(options: Overlay): TemplateResult {
  const { width, height, range, steps, unit, domain } = options;
  const area = overlayArea(width, height);
  const x = scaleLinear([domain[0], Math.max(domain[0] + 1, domain[1])], [area.left, area.right]);
  const has = (step: number) => step >= domain[0] && step <= domain[1];
  const curves = options.curves.map((curve) => partOf(curve, has));
  const all = curves.flatMap(({ values, low, high }) => [values, low ?? [], high ?? []]);
  const y = scaleLinear(range ?? axisRange(all.flat()), [area.bottom, area.top]).clamp(true);
  const text = tickFormat(y, 3);
  return svg`
    <line class="axis" x1=${area.left} x2=${area.right} y1=${area.bottom} y2=${area.bottom}></line>
    ${y.ticks(3).map((tick) => svg`<text x=${area.left - 5} y=${y(tick) + 3} text-anchor="end">${text(tick)}</text>`)}
    ${x.ticks(5).map((tick) => (Number.isInteger(tick) ? svg`<text x=${x(tick)} y=${area.bottom + 13} text-anchor="middle">${tick}</text>` : nothing))}
    <text x=${(area.left + area.right) / 2} y=${height - 3} text-anchor="middle">step</text>
    ${unit === '' ? nothing : svg`<text x="2" y="9">${unit}</text>`}
    ${steps.map((step, run) => (step === null || !has(step) ? nothing : svg`<line class="run-line run${run}" stroke-dasharray="1 3" x1=${x(step)} x2=${x(step)} y1=${area.top} y2=${area.bottom}></line>`))}
    ${curves.map((curve, run) => runLine(curve, run, x, y))}
    ${pointerMarks(options, x, y)}
  `;
}

/** What of a curve is on the axis. */
function partOf(curve: RunCurve, has: (step: number) => boolean): RunCurve {
  const places = curve.steps.flatMap((step, i) => (has(step) ? [i] : []));
  const of = (values: readonly number[]) => places.map((i) => values[i]!);
  const { steps, values, low, high } = curve;
  return { steps: of(steps), values: of(values), ...(low && { low: of(low) }), ...(high && { high: of(high) }) };
}

/** The line under the pointer with a dot on each curve, and the steps that are dragged over. */
function pointerMarks({ width, height, curves, hover, dragged }: Overlay, x: Scale, y: Scale) {
  const { top, bottom } = overlayArea(width, height);
  const dots = (step: number) =>
    curves.map((curve, run) => {
      const value = curve.steps.includes(step) ? valueAt(curve, step) : null;
      return value === null
        ? nothing
        : svg`<path class="marker run${run}" d=${markerPath(run, x(step), y(value))}></path>`;
    });
  return svg`<g data-transient>
    ${dragged ? svg`<rect class="dragged" x=${x(dragged[0])} y=${top} width=${Math.max(0, x(dragged[1]) - x(dragged[0]))} height=${bottom - top}></rect>` : nothing}
    ${hover === null ? nothing : svg`<line class="hover" x1=${x(hover)} x2=${x(hover)} y1=${top} y2=${bottom}></line>${dots(hover)}`}
  </g>`;
}

type Scale = (value: number) => number;

function runLine({ steps, values, low, high }: RunCurve, run: number, x: Scale, y: Scale): TemplateResult {
  const known = steps.map((_, i) => i).filter((i) => Number.isFinite(values[i]));
  const every = Math.max(
    1,
    Math.ceil(known.length / Math.max(1, (x(steps.at(-1) ?? 0) - x(steps[0] ?? 0)) * POINTS_PER_PIXEL)),
  );
  const points = known.filter((_, place) => place % every === 0 || place === known.length - 1);
  const path = line<number>(
    (i) => x(steps[i]!),
    (i) => y(values[i]!),
  )(points);
  // Values that were measured individually all have a marker; otherwise a few markers identify the line.
  let free = Number.NEGATIVE_INFINITY;
  const marked = points.filter((i) => {
    if (low) return true;
    // Markers of several runs do not overlap.
    if (x(steps[i]!) < free + BETWEEN_MARKERS + run * 7) return false;
    free = x(steps[i]!);
    return true;
  });
  return svg`<path class="run-line run${run}" stroke-dasharray=${DASHES[run] || nothing} d=${path ?? ''}></path>
    ${low && high ? marked.map((i) => svg`<line class="whisker run${run}" x1=${x(steps[i]!)} x2=${x(steps[i]!)} y1=${y(low[i]!)} y2=${y(high[i]!)}></line>`) : nothing}
    ${marked.map((i) => svg`<path class="marker run${run}" d=${markerPath(run, x(steps[i]!), y(values[i]!))}></path>`)}`;
}
