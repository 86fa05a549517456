/** The panel: a fixed frame with panes that scroll on their own, the keys, and the state without a run. */
import { css, nothing, type PropertyValues } from 'lit';
import { customElement } from 'lit/decorators.js';
import { percent } from '../engine/protocol/format.ts';
import { PANES, type PaneName } from '../engine/runs/panel-state.ts';
import { Component } from './component.ts';
import { html } from './html.ts';
import { KEYS, type KeyAction } from './keys.ts';
import './sections/calibration.ts';
import './sections/curves.ts';
import './sections/diagnosis.ts';
import './sections/find.ts';
import './sections/header.ts';
import './sections/inspector.ts';
import './sections/notes.ts';
import './sections/problems.ts';
import './sections/rollout.ts';
import './sections/scrubber.ts';
import './splitter.ts';
import { failureNotice, failureStyles } from './failure-notice.ts';
import { selectedAddress } from './notebook.ts';
import type { Find } from './sections/find.ts';
import type { Inspector } from './sections/inspector.ts';
import type { Notes } from './sections/notes.ts';
import type { Problems } from './sections/problems.ts';
import type { RolloutView } from './sections/rollout.ts';
import { shared } from './styles.ts';

const PANE_TITLES: Readonly<Record<PaneName, string>> = {
  charts: 'Charts',
  problems: 'Problems',
  problem: 'Problem',
  rollout: 'Rollout',
};

/** The element that `main.ts` puts into the page. */
@customElement('rs-app')
export class App extends Component {
  static override styles = [
    shared,
    failureStyles,
    css`
      :host {
        display: block;
        height: 100vh;
      }
      .frame {
        display: flex;
        flex-direction: column;
        height: 100%;
        overflow: hidden;
      }
      rs-header,
      rs-diagnosis,
      rs-find,
      rs-notes,
      rs-scrubber {
        flex: none;
      }
      .pane {
        min-width: 0;
        min-height: 0;
        overflow-x: hidden;
        overflow-y: auto;
      }
      .charts {
        flex: none;
      }
      .panes {
        display: flex;
        flex: 1 1 0;
        min-height: 0;
      }
      .pane.problems {
        overflow: hidden;
      }
      .pane.problem,
      .pane.rollout {
        padding: 8px 12px;
      }
      .tabs {
        display: flex;
        flex: none;
        gap: 4px;
        padding: 0 8px;
        border-bottom: 1px solid var(--rule);
      }
      .tabs button {
        padding: 4px 8px 3px;
        border: 0;
        border-bottom: 2px solid transparent;
        background: none;
        color: var(--muted);
        font: inherit;
        cursor: pointer;
      }
      .tabs button[aria-selected='true'] {
        color: var(--vscode-foreground);
        border-bottom-color: var(--vscode-focusBorder);
      }
      .tabs.views {
        margin-bottom: 6px;
        padding: 0;
      }
      .keys {
        display: grid;
        grid-template-columns: auto 1fr;
        gap: 4px 14px;
        margin: 0;
      }
      dialog {
        color: inherit;
        background: var(--vscode-editorWidget-background, var(--vscode-editor-background));
        border: 1px solid var(--rule);
      }
      dt {
        font-family: var(--vscode-editor-font-family);
      }
      dd {
        margin: 0;
      }
      .empty {
        padding: 40px 20px;
        text-align: center;
      }
    `,
  ];

