/** The course of a share over the steps, the size of a word. */
import { line } from 'd3-shape';
import { svg, type TemplateResult } from 'lit';
import type { Group } from '../../engine/protocol/state.ts';

const WIDTH = 70;
const HEIGHT = 14;

export function shareSparkline(groups: readonly Group[], steps: number): TemplateResult {
  const draw = line<Group>()
    .defined((g) => g.majority !== null)
    .x((g) => (g.step / Math.max(1, steps)) * WIDTH)
    .y((g) => HEIGHT - 1 - (g.majority?.share ?? 0) * (HEIGHT - 2));
  return svg`<path class="spark" d=${draw([...groups]) ?? ''}></path>`;
}
