/**
 * Other rewards for the stored rollouts: which ones are shown as columns, and how well each distinguishes correct from
 * wrong.
 */
import { css, nothing } from 'lit';
import { DASH, plural } from '../../../engine/protocol/format.ts';
import { quantityText } from '../../../engine/protocol/quantities.ts';
import { compareEstimates, type RewardQuality } from '../../../engine/protocol/reward-comparison.ts';
import type { RescoreScope } from '../../../engine/runs/panel-contract.ts';
import { html } from '../../html.ts';
import type { RewardReader, RewardReading } from '../../reward-reader.ts';

export const rewardStyles = css`
  .rewards .choice {
    display: flex;
    flex-wrap: wrap;
    gap: 2px 12px;
    margin: 4px 0;
  }
  .rewards summary {
    cursor: pointer;
  }
  .rewards td.difference {
    color: var(--muted-text, var(--muted));
  }
`;

export interface RewardsView {
  reader: RewardReader;
  /** The group that is shown: its step, and its problem. */
  group: { phase: RescoreScope['phase']; step: number; problem: number };
  chosen: readonly string[];
  isOpen: boolean;
  open(isOpen: boolean): void;
  toggle(name: string): void;
}

/** The template of the rewards: the choice, and how good they are for this problem, step and run. */
export function rewardsView(view: RewardsView) {
  const { reader, group, chosen, isOpen, open } = view;
  const { phase, step, problem } = group;
  const here = reader.known({ phase, step, problem: null });
  const toggled = (event: Event) => open((event.currentTarget as HTMLDetailsElement).open);
  return html`<details class="rewards" ?open=${isOpen} @toggle=${toggled}>
    <summary>Rewards as columns${chosen.length > 0 ? html`: <span class="muted">${chosen.join(', ')}</span>` : nothing}</summary>
    ${isOpen ? html`${choice(here, view)} ${chosen.length > 0 ? quality(view, { phase, step, problem }) : nothing}` : nothing}
  </details>`;
}

function choice(here: RewardReading, { chosen, toggle }: RewardsView) {
  if (here.state === 'reading' || here.state === 'unread')
    return html`<p class="muted" role="status">Computing the rewards of this step…</p>`;
  if (here.state !== 'read' || !('rewards' in here)) return nothing;
  const names = here.rewards.map(({ reward }) => reward).filter((name) => name !== here.trainedBy);
  const not = Object.entries(here.notComputed).filter(([name]) => !names.includes(name));
  return html`<div class="choice" role="group" aria-label="Rewards as columns">
      ${names.map((name) => html`<label><input type="checkbox" data-reward-choice=${name} .checked=${chosen.includes(name)} @change=${() => toggle(name)}> ${name}</label>`)}
    </div>
    ${not.length === 0 ? nothing : html`<div class="muted" title=${not.map(([name, why]) => `${name}: ${why}`).join('\n')}>Not computed: ${not.map(([name]) => name).join(', ')}</div>`}`;
}

/** How good the rewards are here, in this step and in the run. */
function quality({ reader, chosen }: RewardsView, { phase, step, problem }: RewardsView['group']) {
  const scopes: { title: string; scope: RescoreScope }[] = [
    { title: 'this problem', scope: { phase, step: null, problem } },
    { title: `step ${step}`, scope: { phase, step, problem: null } },
    { title: 'run', scope: { phase, step: null, problem: null } },
  ];
  return html`<div class="scroll" tabindex="0" role="region" aria-label="How well rewards separate correct from wrong"><table>
    <thead>
      <tr><th>reward</th><th>scope</th><th class="number">AUROC</th><th class="number">pushed right</th><th>vs. the run's reward</th></tr>
    </thead>
    <tbody>${scopes.map(({ title, scope }) => rows(title, scope, reader.known(scope), chosen, () => reader.ask(scope, { again: true })))}</tbody>
  </table></div>`;
}

function rows(
  title: string,
  scope: RescoreScope,
  reading: RewardReading,
  chosen: readonly string[],
  compute: () => void,
) {
  if (reading.state !== 'read' || !('rewards' in reading)) {
    const waiting = reading.state === 'reading';
    return html`<tr data-scope=${title}><td></td><td>${title}</td><td colspan="3">${
      waiting
        ? html`<span class="muted" role="status">Computing…</span>`
        : html`<button class="link word" data-compute=${scope.problem === null ? (scope.step === null ? 'run' : 'step') : 'problem'} @click=${compute}>Compute</button>`
    }</td></tr>`;
  }
  const trained = reading.rewards.find(({ reward }) => reward === reading.trainedBy) ?? null;
  const shown = reading.rewards.filter(({ reward }) => reward === reading.trainedBy || chosen.includes(reward));
  return shown.map((item) => row(title, item, trained));
}

function row(title: string, { reward, auroc, pushedRight }: RewardQuality, trained: RewardQuality | null) {
  const isTrained = reward === trained?.reward;
  const groups = auroc ? plural(auroc.groups, 'group') : 'no group with correct and wrong rollouts';
  return html`<tr data-scope=${title} data-quality=${reward}>
    <td>${reward}${isTrained ? html` <span class="muted">(trained)</span>` : nothing}</td>
    <td title=${groups}>${title}</td>
    <td class="number">${quantityText('auroc', auroc)}</td>
    <td class="number">${quantityText('share', pushedRight)}</td>
    <td class="difference">${isTrained ? '' : (compareEstimates(auroc, trained?.auroc ?? null) ?? DASH)}</td>
  </tr>`;
}
