/** A word-sized chart of a problem: its share of correct rollouts, and dashed the majority share, over the steps. */
import { line } from 'd3-shape';
import type { TemplateResult } from 'lit';
import type { ProblemCurve } from '../../engine/runs/problem-curve.ts';
import { svg } from '../html.ts';

const WIDTH = 64;
const HEIGHT = 14;

/** The height is a share from 0 to 1; NaN interrupts a line. @param last the step at the right edge */
export function correctSparkline({ steps, correct, majority }: ProblemCurve, last: number): TemplateResult {
  const draw = (values: readonly number[]) =>
    line<number>()
      .defined((i) => Number.isFinite(values[i]))
      .x((i) => (steps[i]! / Math.max(1, last)) * WIDTH)
      .y((i) => HEIGHT - 1 - values[i]! * (HEIGHT - 2))([...steps.keys()]) ?? '';
  return svg`<path class="spark is-majority" d=${draw(majority)}></path><path class="spark is-correct" d=${draw(correct)}></path>`;
}