  private height = 0;
  private showsHelp = false;
  private readonly restored = new Set<PaneName>();

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener('keydown', this.key);
    window.addEventListener('resize', this.measure);
    this.measure();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener('keydown', this.key);
    window.removeEventListener('resize', this.measure);
  }

  private readonly measure = (): void => {
    this.height = window.innerHeight;
    this.requestUpdate();
  };

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
    const { selection, info, finder } = this.store;
    const { layout } = selection;
    const panes: readonly PaneName[] = info?.job === 'probe' ? PANES.filter((pane) => pane !== 'charts') : PANES;
    return html`<main class="frame" data-ready>
      <rs-header></rs-header>
      <rs-diagnosis></rs-diagnosis>
      <rs-notes></rs-notes>
      ${info?.job === 'probe' ? nothing : html`<rs-scrubber></rs-scrubber>`}
      ${finder.isOpen ? html`<rs-find></rs-find>` : nothing}
      ${layout.isNarrow(this.width) ? this.tabs(panes) : this.beside(panes)}
      ${this.help()}
    </main>`;
  }

  /** One pane at a time. */
  private tabs(panes: readonly PaneName[]) {
    const { layout } = this.store.selection;
    const shown = panes.includes(layout.tab) ? layout.tab : 'problems';
    return html`<div class="tabs" role="tablist" aria-label="Panes" @keydown=${(event: KeyboardEvent) => this.turn(event, panes, shown)}>
        ${panes.map((pane) => html`<button role="tab" id="tab-${pane}" aria-selected=${pane === shown} aria-controls="pane" tabindex=${pane === shown ? 0 : -1} data-tab=${pane} @click=${() => layout.show(pane)}>${PANE_TITLES[pane]}</button>`)}
      </div>
      <div class="panes" role="tabpanel" id="pane" aria-labelledby="tab-${shown}">${this.pane(shown, 'width: 100%')}</div>`;
  }

  private turn(event: KeyboardEvent, panes: readonly PaneName[], shown: PaneName): void {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const next = panes[(panes.indexOf(shown) + by + panes.length) % panes.length]!;
    this.store.selection.layout.show(next);
    requestAnimationFrame(() => this.renderRoot.querySelector<HTMLElement>(`[data-tab="${next}"]`)?.focus());
  }

  /** All panes, with the charts above the others. */
  private beside(panes: readonly PaneName[]) {
    const { layout } = this.store.selection;
    const { width, height } = this;
    const { problems, problem, rollout } = layout.paneWidths(width);
    const edge = (
      name: 'charts' | 'problems' | 'rollout',
      axis: 'vertical' | 'horizontal',
      title: string,
      part: number,
    ) =>
      html`<rs-splitter axis=${axis} title=${title} .value=${part * 100} .moved=${(by: number) => layout.move(name, by, width, height)} .reset=${() => layout.reset()}></rs-splitter>`;
    const charts = layout.chartsHeight(width, height);
    return html`
      ${panes.includes('charts') ? html`${this.pane('charts', `height: ${charts}px`)} ${edge('charts', 'horizontal', 'Height of the charts', charts / Math.max(1, height))}` : nothing}
      <div class="panes">
        ${this.pane('problems', `width: ${problems}px`)}
        ${edge('problems', 'vertical', 'Width of the list of problems', problems / Math.max(1, width))}
        ${this.pane('problem', `width: ${problem - 2}px`)}
        ${edge('rollout', 'vertical', 'Width of the problem', (problems + problem) / Math.max(1, width))}
        ${this.pane('rollout', `width: ${rollout}px`)}
      </div>`;
  }

  private pane(name: PaneName, size: string) {
    return html`<section class="pane ${name}" aria-label=${PANE_TITLES[name]} data-pane=${name} .style=${size} @scroll=${(event: Event) => this.scrolled(name, event)}>
      ${{
        charts: () => html`<rs-curves></rs-curves>`,
        problems: () => html`<rs-problems></rs-problems>`,
        problem: () => this.problem(),
        rollout: () => html`<rs-rollout></rs-rollout>`,
      }[name]()}
    </section>`;
  }

  /** The problem, or calibration in its place. */
  private problem() {
    const { selection } = this.store;
    const shows = selection.showsCalibration;
    const tab = (name: string, title: string, isShown: boolean, show: () => void) =>
      html`<button role="tab" aria-selected=${isShown} aria-controls="problem" data-view=${name} @click=${show}>${title}</button>`;
    return html`<div class="tabs views" role="tablist" aria-label="Views">
        ${tab('problem', 'Problem', !shows, () => selection.showCalibration(false))}
        ${tab('calibration', 'Calibration', shows, () => selection.showCalibration(true))}
      </div>
      <div role="tabpanel" id="problem" aria-label=${shows ? 'Calibration' : 'Problem'}>${shows ? html`<rs-calibration></rs-calibration>` : html`<rs-inspector></rs-inspector>`}</div>`;
  }

  private scrolled(name: PaneName, event: Event): void {
    this.store.selection.layout.scrolled[name] = (event.currentTarget as HTMLElement).scrollTop;
    this.store.selection.keepSoon();
  }

  /** The keys, shown on `?`. */
  private help() {
    if (!this.showsHelp) return nothing;
    return html`<dialog open aria-label="Keys" @keydown=${(event: KeyboardEvent) => event.key === 'Escape' && this.toggleHelp()}>
      <dl class="keys">${KEYS.filter(({ action }) => this.has(action)).map(({ keys, text }) => html`<dt>${keys.join(' ')}</dt><dd>${text}</dd>`)}</dl>
      <vscode-button appearance="secondary" @click=${() => this.toggleHelp()}>Close</vscode-button>
    </dialog>`;
  }

  /** Whether a key does something here. */
  private has(action: KeyAction): boolean {
    const { isReadOnly, canFind } = this.store;
    return action === 'open' || action === 'note' ? !isReadOnly : action === 'find-all' ? canFind : true;
  }

  private toggleHelp(): void {
    this.showsHelp = !this.showsHelp;
    this.requestUpdate();
  }

  private readonly key = (event: KeyboardEvent): void => {
    const [target] = event.composedPath() as HTMLElement[];
    const writes =
      target instanceof HTMLElement && (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable);
    if (writes || event.ctrlKey || event.metaKey || event.altKey || this.store.phase !== 'run') return;
    const found = KEYS.find(({ keys }) => keys.includes(event.key));
    if (!found || (event.key === 'Enter' && target?.closest('button, a, vscode-button, [role="button"], [role="tab"]')))
      return;
    event.preventDefault();
    this.act(found.action);
  };

  private act(action: KeyAction): void {
    const { selection, columns, requests, selected } = this.store;
    const problems = this.renderRoot.querySelector<Problems>('rs-problems');
    const step = selection.step ?? columns.step;
    const row = selected?.view.row ?? null;
    const rollouts = row === null ? 0 : columns.groups.columns.rollouts[row]!;
    switch (action) {
      case 'next-problem':
      case 'previous-problem':
        problems?.step(action === 'next-problem' ? 1 : -1);
        break;
      case 'next-rollout':
      case 'previous-rollout':
        this.renderRoot.querySelector<Inspector>('rs-inspector')?.step(action === 'next-rollout' ? 1 : -1);
        break;
      case 'next-step':
        selection.lookAt(Math.min(columns.step, step + 1));
        break;
      case 'previous-step':
        selection.lookAt(Math.max(0, step - 1));
        break;
      case 'set-a':
        selection.compareWith(step === selection.from || step === 0 ? null : step);
        break;
      case 'filter':
        if (selection.layout.isNarrow(this.width)) selection.layout.show('problems');
        requestAnimationFrame(() => this.renderRoot.querySelector<Problems>('rs-problems')?.focusFilter());
        break;
      case 'next-surprise':
      case 'previous-surprise':
      case 'fork':
      case 'find':
        this.read(action);
        break;
      case 'note':
        if (this.store.isReadOnly) break;
        this.store.notebook.setOpen(true);
        requestAnimationFrame(() =>
          requestAnimationFrame(() => this.renderRoot.querySelector<Notes>('rs-notes')?.focusText()),
        );
        break;
      case 'copy-link':
        void navigator.clipboard?.writeText(selectedAddress(this.store));
        break;
      case 'find-all':
        if (!this.store.canFind) break;
        this.store.finder.open();
        requestAnimationFrame(() =>
          requestAnimationFrame(() => this.renderRoot.querySelector<Find>('rs-find')?.focusText()),
        );
        break;
      case 'open':
        if (row !== null && !this.store.isReadOnly)
          requests.openRollout(columns.idOf(row), selection.rolloutIn(rollouts));
        break;
      case 'help':
        this.toggleHelp();
        break;
    }
  }

  /** Moves in the rollout, which a narrow panel may not show yet. */
  private read(action: 'next-surprise' | 'previous-surprise' | 'fork' | 'find'): void {
    this.store.selection.layout.turnTo('rollout', this.width);
    requestAnimationFrame(() => {
      const view = this.renderRoot.querySelector<RolloutView>('rs-rollout');
      if (action === 'fork') view?.goToFork();
      else if (action === 'find') view?.focusFind();
      else view?.surprise(action === 'next-surprise' ? 1 : -1);
    });
  }

  protected override updated(changes: PropertyValues): void {
    super.updated(changes);
    // Panes come with their content a frame later; each is scrolled to where it was once.
    for (const pane of this.renderRoot.querySelectorAll<HTMLElement>('.pane')) {
      const name = pane.dataset.pane as PaneName;
      const top = this.store.selection.layout.scrolled[name] ?? 0;
      if (this.restored.has(name) || pane.scrollHeight - pane.clientHeight < top) continue;
      this.restored.add(name);
      pane.scrollTop = top;
    }
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
    return html`<div class="empty" data-ready>
      <p>No run is open.</p>
      <vscode-button data-action="train" @click=${() => this.store.requests.perform('train')}>Train the embedded model</vscode-button>
      <vscode-button appearance="secondary" data-action="choose-run" @click=${() => this.store.requests.perform('choose-run')}>Open a run…</vscode-button>
      ${this.refused()}
    </div>`;
  }
}
