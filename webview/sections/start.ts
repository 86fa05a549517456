/**
 * A start of a run that has no run folder yet: what is being prepared, or why it failed and what can be done about it.
 */
import { css, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import { DASH } from '../../engine/protocol/format.ts';
import type { ComparedWith, NamedSetting, StartAnswer, StartState } from '../../engine/runs/start-state.ts';
import { Component } from '../component.ts';
import { failureNotice, failureStyles } from '../failure-notice.ts';
import { html } from '../html.ts';
import { shared } from '../styles.ts';

type Failed = Extract<StartState, { state: 'failed' }>;

/** Words that may be names of settings, as `inEditor` and `errorInFields` write them. */
const WORD = /rollscope\.config: \w+(?:\.\w+)*|\w+(?:\.\w+)*/g;

const COMPARED_TEXTS: Record<ComparedWith, { column: string; answer: string }> = {
  preset: { column: 'Preset', answer: 'Use the preset and start' },
  parent: { column: 'Parent run', answer: 'Use the values of the parent run and start' },
};
const ANSWERS: Record<Exclude<StartAnswer, 'usual'>, string> = {
  change: 'Change settings…',
  fork: 'Fork with other settings…',
  again: 'Try again',
  model: 'Choose model…',
  dismiss: 'Dismiss',
};

/** The element of a start. */
@customElement('rs-start')
export class Start extends Component {
  static override styles = [
    shared,
    failureStyles,
    css`
      section {
        max-width: 720px;
        margin: 0 auto;
        padding: 40px 20px;
      }
      .text {
        overflow-wrap: anywhere;
        white-space: pre-wrap;
      }
      .hint,
      table {
        margin: 8px 0 0;
      }
      table {
        width: auto;
      }
      td {
        white-space: normal;
        overflow-wrap: anywhere;
      }
      button.setting {
        color: var(--vscode-textLink-foreground);
        text-decoration: underline;
      }
      .actions {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        margin-top: 14px;
      }
    `,
  ];

  override render() {
    const { start } = this.store;
    if (!start) return nothing;
    return start.state === 'preparing' ? this.preparing(start.what) : this.failed(start);
  }

  private preparing(what: string) {
    return html`<section data-start="preparing" data-ready>
      <p role="status">Preparing to ${what}…</p>
      <div class="actions">${this.button('dismiss', 'Cancel')}</div>
    </section>`;
  }

  private failed({ what, error, settings, usual, answers }: Failed) {
    const { failures } = this.store;
    return html`<section data-start="failed" data-code=${error.code} data-ready>
      <h2>Could not ${what}</h2>
      <div role="alert">
        <p class="text">${this.withSettingLinks(error.message, settings)}</p>
        ${error.hint === undefined ? nothing : html`<p class="text hint">${this.withSettingLinks(error.hint, settings)}</p>`}
      </div>
      ${isInformative(settings, `${error.message} ${error.hint ?? ''}`) ? this.table(settings, usual) : nothing}
      <div class="actions">
        ${answers.map((answer, i) => this.button(answer, answer === 'usual' ? COMPARED_TEXTS[usual].answer : ANSWERS[answer], i === 0))}
        ${this.button('dismiss', ANSWERS.dismiss)}
      </div>
      ${(['answerStart', 'openSetting'] as const).map((name) => failureNotice(name, failures.of(name), () => failures.clear(name)))}
    </section>`;
  }

  /** Their values, and the usual ones. */
  private table(settings: readonly NamedSetting[], usual: ComparedWith) {
    const shown = (value: string | null) => value ?? DASH;
    return html`<table aria-label="Settings">
      <thead><tr><th>Setting</th><th>Value</th><th>${COMPARED_TEXTS[usual].column}</th></tr></thead>
      <tbody>${settings.map((setting) => html`<tr data-setting=${setting.id}><td>${this.link(setting, setting.name)}</td><td>${shown(setting.value)}</td><td>${shown(setting.usual)}</td></tr>`)}</tbody>
    </table>`;
  }

  /** A text in which each setting is a link to it. */
  private withSettingLinks(text: string, settings: readonly NamedSetting[]) {
    const parts = [];
    let end = 0;
    for (const match of text.matchAll(WORD)) {
      const setting = settings.find(({ name }) => name === match[0]);
      if (!setting) continue;
      parts.push(text.slice(end, match.index), this.link(setting, match[0]));
      end = match.index + match[0].length;
    }
    return [...parts, text.slice(end)];
  }

  private link({ id }: NamedSetting, text: string) {
    return html`<button class="link setting" role="link" title="Open this setting" @click=${() => this.store.requests.openSetting(id)}>${text}</button>`;
  }

  private button(answer: StartAnswer, text: string, isFirst = false) {
    return html`<vscode-button appearance=${isFirst ? 'primary' : 'secondary'} data-answer=${answer} @click=${() => this.store.requests.answerStart(answer)}>${text}</vscode-button>`;
  }
}

/**
 * Whether a table of settings adds something to a text with links to them: values that differ from the preset's, or
 * other settings.
 */
function isInformative(settings: readonly NamedSetting[], text: string): boolean {
  const words: readonly string[] = text.match(WORD) ?? [];
  return settings.some(({ name, value, usual }) => value !== usual || !words.includes(name));
}
