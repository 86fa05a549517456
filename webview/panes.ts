/** The panes of the panel: side by side with movable edges, or one at a time if there is little room. */
import { css, type LitElement, nothing, type ReactiveController } from 'lit';
import { PANES, type PaneName } from '../engine/runs/panel-state.ts';
import { html } from './html.ts';
import { isUnsized } from './resize.ts';
import { HISTOGRAMS_HEIGHT } from './sections/histograms.ts';
import type { Store } from './store.ts';

export const paneStyles = css`
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
    overflow: clip;
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
  .pane.sides {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 250px), 1fr));
    gap: 12px 16px;
    align-content: start;
    align-items: start;
  }
  .tabs {
    display: flex;
    flex: none;
    gap: clamp(0px, 1vw, 4px);
    padding: 0 8px;
    border-bottom: 1px solid var(--rule);
  }
  .tabs button {
    padding: 4px clamp(4px, 2vw, 8px) 3px;
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
`;

const PANE_TITLES: Readonly<Record<PaneName, string>> = {
  charts: 'Charts',
  problems: 'Problems',
  problem: 'Problem',
  rollout: 'Rollout',
};

/** Milliseconds without scrolling after which a pane rests. */
const REST = 100;
/**
 * Below this height of the panel, in CSS pixels, the search replaces the charts, since its counts also show the steps.
 */
const LOW = 1100;

/** Renders the panes into its host, and remembers how far each is scrolled. */
export class Panes implements ReactiveController {
  private height = 0;
  /** Panes whose scroll position was restored after a reload. */
  private readonly restored = new Set<PaneName>();
  private readonly resting = new Map<PaneName, ReturnType<typeof setTimeout>>();

  constructor(
    private readonly host: LitElement,
    private readonly store: () => Store,
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    window.addEventListener('resize', this.measure);
    this.measure();
  }

  hostDisconnected(): void {
    window.removeEventListener('resize', this.measure);
  }

  /** The content of a pane appears one frame later; then its scroll position is restored, once. */
  hostUpdated(): void {
    for (const pane of this.host.renderRoot.querySelectorAll<HTMLElement>('.pane')) {
      const name = pane.dataset.pane as PaneName;
      const top = this.store().selection.layout.scrolled[name] ?? 0;
      if (this.restored.has(name) || pane.scrollHeight - pane.clientHeight < top) continue;
      this.restored.add(name);
      pane.scrollTop = top;
    }
  }

  /**
   * The template of the panes.
   * @param width of the panel, CSS pixels
   */
  render(width: number) {
    const { selection, info, finder } = this.store();
    const isNarrow = selection.layout.isNarrow(width);
    const noCharts = info?.job === 'probe' || (finder.isOpen && this.height < LOW && !isNarrow);
    const panes: readonly PaneName[] = noCharts ? PANES.filter((pane) => pane !== 'charts') : PANES;
    return isNarrow ? this.tabs(panes) : this.beside(panes, width);
  }

  private readonly measure = (): void => {
    if (isUnsized()) return;
    this.height = window.innerHeight;
    this.host.requestUpdate();
  };

  /** One pane at a time. */
  private tabs(panes: readonly PaneName[]) {
    const { layout } = this.store().selection;
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
    this.store().selection.layout.show(next);
    requestAnimationFrame(() => this.host.renderRoot.querySelector<HTMLElement>(`[data-tab="${next}"]`)?.focus());
  }

  /** All panes, with the charts on top. */
  private beside(panes: readonly PaneName[], width: number) {
    const { layout, showsHistograms } = this.store().selection;
    const { height } = this;
    const { problems, problem, rollout } = layout.paneWidths(width);
    const edge = (
      name: 'charts' | 'problems' | 'rollout',
      axis: 'vertical' | 'horizontal',
      title: string,
      part: number,
    ) =>
      html`<rs-splitter axis=${axis} title=${title} .value=${part * 100} .moved=${(by: number) => layout.move(name, by, width, height)} .reset=${() => layout.reset()}></rs-splitter>`;
    const below = showsHistograms ? HISTOGRAMS_HEIGHT : 0;
    const charts = Math.min(layout.chartsHeight(width, height) + below, Math.round(height * 0.6));
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
    const { selection } = this.store();
    const sides = name === 'rollout' && selection.showsBefore ? 'sides' : '';
    return html`<section class="pane ${name} ${sides}" aria-label=${PANE_TITLES[name]} data-pane=${name} .style=${size} @scroll=${(event: Event) => this.scrolled(name, event)}>
      ${{
        charts: () => html`<rs-curves></rs-curves>`,
        problems: () => html`<rs-problems></rs-problems>`,
        problem: () => this.problem(),
        rollout: () =>
          html`<rs-rollout></rs-rollout>${selection.showsBefore ? html`<rs-rollout-before></rs-rollout-before>` : nothing}`,
      }[name]()}
    </section>`;
  }

  /** The problem, or calibration in its place. */
  private problem() {
    const { selection } = this.store();
    const shows = selection.showsCalibration;
    const tab = (name: string, title: string, isShown: boolean, show: () => void) =>
      html`<button role="tab" aria-selected=${isShown} aria-controls="problem" data-view=${name} @click=${show}>${title}</button>`;
    return html`<div class="tabs views" role="tablist" aria-label="Views">
        ${tab('problem', 'Problem', !shows, () => selection.showCalibration(false))}
        ${tab('calibration', 'Calibration', shows, () => selection.showCalibration(true))}
      </div>
      <div role="tabpanel" id="problem" aria-label=${shows ? 'Calibration' : 'Problem'}>${shows ? html`<rs-calibration></rs-calibration>` : html`<rs-inspector></rs-inspector>`}</div>`;
  }

  /** The position is read once scrolling has stopped: reading it earlier would force a layout. */
  private scrolled(name: PaneName, event: Event): void {
    const pane = event.currentTarget as HTMLElement;
    clearTimeout(this.resting.get(name));
    const rests = () => {
      if (!pane.isConnected) return;
      const { selection } = this.store();
      selection.layout.scrolled[name] = pane.scrollTop;
      selection.keepSoon();
    };
    this.resting.set(name, setTimeout(rests, REST));
  }
}
