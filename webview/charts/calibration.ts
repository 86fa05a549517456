/** Charts of confidence vs. correctness: all problems as points, reliability with bins, AUROC over the steps. Pure. */
import { scaleLinear, scaleSqrt } from 'd3-scale';
import { line } from 'd3-shape';
import { css, type TemplateResult } from 'lit';
import type { CalibrationBin, MeasureAlignment } from '../../engine/protocol/calibration.ts';
import { quantityText } from '../../engine/protocol/quantities.ts';
import { svg } from '../html.ts';
import type { ProblemRow } from '../problem-row.ts';
import { tickFormat } from './scale.ts';

export const calibrationStyles = css`
  .dot {
    fill: none;
    stroke: var(--accent);
    stroke-width: 1.3;
    cursor: pointer;
  }
  .dot.is-correct {
    stroke: var(--correct);
  }
  .dot.is-wrong {
    stroke: var(--wrong);
  }
  .dot.chosen {
    stroke: var(--vscode-foreground);
    stroke-width: 2.5;
  }
  .brush {
    fill: var(--vscode-editor-selectionBackground, var(--accent));
    fill-opacity: 0.3;
    stroke: var(--vscode-focusBorder);
  }
  .diagonal {
    stroke: var(--muted);
    stroke-dasharray: 3 3;
  }
  .bin {
    fill: var(--accent);
    fill-opacity: 0.5;
    stroke: var(--accent);
  }
  .interval {
    stroke: var(--vscode-foreground);
    stroke-opacity: 0.6;
  }
  .measure {
    fill: none;
    stroke: var(--muted);
    stroke-opacity: 0.7;
  }
  .measure.chosen {
    stroke: var(--accent);
    stroke-width: 2;
    stroke-opacity: 1;
  }
`;

/** From this many problems at one place, their number is written next to it. */
const MIN_LABELED_COUNT = 3;
/** Greatest distance between two of them, in CSS pixels. */
const CROWD_RADIUS = 14;

/** Room for the labels of the axes, CSS pixels. */
export const MARGIN = { left: 34, right: 8, top: 6, bottom: 28 };

/** A square of shares on both axes. */
export interface ShareAxes {
  width: number;
  height: number;
}

/** Scales of both axes. */
export function shareScales({ width, height }: ShareAxes) {
  return {
    x: scaleLinear([0, 1], [MARGIN.left, width - MARGIN.right]),
    y: scaleLinear([0, 1], [height - MARGIN.bottom, MARGIN.top]),
  };
}

function axes(of: ShareAxes, xName: string, yName: string): TemplateResult[] {
  const { x, y } = shareScales(of);
  const bottom = of.height - MARGIN.bottom;
  const ticks = [0, 0.5, 1];
  return [
    svg`<line class="axis" x1=${x(0)} x2=${x(1)} y1=${bottom} y2=${bottom}></line>`,
    svg`<line class="axis" x1=${x(0)} x2=${x(0)} y1=${y(0)} y2=${y(1)}></line>`,
    ...ticks.map(
      (tick) => svg`<text x=${x(tick)} y=${bottom + 11} text-anchor="middle">${tickFormat(x, 2)(tick)}</text>`,
    ),
    ...ticks.map(
      (tick) => svg`<text x=${MARGIN.left - 4} y=${y(tick) + 3} text-anchor="end">${tickFormat(y, 2)(tick)}</text>`,
    ),
    svg`<text x=${(x(0) + x(1)) / 2} y=${of.height - 4} text-anchor="middle">${xName}</text>`,
    svg`<text transform=${`translate(9 ${(y(0) + y(1)) / 2}) rotate(-90)`} text-anchor="middle">${yName}</text>`,
  ];
}

/** The point of a problem in the scatter plot; null if one of the two values is unknown. */
export function pointOf({ view }: ProblemRow, labeled: boolean): { x: number; y: number } | null {
  const y = labeled ? view.accuracy : view.confidence;
  return view.share === null || y === null ? null : { x: view.share, y };
}

/** All problems: majority share against the share of correct rollouts, or without references the token probability. */
export function problemScatter(
  rows: readonly ProblemRow[],
  labeled: boolean,
  of: ShareAxes,
  chosen: number | null,
): TemplateResult {
  const { x, y } = shareScales(of);
  return svg`${axes(of, 'majority share', labeled ? 'accuracy' : 'token probability')} ${countsAt(rows, labeled, of)}
    ${rows.map((row) => {
      const point = pointOf(row, labeled);
      if (!point) return null;
      const { problem, view } = row;
      const kind = view.verdict === 'unknown' ? '' : `is-${view.verdict}`;
      const name = `${problem.id}: majority share ${quantityText('share', point.x)}, ${labeled ? 'accuracy' : 'token probability'} ${quantityText('accuracy', point.y)}`;
      const [cx, cy] = [x(point.x), y(point.y)];
      const classes = `dot ${kind} ${problem.index === chosen ? 'chosen' : ''}`;
      return view.verdict === 'wrong'
        ? svg`<path class=${classes} data-problem=${problem.index} d=${`M${cx - 3} ${cy - 3}L${cx + 3} ${cy + 3}M${cx - 3} ${cy + 3}L${cx + 3} ${cy - 3}`}><title>${name}</title></path>`
        : svg`<circle class=${classes} data-problem=${problem.index} cx=${cx} cy=${cy} r="3.5"><title>${name}</title></circle>`;
    })}`;
}

