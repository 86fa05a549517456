/** How many problems were in each quadrant over the steps, as stacked areas. */
import { area, curveStepAfter } from 'd3-shape';
import { css, type TemplateResult } from 'lit';
import type { AnyQuadrant } from '../../engine/runs/problem-view.ts';
import type { QuadrantCounts } from '../../engine/runs/quadrant-history.ts';
import { svg } from '../html.ts';

/** From the bottom: right, wrong, no answer; the confident ones are at the edges. */
export const STACK: readonly AnyQuadrant[] = [
  'confident-correct',
  'confident',
  'uncertain-correct',
  'uncertain',
  'uncertain-wrong',
  'confident-wrong',
  'unanswered',
];

export const quadrantStyles = css`
  .quadrant {
    stroke: var(--vscode-editor-background);
    stroke-width: 0.5;
    fill: var(--accent);
  }
  .quadrant.uncertain-correct,
  .quadrant.uncertain {
    fill-opacity: 0.45;
  }
  .quadrant.uncertain-wrong {
    fill: var(--muted);
    fill-opacity: 0.35;
  }
  .quadrant.confident-wrong {
    fill: var(--wrong);
  }
  .quadrant.unanswered {
    fill: var(--muted);
    fill-opacity: 0.12;
  }
`;

export interface QuadrantChart {
  history: readonly QuadrantCounts[];
  problems: number;
  /** Left edge of the cell of a step, CSS pixels. */
  x(step: number): number;
  width: number;
  height: number;
}

/**
 * Counts of problems, stacked from below. The full height is `problems`, so problems without a quadrant leave the top
 * blank.
 */
export function quadrantAreas({ history, problems, x, width, height }: QuadrantChart): TemplateResult {
  // More than one step per pixel would not be visible.
  const every = Math.max(1, Math.ceil(history.length / Math.max(1, width)));
  const points = history.filter((_, i) => i % every === 0 || i === history.length - 1);
  const last = points.at(-1);
  const y = (count: number) => height - (count / Math.max(1, problems)) * height;
  const base = points.map(() => 0);
  const areas = STACK.flatMap((quadrant) => {
    if (!points.some(({ counts }) => counts[quadrant])) return [];
    const bands = points.map(({ step, counts }, i) => {
      const from = base[i]!;
      base[i] = from + (counts[quadrant] ?? 0);
      return { left: x(step), from, to: base[i]! };
    });
    if (last) bands.push({ ...bands.at(-1)!, left: width });
    const draw = area<(typeof bands)[number]>()
      .x(({ left }) => left)
      .y0(({ from }) => y(from))
      .y1(({ to }) => y(to))
      .curve(curveStepAfter);
    return [svg`<path class="quadrant ${quadrant}" d=${draw(bands) ?? ''}></path>`];
  });
  return svg`${areas}`;
}
