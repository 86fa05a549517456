/** How many rollouts of each step match a search: a bar per step, as high as their share. */
import { css } from 'lit';
import { percent } from '../../engine/protocol/format.ts';
import type { StepHits } from '../../engine/runs/find-query.ts';
import { html, svg } from '../html.ts';

const HEIGHT = 26;

export const hitBarStyles = css`
  .hit-bars {
    cursor: pointer;
  }
  .hit-bars rect {
    fill: var(--accent);
  }
  .hit-bars .base {
    stroke: var(--rule);
  }
`;

export interface HitBars {
  phase: string;
  /** Steps of one phase, in order. */
  steps: readonly StepHits[];
  /** The last step of the run. */
  last: number;
  /** CSS pixels. */
  width: number;
  /** A click on a step. */
  look(step: number): void;
}

interface Bin {
  first: StepHits;
  last: StepHits;
  hits: number;
  rollouts: number;
}

/** Groups steps into shared bars where there are more steps than pixels. */
function bins(steps: readonly StepHits[], last: number, width: number): Bin[] {
  const perBar = Math.max(1, Math.ceil((last + 1) / (width / 2)));
  const found: Bin[] = [];
  for (const one of steps) {
    const bin = found.at(-1);
    if (bin && Math.floor(bin.first.step / perBar) === Math.floor(one.step / perBar)) {
      bin.last = one;
      bin.hits += one.hits;
      bin.rollouts += one.rollouts;
    } else found.push({ first: one, last: one, hits: one.hits, rollouts: one.rollouts });
  }
  return found;
}

const textOf = ({ first, last, hits, rollouts }: Bin) =>
  `${first.step === last.step ? `step ${first.step}` : `steps ${first.step} to ${last.step}`}: ${hits} of ${rollouts} (${percent(hits / Math.max(1, rollouts))})`;

/** `highest 39% at step 17`. */
export function highestText(steps: readonly StepHits[]): string {
  const share = ({ hits, rollouts }: StepHits) => hits / Math.max(1, rollouts);
  const highest = steps.reduce((best, item) => (share(item) > share(best) ? item : best), steps[0]!);
  return `highest ${percent(share(highest))} at step ${highest.step}`;
}

/**
 * One bar per step, or per pixel if there are more steps, as high as the share of the step's rollouts that match; steps
 * without rollouts have none.
 */
export function hitBars({ phase, steps, last, width, look }: HitBars) {
  const all = bins(steps, last, width);
  const share = ({ hits, rollouts }: Bin) => hits / Math.max(1, rollouts);
  const highest = all.reduce((best, bin) => (share(bin) > share(best) ? bin : best), all[0]!);
  const scale = Math.max(share(highest), Number.EPSILON);
  const wide = width / (last + 1);
  const summary = `${phase}, rollouts found per step; highest at ${textOf(highest)}; last at ${textOf(all.at(-1)!)}`;
  return html`<svg class="hit-bars" width=${width} height=${HEIGHT} role="img" aria-label=${summary} data-phase=${phase}>
    ${svg`<line class="base" x1="0" x2=${width} y1=${HEIGHT - 0.5} y2=${HEIGHT - 0.5}></line>`}
    ${all.map((bin) => {
      const height = Math.max(bin.hits > 0 ? 1 : 0, (share(bin) / scale) * (HEIGHT - 2));
      const bar = Math.max(1, (bin.last.step - bin.first.step + 1) * wide - (wide > 3 ? 1 : 0));
      const x = bin.first.step * wide;
      return svg`<g @click=${() => look(bin.first.step)}><title>${textOf(bin)}</title>
        <rect x=${x} width=${Math.max(bar, 1)} y="0" height=${HEIGHT} fill-opacity="0"></rect>
        <rect x=${x} width=${bar} y=${HEIGHT - 1 - height} height=${height}></rect></g>`;
    })}
  </svg>`;
}
