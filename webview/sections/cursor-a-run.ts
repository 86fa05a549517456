/** The other run that cursor A is in: its step, how its problems were matched, and the settings that differ. */
import { css, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import { integer, percent, plural } from '../../engine/protocol/format.ts';
import { Component } from '../component.ts';
import type { OtherRun } from '../cursor-a-run.ts';
import { failureNotice, failureStyles } from '../failure-notice.ts';
import { html } from '../html.ts';
import { settingsStyles, settingsTable } from '../settings-table.ts';
import { shared } from '../styles.ts';

/** The element below the steps; empty where cursor A is in the run that is shown. */
@customElement('rs-cursor-a-run')
export class CursorARunView extends Component {
  static override styles = [
    shared,
    failureStyles,
    settingsStyles,
    css`
      .line {
        display: flex;
        flex-wrap: wrap;
        gap: 2px 14px;
        align-items: baseline;
        padding: 3px 12px;
        border-bottom: 1px solid var(--rule);
      }
      .name {
        font-weight: 600;
        overflow-wrap: anywhere;
      }
      input {
        width: 6em;
        color: var(--vscode-input-foreground);
        background: var(--vscode-input-background);
        border: 1px solid var(--vscode-input-border, var(--rule));
        font: inherit;
      }
      .settings {
        flex-basis: 100%;
        max-height: 30vh;
        overflow: auto;
      }
    `,
  ];

  private showsSettings = false;

  override render() {
    const { cursorARun, failures } = this.store;
    const { folder, other } = cursorARun;
    const failure = failureNotice('compareWithRun', failures.of('compareWithRun'), () =>
      this.store.compareWithRun(null),
    );
    if (folder === null) return failure;
    return html`<div class="line" data-cursor-a-run=${other?.run ?? nothing}>
      ${other ? this.about(other) : failures.of('compareWithRun') ? nothing : html`<span class="muted" role="status">Reading the run of A… ${percent(cursorARun.loaded)}</span>`}
      <button class="link" data-action="leave-cursor-a-run" title="Cursor A in this run, before training" @click=${() => this.store.compareWithRun(null)}>✕ leave</button>
      ${failure}
      ${other && this.showsSettings ? this.settings(other) : nothing}
    </div>`;
  }

  private about(other: OtherRun) {
    const { selection, problems, cursorARun } = this.store;
    const { indices, byText, otherReferences } = cursorARun.partners(problems);
    const { size } = indices;
    const by = byText === size ? 'by text' : byText === 0 ? 'by id' : `${byText} by text, ${size - byText} by id`;
    const last = other.columns.step;
    const step = (event: Event) => {
      const { value } = event.target as HTMLInputElement;
      selection.compareWith(value === '' ? null : Math.max(0, Math.min(last, Math.round(Number(value)))));
    };
    const toggle = () => {
      this.showsSettings = !this.showsSettings;
      this.requestUpdate();
    };
    const { length } = other.settings;
    return html`<span><span class="muted">A</span> <span class="name">${other.run}</span></span>
      <label>step <input type="number" min="0" max=${last} placeholder=${String(last)} aria-label="Step of A" .value=${selection.from === null ? '' : String(selection.from)} @change=${step}> <span class="muted">of ${integer(last)}${selection.from === null ? ', the latest' : selection.from === 0 ? ', before training' : ''}</span></label>
      <span data-matched=${size}>${size === 0 ? 'no problem in common' : html`${plural(size, 'problem')} in both, <span class="muted">matched ${by}</span>`}${otherReferences > 0 ? html` <span class="wrong">${otherReferences} with another reference</span>` : nothing}</span>
      ${
        length === 0
          ? html`<span class="muted">the same settings</span>`
          : html`<button class="link" data-action="settings-of-a" aria-expanded=${this.showsSettings} @click=${toggle}>${plural(length, 'setting')} ${length === 1 ? 'differs' : 'differ'} ${this.showsSettings ? '▾' : '▸'}</button>`
      }`;
  }

  private settings({ settings, run }: OtherRun) {
    const shown = this.store.info?.run ?? '';
    return html`<div class="settings" tabindex="0" role="region" aria-label="Settings that differ">${settingsTable(settings, [`A: ${run}`, `B: ${shown}`])}</div>`;
  }
}
