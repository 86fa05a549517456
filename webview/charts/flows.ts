/** How many problems moved from each quadrant at A to each at B: two stacks with bands between them. */
import { css, nothing, type TemplateResult } from 'lit';
import type { AnyQuadrant } from '../../engine/runs/problem-view.ts';
import { svg } from '../html.ts';
import type { ProblemRow } from '../problem-row.ts';
import { STACK } from './quadrants.ts';

export interface Flow {
  from: AnyQuadrant;
  to: AnyQuadrant;
  count: number;
}

const STACK_WIDTH = 12;
/** Between two parts of a stack, CSS pixels. */
const GAP = 1.5;

export const flowStyles = css`
  .flow {
    fill-opacity: 0.35;
    cursor: pointer;
  }
  .flow:hover {
    fill-opacity: 0.7;
  }
  .flow.is-same {
    fill-opacity: 0.12;
  }
`;

/**
 * The flows between the quadrants, the largest first, including problems that stayed. Problems that are unknown at A or
 * B are left out.
 */
export function flowsOf(rows: readonly Pick<ProblemRow, 'view' | 'before'>[]): Flow[] {
  const flows = new Map<AnyQuadrant, Map<AnyQuadrant, Flow>>();
  for (const { view, before } of rows) {
    const [from, to] = [before.quadrant, view.quadrant];
    if (from === 'none' || to === 'none') continue;
    let there = flows.get(from);
    if (!there) {
      there = new Map();
      flows.set(from, there);
    }
    const known = there.get(to);
    if (known) known.count++;
    else there.set(to, { from, to, count: 1 });
  }
  return [...flows.values()].flatMap((there) => [...there.values()]).sort((a, b) => b.count - a.count);
}

/** Stacked from the bottom, as in the chart of quadrants over the steps. */
export function flowChart(
  flows: readonly Flow[],
  width: number,
  height: number,
  show: (flow: Flow) => void,
): TemplateResult {
  const total = flows.reduce((sum, { count }) => sum + count, 0);
  const scale = (height - STACK.length * GAP) / Math.max(1, total);
  const side = (of: 'from' | 'to') => {
    let base = height;
    const places = new Map<AnyQuadrant, { top: number; size: number; used: number }>();
    for (const quadrant of STACK) {
      const count = flows.reduce((sum, flow) => sum + (flow[of] === quadrant ? flow.count : 0), 0);
      if (count === 0) continue;
      const size = count * scale;
      base -= size;
      places.set(quadrant, { top: base, size, used: 0 });
      base -= GAP;
    }
    return places;
  };
  const [left, right] = [side('from'), side('to')];
  const order = (quadrant: AnyQuadrant) => STACK.indexOf(quadrant);
  const bands = [...flows]
    .sort((a, b) => order(b.from) - order(a.from) || order(b.to) - order(a.to))
    .map((flow) => {
      const size = flow.count * scale;
      const [a, b] = [left.get(flow.from)!, right.get(flow.to)!];
      const [from, to] = [a.top + a.used, b.top + b.used];
      a.used += size;
      b.used += size;
      const [x, end] = [STACK_WIDTH, width - STACK_WIDTH];
      const middle = (x + end) / 2;
      const path = `M${x} ${from}C${middle} ${from} ${middle} ${to} ${end} ${to}v${size}C${middle} ${to + size} ${middle} ${from + size} ${x} ${from + size}z`;
      return svg`<path class="flow quadrant ${flow.to}${flow.from === flow.to ? ' is-same' : ''}" d=${path} @click=${() => show(flow)}></path>`;
    });
  const stack = (places: ReturnType<typeof side>, x: number) =>
    [...places].map(
      ([quadrant, { top, size }]) =>
        svg`<rect class="quadrant ${quadrant}" x=${x} y=${top} width=${STACK_WIDTH} height=${size}></rect>`,
    );
  return svg`${total === 0 ? nothing : bands} ${stack(left, 0)} ${stack(right, width - STACK_WIDTH)}`;
}
