/**
 * The user's selection: a problem and one of its rollouts, the two steps, a filter, charts and panes. All of it
 * survives a reload.
 */
import type { RunColumns } from '../engine/runs/columns.ts';
import type { ViewState } from '../engine/runs/panel-contract.ts';
import {
  type PaneName,
  PROBLEM_GROUPINGS,
  PROBLEM_SORTS,
  type ProblemOrder,
  type TokenShading,
} from '../engine/runs/panel-state.ts';
import type { Metric } from '../engine/runs/series.ts';
import { isShading } from '../engine/runs/token-shades.ts';
import { ChartChoice } from './chart-choice.ts';
import { SMOOTHINGS, type Smoothing } from './charts/smooth.ts';
import type { PanelRequest } from './failures.ts';
import { Layout } from './layout.ts';
import { FIRST_ORDER } from './problem-order.ts';

const FIRST_SHADING: TokenShading = 'surprise';
/** Milliseconds after which a scroll position is kept. */
const KEEP_AFTER = 200;
/** Least milliseconds between two writes of the state while it keeps changing. */
const KEEP_EVERY = 1000;

function isGrouping(grouping: string): boolean {
  return grouping.startsWith('column:') || (PROBLEM_GROUPINGS as readonly string[]).includes(grouping);
}

/** A page of another version may have kept an order that this one does not have. */
function keptOrder(kept: ProblemOrder | undefined): ProblemOrder {
  const isKnown = kept && PROBLEM_SORTS.includes(kept.sort) && isGrouping(kept.grouping);
  return isKnown ? kept : FIRST_ORDER;
}

/** Who is told of what the user selects. */
interface SelectionListener {
  /** @param stale requests whose failures were about what is no longer selected */
  changed(...stale: PanelRequest[]): void;
  /** Something has changed that one pane shows, and no other. */
  changedIn(pane: PaneName): void;
  /** Writes down what is kept. */
  keep(): void;
}

/** Problems and rollouts by index from 0 (people see them from 1), steps by number. */
export class Selection {
  problem: number | null;
  rollout: number | null;
  /** The selected step; null follows the run. */
  step: number | null;
  /** The step that the selected one is compared with (cursor A); null: before training. */
  from: number | null;
  /**
   * Folder of the run of cursor A, if that is another run. In another run, null is its latest step and 0 before
   * training.
   */
  fromRun: string | null;
  /** First and last chosen token of the rollout, counted from 1. */
  tokens: readonly [first: number, last: number] | null = null;
  /** Whether a rollout of cursor A is shown next to that of B. */
  showsBefore: boolean;
  /** Which one; null: one that represents the vote at A. */
  rolloutBefore: number | null;
  filter: string;
  order: ProblemOrder;
  shading: TokenShading;
  /** Calibration is shown in the place of the problem. */
  showsCalibration: boolean;
  /** Rewards that are shown as columns of the rollouts, by name. */
  rewards: readonly string[];
  smoothing: Smoothing;
  /** Whether histograms of the problems are shown below the charts. */
  showsHistograms: boolean;
  readonly layout: Layout;
  private readonly chartChoice: ChartChoice;
  private keeping: ReturnType<typeof setTimeout> | undefined;
  private keptAt = Number.NEGATIVE_INFINITY;

  /** @param kept what the page kept before a reload */
  constructor(
    kept: ViewState | undefined,
    private readonly told: SelectionListener,
  ) {
    this.problem = kept?.problem ?? null;
    this.step = kept?.step ?? null;
    this.rollout = kept?.rollout ?? null;
    this.from = kept?.from ?? null;
    this.fromRun = kept?.fromRun ?? null;
    this.showsBefore = kept?.before === true;
    this.rolloutBefore = kept?.rolloutBefore ?? null;
    this.filter = kept?.filter ?? '';
    this.order = keptOrder(kept?.order);
    this.shading = isShading(kept?.shading) ? kept.shading : FIRST_SHADING;
    this.showsCalibration = kept?.calibration === true;
    this.showsHistograms = kept?.histograms === true;
    const rewards: unknown = kept?.rewards;
    this.rewards = Array.isArray(rewards) ? rewards.filter((name) => typeof name === 'string') : [];
    this.smoothing = SMOOTHINGS.find((weight) => weight === kept?.smoothing) ?? 0;
    this.layout = new Layout(kept, () => this.tell());
    this.chartChoice = new ChartChoice(kept?.charts);
  }

  /** The step at which everything is shown. */
  get at(): number {
    return this.step ?? Number.POSITIVE_INFINITY;
  }

  /** The state that survives a reload. */
  get kept(): Omit<ViewState, 'run'> {
    const charts = this.chartChoice.chosen;
    const { problem, step, rollout, rolloutBefore, filter, from, fromRun, order, shading, rewards, showsCalibration } =
      this;
    return {
      problem,
      step,
      ...(charts && { charts }),
      ...(rollout !== null && { rollout }),
      ...(filter !== '' && { filter }),
      ...(from !== null && { from }),
      ...(fromRun !== null && { fromRun }),
      ...(this.showsBefore && { before: true as const }),
      ...(rolloutBefore !== null && { rolloutBefore }),
      ...(order !== FIRST_ORDER && { order }),
      ...(shading !== FIRST_SHADING && { shading }),
      ...(showsCalibration && { calibration: true as const }),
      ...(this.showsHistograms && { histograms: true as const }),
      ...(rewards.length > 0 && { rewards: [...rewards] }),
      ...(this.smoothing !== 0 && { smoothing: this.smoothing }),
      ...this.layout.kept,
    };
  }

