/** The panel: its sections from top to bottom, and its state without a run. */
import { css, html, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import { percent } from '../engine/protocol/format.ts';
import { Component } from './component.ts';
import './sections/curves.ts';
import './sections/header.ts';
import './sections/inspector.ts';
import './sections/problems.ts';
import './sections/scrubber.ts';
import { shared } from './styles.ts';

@customElement('rs-app')
export class App extends Component {
  static override styles = [
    shared,
    css`
      .main {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
      }
      .main.wide {
        grid-template-columns: minmax(0, 57fr) minmax(0, 43fr);
      }
      rs-problems,
      rs-inspector {
        padding: 10px 14px;
        min-width: 0;
      }
      .wide rs-inspector {
        border-left: 1px solid var(--rule);
      }
      .empty {
        padding: 40px 20px;
        text-align: center;
      }
      .error {
        display: flex;
        gap: 10px;
        align-items: center;
        padding: 6px 14px;
        border-bottom: 1px solid var(--vscode-inputValidation-errorBorder);
        background: var(--vscode-inputValidation-errorBackground);
      }
      .error span {
        flex: 1;
      }
    `,
  ];

  override render() {
    const { phase, failure } = this.store;
    return html`
      ${
        failure
          ? html`<div class="error" role="alert" data-code=${failure.code}>
              <span>${failure.message} ${failure.hint ?? nothing}</span>
              <vscode-button data-action="again" @click=${failure.again}>Try again</vscode-button>
              <vscode-button appearance="secondary" data-action="dismiss" @click=${() => this.store.dismissFailure()}>Dismiss</vscode-button>
            </div>`
          : nothing
      }
      ${phase === 'run' ? this.run() : phase === 'no-run' ? this.noRun() : phase === 'loading' ? this.loading() : nothing}
    `;
  }

  private run() {
    return html`
      <rs-header></rs-header>
      ${this.store.info?.job === 'probe' ? nothing : html`<rs-scrubber></rs-scrubber><rs-curves></rs-curves>`}
      <main class="main ${this.width > 820 ? 'wide' : ''}" data-ready>
        <rs-problems></rs-problems>
        <rs-inspector></rs-inspector>
      </main>
    `;
  }

  /** The run that is being read, and how much of it has been read. */
  private loading() {
    const { info, loaded } = this.store;
    return html`<p class="empty muted" role="status" data-loaded=${loaded}>
      ${info ? html`Reading <span class="name">${info.run}</span>… ${loaded > 0 ? percent(loaded) : nothing}` : 'Loading…'}
    </p>`;
  }

  private noRun() {
    return html`<div class="empty" data-ready>
      <p>No run is open.</p>
      <vscode-button data-action="train" @click=${() => this.store.perform('train')}>Train the embedded model</vscode-button>
      <vscode-button appearance="secondary" data-action="choose-run" @click=${() => this.store.perform('choose-run')}>Open a run…</vscode-button>
    </div>`;
  }
}
