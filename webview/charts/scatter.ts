/** Confidence vs. correctness of a group's rollouts: mean log-probability per token, one row for correct and one for wrong. */
import { scaleLinear } from 'd3-scale';
import { css, type TemplateResult } from 'lit';
import type { RolloutFacts } from '../../engine/protocol/group.ts';
import { svg } from '../html.ts';
import { tickFormat } from './scale.ts';

export const confidenceStyles = css`
  .point {
    fill: none;
    stroke: var(--accent);
    stroke-width: 1.3;
  }
  .point.is-correct {
    stroke: var(--correct);
  }
  .point.is-wrong {
    stroke: var(--wrong);
  }
  .point.chosen {
    stroke: var(--vscode-foreground);
    stroke-width: 2.5;
  }
`;

/** A deterministic pseudo-random number in [-0.5, 0.5). */
function jitter(index: number): number {
  return ((index * 0.6180339887) % 1) - 0.5;
}

/**
 * x is in nats per token. Rollouts without token statistics have no point.
 * @param selected index of the rollout; null for none
 */
export function confidenceChart(
  rollouts: readonly Pick<RolloutFacts, 'logprob' | 'correct'>[],
  width: number,
  height: number,
  selected: number | null,
): TemplateResult {
  const values = rollouts.flatMap(({ logprob }) => logprob ?? []);
  const lowest = Math.min(-0.1, ...values);
  const labeled = rollouts.some(({ correct }) => correct !== null);
  const rows = labeled ? (['correct', 'wrong'] as const) : (['all'] as const);
  const bottom = height - 16;
  const x = scaleLinear([lowest * 1.05, 0], [52, width - 8]);
  const band = bottom / rows.length;
  const place = (correct: boolean | null) => (labeled ? (correct ? 0 : 1) : 0);
  return svg`
    ${rows.map((row, i) => svg`<text x="0" y=${band * (i + 0.5) + 3}>${row}</text>`)}
    <text x="0" y=${height - 3}>log-prob</text>
    <line class="axis" x1="52" x2=${width - 8} y1=${bottom} y2=${bottom}></line>
    ${x.ticks(4).map((tick) => svg`<text x=${x(tick)} y=${height - 3} text-anchor=${x(tick) > width - 20 ? 'end' : 'middle'} dx=${x(tick) > width - 20 ? 8 : 0}>${tickFormat(x, 4)(tick)}</text>`)}
    ${rollouts.map(({ logprob, correct }, i) => {
      if (logprob === null) return null;
      const cx = x(logprob);
      const cy = band * (place(correct) + 0.5) + jitter(i + 1) * band * 0.6;
      const kind = `${correct === null ? 'is-unknown' : correct ? 'is-correct' : 'is-wrong'} ${i === selected ? 'chosen' : ''}`;
      if (correct === false) {
        return svg`<path class="point ${kind}" d=${`M${cx - 3} ${cy - 3}L${cx + 3} ${cy + 3}M${cx - 3} ${cy + 3}L${cx + 3} ${cy - 3}`}></path>`;
      }
      return svg`<circle class="point ${kind}" cx=${cx} cy=${cy} r="3"></circle>`;
    })}
  `;
}
