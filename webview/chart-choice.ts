/** Which metrics the charts show: those that the user chose, otherwise the defaults of the run. */
import { watchedMetric } from '../engine/protocol/watched-metrics.ts';
import type { RunColumns } from '../engine/runs/columns.ts';
import { isForeign, type Metric } from '../engine/runs/series.ts';
import { choiceOf, defaultCharts, MAX_CHARTS } from './charts/metrics.ts';

/** A choice outlives its run: in a run that lacks one of the chosen metrics, a default takes its place. */
export class ChartChoice {
  /** null for the defaults. */
  private metrics: readonly Metric[] | null = null;
  /** Metrics that the collapse watch named and that were put away. */
  private readonly putAway = new Set<Metric>();

  /** A page of another version may have kept metrics that this one does not have. */
  constructor(kept: readonly Metric[] | undefined) {
    if (kept && kept.length <= MAX_CHARTS && kept.every(choiceOf)) this.metrics = kept;
  }

  /** The user's choice, for storage; null for the defaults. */
  get chosen(): Metric[] | null {
    return this.metrics && [...this.metrics];
  }

  /** The metrics of the charts for a run; those that the collapse watch named come first, until they are put away. */
  of(columns: RunColumns): readonly Metric[] {
    const charts = this.chosenFor(columns);
    const named = namedByWatch(columns).filter((metric) => !this.putAway.has(metric));
    return [...named, ...charts.filter((metric) => !named.includes(metric))].slice(0, MAX_CHARTS);
  }

  private chosenFor({ head, series }: RunColumns): readonly Metric[] {
    const usual = defaultCharts(head, series);
    if (!this.metrics) return usual;
    // A metric that was chosen for another trainer's run may be missing in this one.
    const chosen = this.metrics;
    const free = usual.filter((metric) => !chosen.includes(metric));
    return chosen.flatMap((metric) => {
      if (!isForeign(metric) || series.names.includes(metric)) return [metric];
      return free.splice(0, 1);
    });
  }

  /** Adds a chart after the others; a chart that exists already stays where it is. */
  add(metric: Metric, columns: RunColumns): void {
    const charts = this.of(columns);
    if (charts.length < MAX_CHARTS && !charts.includes(metric)) this.metrics = [...charts, metric];
  }

  remove(place: number, columns: RunColumns): void {
    const charts = this.of(columns);
    this.metrics = charts.filter((_, i) => i !== place);
    this.putAway.add(charts[place]!);
  }

  /** Moves a chart by a number of places, as far as possible. */
  move(place: number, by: number, columns: RunColumns): void {
    const charts = [...this.of(columns)];
    this.takeOver(charts);
    const [metric] = charts.splice(place, 1);
    charts.splice(Math.max(0, Math.min(charts.length, place + by)), 0, metric!);
    this.metrics = charts;
  }

  /** From now on the charts keep the order that the user gave them. */
  private takeOver(charts: readonly Metric[]): void {
    for (const metric of charts) this.putAway.add(metric);
  }

  /** Shows another metric in a chart. If another chart already showed it, that chart gets the replaced metric. */
  choose(place: number, metric: Metric, columns: RunColumns): void {
    const charts = [...this.of(columns)];
    this.takeOver(charts);
    const other = charts.indexOf(metric);
    if (other >= 0) charts[other] = charts[place]!;
    charts[place] = metric;
    this.metrics = charts;
  }
}

/**
 * The metrics behind the warnings of the collapse watch, the latest warning's first; signals without a chart are left
 * out.
 */
export function namedByWatch({ head }: Pick<RunColumns, 'head'>): Metric[] {
  const named = head.warnings.toReversed().flatMap(({ watch }) => watch?.reasons.map(({ signal }) => signal) ?? []);
  const metrics = named.map(watchedMetric).filter((metric) => metric !== null);
  return [...new Set<Metric>(metrics)].filter((metric) => choiceOf(metric) !== undefined);
}
