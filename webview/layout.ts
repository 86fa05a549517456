/** The sizes of the panes, and how far each is scrolled. Survives a reload. */
import type { ViewState } from '../engine/runs/panel-contract.ts';
import { PANES, type PanelLayout, type PaneName } from '../engine/runs/panel-state.ts';

/** Below this width one pane is shown at a time. */
const NARROW = 1000;
/** From this width on there is room for larger charts, in CSS pixels. */
const WIDE = 1700;

export const FIRST_LAYOUT: Readonly<PanelLayout> = { charts: null, problems: 0.4, rollout: 0.27, tab: 'problems' };
/** The shares of a wide panel until somebody moves an edge: the list has columns enough, and what is left is for the steps. */
const WIDE_WIDTHS = { problems: 0.46, rollout: 0.25 };
/** Height of the charts until somebody moves their edge, CSS pixels, and where there is room for larger ones. */
export const CHARTS_HEIGHT = { usual: 180, wide: 270 };
/** Least sizes of a pane that can be read, CSS pixels. */
const MIN_SIZES = { charts: 60, pane: 220 };

/** The widths of panes are kept as shares of the window, the height of the charts in CSS pixels. */
export class Layout {
  private sizes: PanelLayout;
  scrolled: Partial<Record<PaneName, number>>;
  private isFirst: boolean;

  constructor(
    kept: Pick<ViewState, 'layout' | 'scroll'> | undefined,
    private readonly changed: () => void,
  ) {
    const layout = kept?.layout;
    this.isFirst = !isLayout(layout);
    this.sizes = isLayout(layout) ? layout : { ...FIRST_LAYOUT };
    this.scrolled = kept?.scroll ?? {};
  }

  get tab(): PaneName {
    return this.sizes.tab;
  }

  /** The state that survives a reload; nothing until the user has changed something. */
  get kept(): Pick<ViewState, 'layout' | 'scroll'> {
    const isScrolled = Object.values(this.scrolled).some((top) => top > 0);
    return { ...(!this.isFirst && { layout: this.sizes }), ...(isScrolled && { scroll: this.scrolled }) };
  }

  isNarrow(width: number): boolean {
    return width < NARROW;
  }

  /** Height of the charts in a panel of this size. */
  chartsHeight(width: number, height: number): number {
    const wanted = this.sizes.charts ?? (width >= WIDE ? CHARTS_HEIGHT.wide : CHARTS_HEIGHT.usual);
    return Math.round(Math.max(MIN_SIZES.charts, Math.min(wanted, height * 0.5)));
  }

  /** Widths of the three panes side by side, CSS pixels; those of the problems and the rollout give way to the least sizes. */
  paneWidths(width: number): { problems: number; problem: number; rollout: number } {
    const { pane } = MIN_SIZES;
    const wanted = this.hasFirstWidths && width >= WIDE ? WIDE_WIDTHS : this.sizes;
    const problems = Math.round(Math.max(pane, Math.min(wanted.problems * width, width - 2 * pane)));
    const rollout = Math.round(Math.max(pane, Math.min(wanted.rollout * width, width - problems - pane)));
    return { problems, problem: width - problems - rollout, rollout };
  }

  /** Nobody has moved an edge between panes. */
  private get hasFirstWidths(): boolean {
    const { problems, rollout } = this.sizes;
    return problems === FIRST_LAYOUT.problems && rollout === FIRST_LAYOUT.rollout;
  }

  show(tab: PaneName): void {
    this.set({ tab });
  }

  /** Shows a pane where only one of them is shown. */
  turnTo(tab: PaneName, width = globalThis.innerWidth): void {
    if (this.isNarrow(width) && tab !== this.tab) this.show(tab);
  }

  /** @param by CSS pixels that the edge moves: down for the charts, to the right for the panes */
  move(edge: 'charts' | 'problems' | 'rollout', by: number, width: number, height: number): void {
    if (edge === 'charts') {
      const charts = this.chartsHeight(width, height) + by;
      this.set({ charts: Math.max(MIN_SIZES.charts, Math.min(charts, height * 0.5)) });
      return;
    }
    const { problems, rollout } = this.paneWidths(width);
    // The other edge stays where it is.
    const shares = { problems: problems / width, rollout: rollout / width };
    if (edge === 'problems') this.set({ ...shares, problems: (problems + by) / width });
    else this.set({ ...shares, rollout: (rollout - by) / width });
  }

  /** Back to the first sizes. */
  reset(): void {
    this.set({ ...FIRST_LAYOUT, tab: this.tab });
  }

  private set(change: Partial<PanelLayout>): void {
    this.sizes = { ...this.sizes, ...change };
    this.isFirst = false;
    this.changed();
  }
}

/** Another version of the page may have stored something else. */
function isLayout(kept: PanelLayout | undefined): kept is PanelLayout {
  if (!kept) return false;
  const { charts, problems, rollout, tab } = kept;
  return [charts ?? 0, problems, rollout].every((size) => Number.isFinite(size)) && PANES.includes(tab);
}
