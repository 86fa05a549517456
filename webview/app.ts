/** The panel: a fixed frame around its panes, and what it shows when there is no run to show. */
import { nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import { percent } from '../engine/protocol/format.ts';
import { appStyles } from './app-styles.ts';
import { Component } from './component.ts';
import { html } from './html.ts';
import { KeyActions } from './key-actions.ts';
import './sections/calibration.ts';
import './sections/curves.ts';
import './sections/diagnosis.ts';
import './sections/find.ts';
import './sections/header.ts';
import './sections/inspector.ts';
import './sections/notes.ts';
import './sections/problems.ts';
import './sections/rollout.ts';
import './sections/rollout-before.ts';
import './sections/cursor-a-run.ts';
import './sections/scrubber.ts';
import './sections/start.ts';
import './splitter.ts';
import { failureNotice, failureStyles } from './failure-notice.ts';
import { Panes, paneStyles } from './panes.ts';
import { shared } from './styles.ts';

/** The element that `main.ts` puts into the page. */
@customElement('rs-app')
export class App extends Component {
  static override styles = [shared, failureStyles, appStyles, paneStyles];

  private showsHelp = false;
  private readonly panes = new Panes(this, () => this.store);
  private readonly keys = new KeyActions(this, () => ({
    store: this.store,
    width: this.width,
    toggleHelp: () => this.toggleHelp(),
  }));

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
    const { info, finder } = this.store;
    return html`<main class="frame" data-ready>
      <rs-header></rs-header>
      <rs-diagnosis></rs-diagnosis>
      <rs-notes></rs-notes>
      ${info?.job === 'probe' ? nothing : html`<rs-scrubber></rs-scrubber>`}
      <rs-cursor-a-run></rs-cursor-a-run>
      ${finder.isOpen ? html`<rs-find></rs-find>` : nothing}
      ${this.panes.render(this.width)}
      ${this.help()}
    </main>`;
  }

  /** The keys, shown on `?`. */
  private help() {
    if (!this.showsHelp) return nothing;
    return html`<dialog open aria-label="Keys" @keydown=${(event: KeyboardEvent) => event.key === 'Escape' && this.toggleHelp()}>
      <dl class="keys">${this.keys.known.map(({ keys, text }) => html`<dt>${keys.join(' ')}</dt><dd>${text}</dd>`)}</dl>
      <vscode-button appearance="secondary" @click=${() => this.toggleHelp()}>Close</vscode-button>
    </dialog>`;
  }

  private toggleHelp(): void {
    this.showsHelp = !this.showsHelp;
    this.requestUpdate();
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
      ${this.store.isReadOnly ? nothing : html`<vscode-button appearance="secondary" data-action="choose-run" @click=${() => this.store.requests.perform('choose-run')}>Open a run…</vscode-button>`}
      ${this.refused()}
    </div>`;
  }

  /** A failed action of the editor. */
  private refused() {
    const { failures } = this.store;
    return failureNotice('perform', failures.of('perform'), () => failures.clear('perform'));
  }

  private noRun() {
    if (this.store.start) return html`<rs-start></rs-start>`;
    return html`<div class="empty" data-ready>
      <p>No run is open.</p>
      <vscode-button data-action="train" @click=${() => this.store.requests.perform('train')}>Train the embedded model</vscode-button>
      <vscode-button appearance="secondary" data-action="choose-run" @click=${() => this.store.requests.perform('choose-run')}>Open a run…</vscode-button>
      ${this.refused()}
    </div>`;
  }
}
