/** The rollouts of a group, one per row, the largest advantage first. */
import { css, html, svg } from 'lit';
import { DASH, number, whole } from '../../../engine/protocol/format.ts';
import type { Phase, Rollout } from '../../../engine/protocol/group.ts';
import { correctnessClass } from './correctness.ts';

export const rolloutTableStyles = css`
  .rollouts {
    margin-top: 12px;
  }
  .rollouts tr {
    cursor: pointer;
  }
  .advantage {
    fill: var(--accent);
  }
  .advantage.minus {
    fill: var(--highlight);
  }
`;

export interface RolloutTable {
  phase: Phase;
  rollouts: readonly Rollout[];
  /** Index of the rollout whose tokens are shown. */
  chosen: number;
  choose(rollout: number): void;
}

export function rolloutTable({ phase, rollouts, chosen, choose }: RolloutTable) {
  const trained = rollouts.filter((r) => r.advantage !== null).length;
  const order = rollouts
    .map((_, i) => i)
    .sort((a, b) => (rollouts[b]!.advantage ?? -9) - (rollouts[a]!.advantage ?? -9) || a - b);
  const largest = Math.max(0.1, ...rollouts.map((r) => Math.abs(r.advantage ?? 0)));
  const title =
    phase === 'train'
      ? `${rollouts.length}, of which ${trained} trained · sorted by advantage`
      : `${rollouts.length}, not used for training`;
  return html`<section class="rollouts">
    <h2>Rollouts<span class="value">${title}</span></h2>
    <table>
      <thead>
        <tr><th class="number">#</th><th>answer</th><th class="number">reward</th><th>advantage</th><th class="number">log-prob</th><th class="number">tokens</th><th>finish</th></tr>
      </thead>
      <tbody>
        ${order.map((i) => {
          const r = rollouts[i]!;
          return html`<tr
            tabindex="0"
            data-rollout=${i + 1}
            aria-selected=${i === chosen}
            @click=${() => choose(i)}
            @keydown=${(event: KeyboardEvent) => event.key === 'Enter' && choose(i)}
          >
            <td class="number muted">${i + 1}</td>
            <td class="mono answer ${correctnessClass(r.correct)}">${r.answer ?? DASH}</td>
            <td class="number">${rewardText(r.reward)}</td>
            <td>${advantageBar(r.advantage, largest)}</td>
            <td class="number">${number(r.logprob, 2)}</td>
            <td class="number">${whole(r.tokens)}</td>
            <td class="muted">${r.finish ?? DASH}</td>
          </tr>`;
        })}
      </tbody>
    </table>
  </section>`;
}

function advantageBar(value: number | null, largest: number) {
  if (value === null) return html`<span class="muted">${DASH}</span>`;
  const long = (Math.abs(value) / largest) * 28;
  return html`<svg width="70" height="13" role="img" aria-label=${number(value, 2)}>
    ${svg`<rect class="advantage ${value < 0 ? 'minus' : ''}" x="0" y="2" width=${long} height="9"></rect><text x="34" y="11">${number(value, 2)}</text>`}
  </svg>`;
}

/** Integers without a decimal point, other rewards with three digits. */
function rewardText(reward: number | null): string {
  return number(reward, reward !== null && Number.isInteger(reward) ? 0 : 3);
}