/** Writes the number of overlapping problems next to their place. */
function countsAt(rows: readonly ProblemRow[], labeled: boolean, of: ShareAxes): TemplateResult[] {
  const { x, y } = shareScales(of);
  const crowds: { x: number; y: number; count: number }[] = [];
  for (const row of rows) {
    const point = pointOf(row, labeled);
    if (!point) continue;
    const [px, py] = [x(point.x), y(point.y)];
    // Places whose numbers would overlap share one.
    const near = crowds.find((crowd) => Math.abs(crowd.x - px) < CROWD_RADIUS && Math.abs(crowd.y - py) < CROWD_RADIUS);
    if (near) near.count++;
    else crowds.push({ x: px, y: py, count: 1 });
  }
  return crowds
    .filter(({ count }) => count >= MIN_LABELED_COUNT)
    .map((at) => {
      // Away from the edge, and from the numbers of the axis.
      const below = at.y < of.height / 2;
      return svg`<text class="several" x=${at.x + 4} y=${at.y + (below ? 15 : -7)} text-anchor="end">${at.count}</text>`;
    });
}

/** Accuracy against confidence, a bar of each bin's 95% interval, its area the number of rollouts. */
export function reliability(bins: readonly CalibrationBin[], of: ShareAxes): TemplateResult {
  const { x, y } = shareScales(of);
  const most = Math.max(1, ...bins.map(({ count }) => count));
  const radius = scaleSqrt([0, most], [0, 9]);
  return svg`${axes(of, 'confidence', 'accuracy')}
    <line class="diagonal" x1=${x(0)} y1=${y(0)} x2=${x(1)} y2=${y(1)}></line>
    ${bins.map(({ low, high, count, confidence, accuracy }) =>
      confidence === null || accuracy === null
        ? null
        : svg`<g data-bin=${count}><line class="interval" x1=${x(confidence)} x2=${x(confidence)} y1=${y(accuracy.low)} y2=${y(accuracy.high)}></line>
          <circle class="bin" cx=${x(confidence)} cy=${y(accuracy.mean)} r=${Math.max(2, radius(count))}><title>${`confidence ${quantityText('probability', low)} to ${quantityText('probability', high)}: accuracy ${quantityText('accuracy', accuracy)}, rollouts: ${count}`}</title></circle></g>`,
    )}`;
}

/** The AUROC of each measure over the steps; the chosen one with its intervals. */
export function aurocOverSteps(
  steps: readonly { step: number; measures: readonly MeasureAlignment[] }[],
  chosen: string,
  of: ShareAxes,
): TemplateResult {
  const { y } = shareScales(of);
  const numbers = steps.map(({ step }) => step);
  const x = scaleLinear(
    [Math.min(...numbers), Math.max(...numbers, Math.min(...numbers) + 1)],
    [MARGIN.left, of.width - MARGIN.right],
  );
  const names = [...new Set(steps.flatMap(({ measures }) => measures.map(({ measure }) => measure)))];
  const bottom = of.height - MARGIN.bottom;
  const points = (name: string) =>
    steps.flatMap(({ step, measures }) => {
      const found = measures.find(({ measure }) => measure === name)?.across;
      return found ? { step, found } : [];
    });
  const path = line<{ step: number; found: { mean: number } }>(
    ({ step }) => x(step),
    ({ found }) => y(found.mean),
  );
  return svg`<line class="axis" x1=${MARGIN.left} x2=${of.width - MARGIN.right} y1=${bottom} y2=${bottom}></line>
    <line class="diagonal" x1=${MARGIN.left} x2=${of.width - MARGIN.right} y1=${y(0.5)} y2=${y(0.5)}></line>
    ${[0, 0.5, 1].map((tick) => svg`<text x=${MARGIN.left - 4} y=${y(tick) + 3} text-anchor="end">${tickFormat(y, 2)(tick)}</text>`)}
    ${x
      .ticks(4)
      .filter(Number.isInteger)
      .map((tick) => svg`<text x=${x(tick)} y=${bottom + 11} text-anchor="middle">${tick}</text>`)}
    <text x=${of.width / 2} y=${of.height - 4} text-anchor="middle">step</text>
    <text transform=${`translate(9 ${(y(0) + y(1)) / 2}) rotate(-90)`} text-anchor="middle">AUROC</text>
    ${names.map((name) => svg`<path class="measure ${name === chosen ? 'chosen' : ''}" data-measure=${name} d=${path(points(name)) ?? ''}><title>${name}</title></path>`)}
    ${points(chosen).map(({ step, found }) => svg`<line class="interval" x1=${x(step)} x2=${x(step)} y1=${y(found.low)} y2=${y(found.high)}></line><circle class="bin" cx=${x(step)} cy=${y(found.mean)} r="2.5"><title>${`step ${step}: ${quantityText('auroc', found)}`}</title></circle>`)}`;
}
