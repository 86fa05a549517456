/** Which metrics the charts show: those that the user chose, else the defaults of the run. */
import type { RunColumns } from '../engine/runs/columns.ts';
import { isForeign, type Metric } from '../engine/runs/series.ts';
import { CHOSEN_CHARTS, choiceOf, defaultCharts } from './charts/metrics.ts';

/**
 * A choice outlives the run that it was made for; in a run that lacks one of its metrics, a default takes that place.
 */
export class ChartChoice {
  /** null for the defaults. */
  private metrics: readonly Metric[] | null = null;

  /** A page of another version may have kept metrics that this one does not have. */
  constructor(kept: readonly Metric[] | undefined) {
    if (kept?.length === CHOSEN_CHARTS && kept.every(choiceOf)) this.metrics = kept;
  }

  /** What the user chose, as it is kept; null for the defaults. */
  get chosen(): Metric[] | null {
    return this.metrics && [...this.metrics];
  }

  /** The metrics of the charts for a run. */
  of({ head, series }: RunColumns): readonly Metric[] {
    const usual = defaultCharts(head, series);
    if (!this.metrics) return usual;
    // What was chosen for a run of another trainer may be missing in this one.
    const chosen = this.metrics;
    const free = usual.filter((metric) => !chosen.includes(metric));
    return chosen.map((metric) => (isForeign(metric) && !series.names.includes(metric) ? free.shift()! : metric));
  }

  /** Shows another metric in a chart; a chart that already showed it takes over the replaced one. */
  choose(place: number, metric: Metric, columns: RunColumns): void {
    const charts = [...this.of(columns)];
    const other = charts.indexOf(metric);
    if (other >= 0) charts[other] = charts[place]!;
    charts[place] = metric;
    this.metrics = charts;
  }
}
