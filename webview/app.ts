/** The panel: its sections from top to bottom, and its state without a run. */
import { css, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import { percent } from '../engine/protocol/format.ts';
import { Component } from './component.ts';
import { html } from './html.ts';
import './sections/curves.ts';
import './sections/header.ts';
import './sections/inspector.ts';
import './sections/problems.ts';
import './sections/scrubber.ts';
import { failureNotice, failureStyles } from './failure-notice.ts';
import { shared } from './styles.ts';

@customElement('rs-app')
export class App extends Component {
  static override styles = [
    shared,
    failureStyles,
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
    `,
  ];

  override render() {
    switch (this.store.phase) {
      case 'run':
        return this.run();
      case 'no-run':
        return this.noRun();
      case 'loading':
        return this.loading();
      case 'failed':
        return this.failed();
    }
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

  private failed() {
    const { failures, info } = this.store;
    return html`<div class="empty">
      ${info ? html`<p class="name">${info.run}</p>` : nothing}
      ${failureNotice('attach', failures.of('attach'))}
      <vscode-button appearance="secondary" data-action="choose-run" @click=${() => this.store.requests.perform('choose-run')}>Open a run…</vscode-button>
      ${this.refused()}
    </div>`;
  }

  /** A failed action of the editor. */
  private refused() {
    const { failures } = this.store;
    return failureNotice('perform', failures.of('perform'), () => failures.clear('perform'));
  }

  private noRun() {
    return html`<div class="empty" data-ready>
      <p>No run is open.</p>
      <vscode-button data-action="train" @click=${() => this.store.requests.perform('train')}>Train the embedded model</vscode-button>
      <vscode-button appearance="secondary" data-action="choose-run" @click=${() => this.store.requests.perform('choose-run')}>Open a run…</vscode-button>
      ${this.refused()}
    </div>`;
  }
}
