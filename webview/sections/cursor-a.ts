/** Shows where cursor A is, and lets the user set it before training or in another run. */
import { css, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import { plural } from '../../engine/protocol/format.ts';
import { baseName, oneLine } from '../../engine/protocol/texts.ts';
import type { RunChoice } from '../../engine/runs/panel-contract.ts';
import { beforeText } from '../../engine/runs/problem-view.ts';
import { Component } from '../component.ts';
import { failureNotice, failureStyles } from '../failure-notice.ts';
import { html } from '../html.ts';
import { shared } from '../styles.ts';

/** The number of runs that are listed; others are found by name. */
const MAX_RUNS = 40;
/** Longest name next to the steps. */
const MAX_NAME_LENGTH = 24;

/** The element next to the steps. */
@customElement('rs-cursor-a')
export class CursorA extends Component {
  static override styles = [
    shared,
    failureStyles,
    css`
      details {
        position: relative;
      }
      summary {
        list-style: none;
        cursor: pointer;
        color: var(--muted-text, var(--muted));
        overflow-wrap: anywhere;
      }
      summary::after {
        content: ' ▾';
      }
      .menu {
        position: absolute;
        left: 0;
        top: 100%;
        z-index: 5;
        display: grid;
        gap: 1px;
        width: max-content;
        min-width: 18em;
        max-width: min(46em, 80vw);
        max-height: 50vh;
        overflow-y: auto;
        padding: 4px 0;
        color: var(--vscode-foreground);
        background: var(--vscode-editorWidget-background, var(--vscode-editor-background));
        border: 1px solid var(--rule);
        font-size: var(--vscode-font-size, 13px);
      }
      .menu > * {
        padding: 2px 10px;
      }
      .menu button {
        border: 0;
        color: inherit;
        background: none;
        font: inherit;
        text-align: left;
        cursor: pointer;
      }
      .menu button:hover {
        background: var(--vscode-list-hoverBackground);
      }
      .menu button[aria-pressed='true'] {
        font-weight: 600;
      }
      input {
        width: 100%;
        color: var(--vscode-input-foreground);
        background: var(--vscode-input-background);
        border: 1px solid var(--vscode-input-border, var(--rule));
        font: inherit;
      }
    `,
  ];

  private isOpen = false;
  private wanted = '';

  override render() {
    const { failures } = this.store;
    return html`<details ?open=${this.isOpen} @toggle=${this.toggled} @keydown=${this.key}>
      <summary title="Cursor A: the step that everything is compared with. Set it with Shift-click on the steps, or with a">A: ${this.place()}</summary>
      ${this.isOpen ? this.menu() : nothing}
    </details>
    ${failureNotice('listRuns', failures.of('listRuns'), () => failures.clear('listRuns'))}`;
  }

  private place(): string {
    const { selection, cursorARun } = this.store;
    const { from, fromRun } = selection;
    if (fromRun === null) return from === null ? beforeText(this.store.columns) : `step ${from}`;
    // Its step is in the line below.
    return oneLine(cursorARun.other?.run ?? baseName(fromRun), MAX_NAME_LENGTH);
  }

  private menu() {
    const { selection, cursorARun, canChooseRuns } = this.store;
    const { from, fromRun } = selection;
    const choose = (folder: string | null) => () => {
      this.isOpen = false;
      this.store.compareWithRun(folder);
      this.requestUpdate();
    };
    return html`<div class="menu" role="group" aria-label="Cursor A">
      <button data-a="first" aria-pressed=${from === null && fromRun === null} @click=${choose(null)}>this run, ${beforeText(this.store.columns)}</button>
      <div class="muted">this run at a step: Shift-click on the steps, or a</div>
      ${canChooseRuns ? this.runs(cursorARun.choices, choose) : nothing}
    </div>`;
  }

  private runs(choices: readonly RunChoice[] | null, choose: (folder: string) => () => void) {
    if (choices === null) {
      return this.store.failures.of('listRuns')
        ? nothing
        : html`<div class="muted" role="status">Listing the runs…</div>`;
    }
    if (choices.length === 0) {
      return html`<div class="muted">${this.store.isReadOnly ? 'Other runs: rollscope view <run> <other>' : 'There is no other run.'}</div>`;
    }
    const found = choices.filter(({ run }) => run.toLowerCase().includes(this.wanted.toLowerCase()));
    const { fromRun } = this.store.selection;
    const search = (event: Event) => {
      this.wanted = (event.target as HTMLInputElement).value;
      this.requestUpdate();
    };
    return html`
      <div class="muted">another run, at its latest step</div>
      ${choices.length > 8 ? html`<div><input placeholder="Name of the run" aria-label="Name of the run" .value=${this.wanted} @input=${search}></div>` : nothing}
      ${found.slice(0, MAX_RUNS).map(
        ({ run, folder, model, reward, dataset, step, job }) =>
          html`<button data-choice=${run} aria-pressed=${folder === fromRun} @click=${choose(folder)}>${run}
            <span class="muted">${[job === 'probe' ? 'probe' : plural(step, 'step'), model === null ? '' : baseName(model), reward ?? '', dataset === null ? '' : baseName(dataset)].filter(Boolean).join(' · ')}</span></button>`,
      )}
      ${found.length > MAX_RUNS ? html`<div class="muted">and ${plural(found.length - MAX_RUNS, 'more run')}</div>` : nothing}`;
  }

  private readonly toggled = (event: Event): void => {
    const { open } = event.currentTarget as HTMLDetailsElement;
    if (open === this.isOpen) return;
    this.isOpen = open;
    // Runs come and go.
    if (open && this.store.canChooseRuns) this.store.cursorARun.list();
    this.requestUpdate();
  };

  private readonly key = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || !this.isOpen) return;
    event.stopPropagation();
    this.isOpen = false;
    this.requestUpdate();
    this.renderRoot.querySelector('summary')?.focus();
  };
}
