/** The head of the rollout pane: its answer, reward and length, why it got the reward, and what can be done with it. */
import { css, nothing } from 'lit';
import { plural } from '../../../engine/protocol/format.ts';
import type { Rollout } from '../../../engine/protocol/group.ts';
import { quantityText } from '../../../engine/protocol/quantities.ts';
import { oneLine, verdictMark } from '../../../engine/protocol/texts.ts';
import { html } from '../../html.ts';
import { correctnessClass } from '../inspector/correctness.ts';

export const headStyles = css`
  .facts {
    display: flex;
    flex-wrap: wrap;
    gap: 0 12px;
  }
  .why {
    margin: 2px 0;
    overflow-wrap: anywhere;
  }
  .actions {
    display: flex;
    flex-wrap: wrap;
    gap: 6px;
    margin: 4px 0;
  }
`;

/** Letters of a rule that are shown; a pattern can be long. */
const RULE = 24;

export interface RolloutHead {
  rollout: Rollout;
  /** Counted from 0. */
  index: number;
  rollouts: number;
  /** The rule that found the outlined answer; null if no answer is outlined. */
  answerRule: string | null;
  /** Why it got its reward; null if there is no explanation. */
  why: string | null | undefined;
  /** Absent if the page is read-only. */
  open?(): void;
  /** Absent if the token statistics are recorded, or cannot be computed here. */
  computeStatistics?(): void;
}

/** The template of the head. */
export function rolloutHead({ rollout, index, rollouts, answerRule, why, open, computeStatistics }: RolloutHead) {
  const { correct, reward, advantage, tokens, finish } = rollout;
  return html`<h2>Rollout ${index + 1}<span class="value">of ${rollouts}</span></h2>
    <div class="facts">
      <span>answer <b class="mono ${correctnessClass(correct)}">${rollout.answer ?? 'none'} ${verdictMark(correct)}</b></span>
      ${answerRule === null ? nothing : html`<span class="muted" title=${answerRule}>outlined: found by ${oneLine(answerRule, RULE)}</span>`}
      <span>reward <b>${quantityText('reward', reward)}</b></span>
      ${advantage === null ? nothing : html`<span>advantage <b>${quantityText('advantage', advantage)}</b></span>`}
      ${tokens === null ? nothing : html`<span>${plural(tokens, 'token')}${finish === 'length' ? ', truncated at the length limit' : ''}</span>`}
    </div>
    ${why ? html`<p class="why muted">${why}</p>` : nothing}
    ${
      open || computeStatistics
        ? html`<div class="actions">
      ${open ? html`<vscode-button appearance="secondary" data-action="open-rollout" @click=${open}>Open in editor</vscode-button>` : nothing}
      ${computeStatistics ? html`<vscode-button appearance="secondary" data-action="compute-statistics" title="A local model reads the run's rollouts and computes the token statistics that the trainer did not record" @click=${computeStatistics}>Compute token statistics…</vscode-button>` : nothing}
    </div>`
        : nothing
    }`;
}
