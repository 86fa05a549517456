/** One line with the run, its progress, speed and time left, and the controls; below it the warnings. */
import { css, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import { activityProgress } from '../../engine/protocol/activity.ts';
import { bytes, DASH, integer, plural, roughDuration } from '../../engine/protocol/format.ts';
import type { RunInfo } from '../../engine/protocol/listed-run.ts';
import { canResume } from '../../engine/protocol/resumable.ts';
import { baseName, originText } from '../../engine/protocol/texts.ts';
import { signalWarningIn } from '../../engine/protocol/warnings.ts';
import type { Head } from '../../engine/runs/head.ts';
import { Component } from '../component.ts';
import { failureNotice, failureStyles } from '../failure-notice.ts';
import { html } from '../html.ts';
import { selectedAddress } from '../notebook.ts';
import { shared } from '../styles.ts';

/** The section at the top. What the host refuses is shown next to the controls. */
@customElement('rs-header')
export class Header extends Component {
  static override styles = [
    shared,
    failureStyles,
    css`
      :host {
        padding: 5px 12px;
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
      .facts {
        overflow: hidden;
        text-overflow: ellipsis;
      }
      /* Of a narrow panel the problems need the room. */
      @media (max-width: 1000px) {
        .facts {
          flex: 1 1 12em;
          white-space: nowrap;
        }
      }
      @media (max-width: 700px) {
        .state {
          gap: 4px 6px;
        }
        vscode-button {
          --button-padding-horizontal: 6px;
        }
      }
      details[open] {
        flex-basis: 100%;
        order: 1;
        max-height: 30vh;
        overflow-y: auto;
      }
      summary {
        cursor: pointer;
        color: var(--highlight-text, var(--highlight));
      }
      ul {
        margin: 2px 0;
        padding-left: 20px;
      }
      .skipped {
        margin: 2px 0;
        color: var(--highlight-text, var(--highlight));
      }
      .state {
        display: flex;
        flex-wrap: wrap;
        gap: 4px 14px;
        align-items: center;
        justify-content: flex-end;
        margin-left: auto;
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
      .badge {
        padding: 0 7px;
        border: 1px solid var(--rule);
        border-radius: 9px;
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
      info.parent ? `from ${info.parent.run} at step ${info.parent.step}` : null,
      info.model === null ? null : baseName(info.model),
      config?.lora ? `LoRA ${config.lora.rank}` : null,
      info.job === 'probe' ? 'probe' : info.reward,
      config ? `${config.votes} rollouts per problem` : null,
      config ? `seed ${config.seed}` : null,
    ];
    const facts = parts.filter(Boolean).join(' · ');
    const dot = live ? (progress.state === 'paused' ? 'paused' : 'running') : info.status;
    return html`<div
      class="line"
      data-run=${info.run}
      data-job=${info.job}
      data-reward=${info.reward}
      data-status=${dot}
      data-live=${live}
      data-step=${this.step}
      data-steps=${info.steps}
    >
      <h1 class="name">${info.run}</h1>
      <span class="muted facts" title=${facts}>${facts}</span>
      ${imported(info.origin)} ${this.warningList(columns.head.warnings)}
      <span class="state">
      <span role="status">
        <svg width="8" height="8" aria-hidden="true"><circle class="dot ${dot}" cx="4" cy="4" r="3.5"></circle></svg>
        ${this.status(live)}
      </span>
      ${
        live
          ? html`<span class="muted">
              ${integer(progress.tokensPerSecond)} tokens/s · ${bytes(progress.residentBytes)} ·
              ${progress.secondsLeft === null ? `time left ${DASH}` : `${roughDuration(progress.secondsLeft)} left`}
            </span>`
          : nothing
      }
      ${this.controls(live)}
      ${this.store.isReadOnly ? nothing : html`<vscode-button appearance="secondary" data-action="note" title="Add a note to the selection, or pin it (m)" @click=${() => this.store.notebook.setOpen(true)}>Note…</vscode-button>`}
      <vscode-button appearance="secondary" data-action="copy-link" title="Copy a link to the selection (y)" @click=${() => void navigator.clipboard?.writeText(selectedAddress(this.store))}>Copy link</vscode-button>
      ${this.store.canFind ? html`<vscode-button appearance="secondary" data-action="find" title="Find in all rollouts (g)" @click=${() => this.store.finder.open()}>Find…</vscode-button>` : nothing}
      </span>
    </div>
    ${this.refusedActions()} ${this.runFailure()} ${this.damageNotices()}`;
  }

  /** Buttons that failed. */
  private refusedActions() {
    const { failures } = this.store;
    const requests = ['control', 'perform'] as const;
    return requests.map((request) => failureNotice(request, failures.of(request), () => failures.clear(request)));
  }

  /** Why the run failed. */
  private runFailure() {
    const { info, columns } = this.store;
    const error = columns.head.end?.error;
    if (info?.status !== 'failed' || !error) return nothing;
    return html`<div class="failure" role="status" data-code=${error.code}><span>${error.message} ${error.hint ?? nothing}</span></div>`;
  }

  /** Damage of the run's files, and records that were skipped. */
  private damageNotices() {
    const { skipped, fault } = this.store.info ?? {};
    const texts = [fault, skipped?.message].filter((text) => text !== undefined);
    return texts.map((text) => html`<p class="skipped" role="status">${text}</p>`);
  }

  /** Warnings about the dataset, the model and the settings, and from training. */
  private warningList(warnings: Head['warnings']) {
    if (warnings.length === 0) return nothing;
    // Open if the run can hardly learn: nobody should have to search for the reason.
    return html`<details data-warnings=${warnings.length} ?open=${signalWarningIn(warnings) !== null}>
      <summary>${plural(warnings.length, 'warning')}</summary>
      <ul>
        ${warnings.map(({ code, step, message }) => html`<li data-code=${code}>${step === null ? '' : `Step ${step}: `}${message}</li>`)}
      </ul>
    </details>`;
  }

  private get step(): number {
    const { progress, columns } = this.store;
    return Math.max(columns.step, progress?.step ?? 0);
  }

  private status(live: boolean): string {
    const { info, progress } = this.store;
    if (!info) return '';
    const place = info.job !== 'probe' ? ` · step ${this.step}${info.steps === null ? '' : ` of ${info.steps}`}` : '';
    if (live && progress) {
      return `${progress.state === 'running' ? activityProgress(progress) : progress.state}${place}`;
    }
    return `${info.status}${place}`;
  }

  private controls(live: boolean) {
    const { store } = this;
    if (store.isReadOnly) return html`<span class="badge">${store.note}</span>`;
    const { info, progress } = store;
    if (live && progress) {
      const paused = progress.state === 'paused' || progress.state === 'pausing';
      return html`
        <vscode-button
          appearance="secondary"
          data-action=${paused ? 'continue' : 'pause'}
          @click=${() => store.requests.control(paused ? 'continue' : 'pause')}
        >
          ${paused ? 'Resume' : 'Pause'}
        </vscode-button>
        <vscode-button appearance="secondary" data-action="stop" @click=${() => store.requests.control('stop')}>Stop</vscode-button>
      `;
    }
    const resumable = info !== null && canResume(info);
    return html`
      ${resumable ? html`<vscode-button data-action="resume" @click=${() => store.requests.control('resume')}>Resume</vscode-button>` : nothing}
      <vscode-button appearance="secondary" data-action="choose-run" @click=${() => store.requests.perform('choose-run')}>Open run…</vscode-button>
    `;
  }
}

/** The trainer that made an imported run; its files in the tooltip. */
function imported(origin: RunInfo['origin']) {
  if (origin.engine === 'rollscope') return nothing;
  const files = origin.files.length > 0 ? origin.files.join('\n') : 'Its files were not recorded.';
  return html`<span class="badge" data-origin=${origin.engine} title=${files}>imported from ${originText(origin)}</span>`;
}
