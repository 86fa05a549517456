/** A word-sized chart of a share by step. */
import { line } from 'd3-shape';
import type { TemplateResult } from 'lit';
import { svg } from '../html.ts';

/** A majority share; null without a majority. */
export interface ShareAt {
  step: number;
  share: number | null;
}

const WIDTH = 70;
const HEIGHT = 14;

export function shareSparkline(points: readonly ShareAt[], steps: number): TemplateResult {
  const draw = line<ShareAt>()
    .defined(({ share }) => share !== null)
    .x(({ step }) => (step / Math.max(1, steps)) * WIDTH)
    .y(({ share }) => HEIGHT - 1 - (share ?? 0) * (HEIGHT - 2));
  return svg`<path class="spark" d=${draw([...points]) ?? ''}></path>`;
}