  select(problem: number): void {
    this.problem = problem;
    this.rollout = null;
    this.rolloutBefore = null;
    this.tokens = null;
    this.tell('revealProblem', 'openRollout', 'compareRollouts', 'readPrompt');
  }

  selectRollout(rollout: number): void {
    this.rollout = rollout;
    this.tokens = null;
    this.tell('openRollout', 'compareRollouts');
  }

  /** Selects tokens of the rollout, counted from 1; null for none. They do not survive a reload. */
  chooseTokens(tokens: readonly [first: number, last: number] | null): void {
    this.tokens = tokens;
    this.told.changed();
  }

  /** Shows a rollout of cursor A next to that of B, or hides it. */
  showBefore(shows: boolean): void {
    this.showsBefore = shows;
    this.tell();
  }

  selectRolloutBefore(rollout: number): void {
    this.rolloutBefore = rollout;
    this.tellIn('rollout');
  }

  /** The rollout that is chosen in a group of so many. */
  rolloutIn(count: number): number {
    return this.rollout !== null && this.rollout < count ? this.rollout : 0;
  }

  /** Selects a step; null follows the run. */
  lookAt(step: number | null): void {
    this.step = step;
    this.tokens = null;
    this.keepAtPace();
    this.told.changed('openRollout', 'compareRollouts');
  }

  /** Selects the step to compare with; null for the state before training. */
  compareWith(step: number | null): void {
    this.from = step;
    this.rolloutBefore = null;
    this.tell();
  }

  /** Sets cursor A to another run, at its latest step; null: to before training in the run that is shown. */
  compareWithRun(folder: string | null): void {
    this.fromRun = folder;
    this.compareWith(null);
  }

  setOrder(order: Partial<ProblemOrder>): void {
    this.order = { ...this.order, ...order };
    this.tell();
  }

  /** Shows calibration in the place of the problem, or the problem again. */
  showCalibration(shows: boolean): void {
    this.showsCalibration = shows;
    this.tell('calibrate');
  }

  showHistograms(shows: boolean): void {
    this.showsHistograms = shows;
    this.tell();
  }

  /** Shows a reward as columns of the rollouts, or hides it. */
  toggleReward(name: string): void {
    const shown = this.rewards.includes(name);
    this.rewards = shown ? this.rewards.filter((other) => other !== name) : [...this.rewards, name];
    this.tell();
  }

  setShading(shading: TokenShading): void {
    this.shading = shading;
    this.tellIn('rollout');
  }

  setFilter(filter: string): void {
    this.filter = filter;
    this.keepAtPace();
    this.told.changed();
  }

  /** The metrics of the charts with a choice. */
  charts(columns: RunColumns): readonly Metric[] {
    return this.chartChoice.of(columns);
  }

  /** Shows another metric in a chart. If another chart already showed it, that chart gets the replaced metric. */
  chooseChart(place: number, metric: Metric, columns: RunColumns): void {
    this.chartChoice.choose(place, metric, columns);
    this.tellIn('charts');
  }

  addChart(metric: Metric, columns: RunColumns): void {
    this.chartChoice.add(metric, columns);
    this.tellIn('charts');
  }

  removeChart(place: number, columns: RunColumns): void {
    this.chartChoice.remove(place, columns);
    this.tellIn('charts');
  }

  moveChart(place: number, by: number, columns: RunColumns): void {
    this.chartChoice.move(place, by, columns);
    this.tellIn('charts');
  }

  setSmoothing(smoothing: Smoothing): void {
    this.smoothing = smoothing;
    this.tellIn('charts');
  }

  /** Stores, after a moment, a change that nothing shows, such as a scroll position. */
  keepSoon(): void {
    clearTimeout(this.keeping);
    this.keeping = setTimeout(() => this.keepNow(), KEEP_AFTER);
  }

  private tell(...stale: PanelRequest[]): void {
    this.keepNow();
    this.told.changed(...stale);
  }

  private tellIn(pane: PaneName): void {
    this.keepNow();
    this.told.changedIn(pane);
  }

  /** Keeps a change at once, and of many in a row, such as the steps that are passed while scrubbing, the last one. */
  private keepAtPace(): void {
    if (performance.now() - this.keptAt > KEEP_EVERY) this.keepNow();
    else this.keepSoon();
  }

  private keepNow(): void {
    clearTimeout(this.keeping);
    this.keptAt = performance.now();
    this.told.keep();
  }

  /** A different run starts at its first problem and latest step. */
  clear(): void {
    this.problem = null;
    this.step = null;
    this.rollout = null;
    this.from = null;
    this.fromRun = null;
    this.rolloutBefore = null;
    this.tokens = null;
    this.layout.scrolled = {};
  }
}
