/**
 * One line: what runs, how far it is, how fast, how long still; controls at the right end. Below it what the collapse
 * watch says and what was predicted.
 */
import { css, html, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import { activityText } from '../../engine/protocol/activity.ts';
import { standIn } from '../../engine/protocol/forecast-text.ts';
import { about, baseName, bytes, DASH, number, plural, share, whole } from '../../engine/protocol/format.ts';
import { collapseWarningAt } from '../../engine/runs/watch.ts';
import { Component } from '../component.ts';
import { shared } from '../styles.ts';

@customElement('rs-header')
export class Header extends Component {
  static override styles = [
    shared,
    css`
      :host {
        padding: 6px 14px;
        border-bottom: 1px solid var(--rule);
      }
      .line {
        display: flex;
        flex-wrap: wrap;
        gap: 4px 14px;
        align-items: center;
      }
      .name {
        font-weight: 600;
      }
      summary {
        cursor: pointer;
        color: var(--highlight);
      }
      ul {
        margin: 2px 0;
        padding-left: 20px;
      }
      .space {
        flex: 1;
      }
      .dot {
        fill: var(--muted);
      }
      .dot.running {
        fill: var(--correct);
      }
      .dot.failed,
      .dot.interrupted {
        fill: var(--wrong);
      }
      .dot.paused {
        fill: var(--highlight);
      }
      svg {
        display: inline-block;
      }
      .facts {
        display: flex;
        flex-wrap: wrap;
        gap: 2px 18px;
        margin-top: 3px;
      }
      .fact {
        display: flex;
        gap: 8px;
        align-items: baseline;
        min-width: 0;
      }
      .badge {
        padding: 0 7px;
        border: 1px solid var(--rule);
        border-radius: 9px;
        white-space: nowrap;
      }
      .badge.quiet {
        color: var(--muted);
      }
      .badge.watch {
        border-color: var(--highlight);
      }
      .badge.collapse {
        border-color: var(--wrong);
        color: var(--wrong);
      }
      .reason {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
    `,
  ];

  override render() {
    const { info, progress, columns } = this.store;
    if (!info) return nothing;
    const config = columns.head.run?.config;
    const live = info.status === 'running' && progress !== null;
    const parts = [
      baseName(info.model),
      config?.lora ? `LoRA ${config.lora.rank}` : null,
      info.job === 'train' ? rewardName(info.reward) : 'probe',
      config ? `${config.votes} votes` : null,
      config ? `seed ${config.seed}` : null,
    ];
    const dot = live ? (progress.state === 'paused' ? 'paused' : 'running') : info.status;
    return html`<div class="line">
      <span class="name">${info.run}</span>
      <span class="muted">${parts.filter(Boolean).join(' · ')}</span>
      <span class="space"></span>
      <span role="status">
        <svg width="8" height="8" aria-hidden="true"><circle class="dot ${dot}" cx="4" cy="4" r="3.5"></circle></svg>
        ${this.status(live)}
      </span>
      ${
        live
          ? html`<span class="muted">
              ${whole(progress.tokensPerSecond)} tokens/s · ${bytes(progress.residentBytes)} ·
              ${progress.secondsLeft === null ? `time left ${DASH}` : `${about(progress.secondsLeft)} left`}
            </span>`
          : nothing
      }
      ${this.controls(live)}
    </div>
    ${this.facts()} ${this.warnings()}`;
  }

  private facts() {
    const facts = [this.watch(), this.forecast()].filter((fact) => fact !== nothing);
    return facts.length > 0 ? html`<div class="facts">${facts}</div>` : nothing;
  }

  /** What the collapse watch said last, at the step that is looked at. */
  private watch() {
    const { columns, info, at } = this.store;
    const config = columns.head.run?.config;
    if (!config || info?.job !== 'train' || config.watch === 'off' || columns.step === 0) return nothing;
    const warning = collapseWarningAt(columns, at);
    const level = warning?.level ?? 'quiet';
    const words = { quiet: 'quiet', watch: 'signs of a collapse', collapse: 'collapse' }[level];
    return html`<span class="fact">
      <span class="badge ${level}" role="status" title=${warning?.message ?? 'No sign of a collapse so far.'}
        >collapse watch: ${words}${warning ? ` since step ${warning.step}` : ''}</span
      >
      ${warning ? html`<span class="muted reason" title=${warning.message}>${warning.reasons.join('; ') || warning.message}</span>` : nothing}
    </span>`;
  }

  /** What was predicted of the whole set, and how it turned out. */
  private forecast() {
    const { forecast, forecastScore: score } = this.store.columns.head;
    if (!forecast?.accuracy) return nothing;
    const { mean, low, high } = forecast.accuracy;
    const by = standIn(forecast);
    const signs = `Predicted before the first step${by ? `, ${by}` : ''}, from label-free signals.`;
    return html`<span class="fact" title=${signs}>
      <span>forecast <b>${share(mean)}</b> right <span class="muted">(${share(low)} to ${share(high)})</span></span>
      ${by ? html`<span class="muted">by the vote</span>` : nothing}
      ${
        score
          ? html`<span>ended <b>${share(score.actual.mean)}</b></span>
              <span class="muted">AUROC ${share(score.auroc?.mean)} · Brier ${number(score.brier.mean)}, base-rate baseline ${number(score.baseBrier)}</span>`
          : html`<span class="muted">${number(forecast.wrong, 1)} problems amplified wrongly</span>`
      }
    </span>`;
  }

  /** What was noted about dataset, model or settings, and what happened on the way. */
  private warnings() {
    const { warnings } = this.store.columns.head;
    if (warnings.length === 0) return nothing;
    return html`<details>
      <summary>${plural(warnings.length, 'warning')}</summary>
      <ul>
        ${warnings.map(({ step, message }) => html`<li>${step === null ? '' : `Step ${step}: `}${message}</li>`)}
      </ul>
    </details>`;
  }

  private status(live: boolean): string {
    const { info, progress, columns } = this.store;
    if (!info) return '';
    const place = info.job === 'train' ? ` step ${Math.max(columns.step, progress?.step ?? 0)} of ${info.steps}` : '';
    if (live && progress) {
      return progress.state === 'running' ? `${activityText(progress)}${place}` : `${progress.state}${place}`;
    }
    return `${info.status}${place}`;
  }

  private controls(live: boolean) {
    const { store } = this;
    const { info, progress } = store;
    if (live && progress) {
      const paused = progress.state === 'paused' || progress.state === 'pausing';
      return html`
        <vscode-button appearance="secondary" @click=${() => store.perform(paused ? 'continue' : 'pause')}>
          ${paused ? 'Continue' : 'Pause'}
        </vscode-button>
        <vscode-button appearance="secondary" @click=${() => store.perform('stop')}>Stop</vscode-button>
      `;
    }
    const resumable = info?.status === 'interrupted' || info?.status === 'stopped' || info?.status === 'failed';
    return html`
      ${resumable ? html`<vscode-button @click=${() => store.perform('resume')}>Resume</vscode-button>` : nothing}
      <vscode-button appearance="secondary" @click=${() => store.perform('choose-run')}>Open run…</vscode-button>
    `;
  }
}

/** A name in words; an expression as it was written. */
function rewardName(reward: string): string {
  return /^[a-z-]+$/.test(reward) ? reward.replaceAll('-', ' ') : reward;
}
