/** What the user looks at: a problem and one of its rollouts, a step, a filter, and charts. All but rollout and filter is kept. */
import type { RunColumns } from '../engine/runs/columns.ts';
import type { ViewState } from '../engine/runs/panel-contract.ts';
import type { Metric } from '../engine/runs/series.ts';
import { ChartChoice } from './chart-choice.ts';
import type { PanelRequest } from './failures.ts';

export class Selection {
  problem: number | null;
  rollout: number | null = null;
  /** The selected step; null follows the run. */
  step: number | null;
  filter = '';
  private readonly chartChoice: ChartChoice;

  /**
   * @param kept what the page kept before a reload
   * @param changed told of each change, with the requests whose failures were about what is no longer selected
   */
  constructor(
    kept: ViewState | undefined,
    private readonly changed: (...stale: PanelRequest[]) => void,
  ) {
    this.problem = kept?.problem ?? null;
    this.step = kept?.step ?? null;
    this.chartChoice = new ChartChoice(kept?.charts);
  }

  /** The step at which everything is shown. */
  get at(): number {
    return this.step ?? Number.POSITIVE_INFINITY;
  }

  /** What is kept over a reload. */
  get kept(): Omit<ViewState, 'run'> {
    const charts = this.chartChoice.chosen;
    return { problem: this.problem, step: this.step, ...(charts && { charts }) };
  }

  select(problem: number): void {
    this.problem = problem;
    this.rollout = null;
    this.changed('revealProblem', 'openRollout');
  }

  selectRollout(rollout: number): void {
    this.rollout = rollout;
    this.changed('openRollout');
  }

  /** Selects a step; null follows the run. */
  lookAt(step: number | null): void {
    this.step = step;
    this.changed('openRollout');
  }

  setFilter(filter: string): void {
    this.filter = filter;
    this.changed();
  }

  /** The metrics of the charts with a choice. */
  charts(columns: RunColumns): readonly Metric[] {
    return this.chartChoice.of(columns);
  }

  /** Shows another metric in a chart; a chart that already showed it takes over the replaced one. */
  chooseChart(place: number, metric: Metric, columns: RunColumns): void {
    this.chartChoice.choose(place, metric, columns);
    this.changed();
  }

  /** A different run starts at its first problem and latest step. */
  clear(): void {
    this.problem = null;
    this.step = null;
    this.rollout = null;
  }
}
