/** The metrics that a chart can show, in the order of the menu: those with a chart in `engine/protocol/metrics.ts`. */
import {
  type MetricDefinition,
  STEP_METRIC_NAMES,
  STEP_METRICS,
  type StepMetric,
} from '../../engine/protocol/metrics.ts';
import { valueText } from '../../engine/protocol/named-values.ts';
import { QUANTITIES, withUnit } from '../../engine/protocol/quantities.ts';
import type { Head } from '../../engine/runs/head.ts';
import {
  type ForeignMetric,
  foreignName,
  isForeign,
  type Metric,
  type MetricSeries,
} from '../../engine/runs/series.ts';

export interface MetricChoice {
  metric: Metric;
  label: string;
  /** CSS class that gives the color. */
  color: NonNullable<MetricDefinition['chart']>;
  /** Values are shares: the axis ranges from 0 to 1. */
  share?: true;
  /** Unit of the values, if they have one. */
  unit?: string;
  /** Such as `0.42 nats`. */
  text(value: number | null): string;
}

/** Only the engine's own metrics: those of other trainers are offered by the run that has them. */
function ownChoice(metric: StepMetric): MetricChoice {
  const { title, quantity, chart = 'plain' } = STEP_METRICS[metric];
  const text = (value: number | null) => withUnit(quantity, value);
  const { unit } = QUANTITIES[quantity];
  const share = unit === 'share' ? { share: true as const } : unit !== 'none' ? { unit } : {};
  return { metric, label: title, color: chart, text, ...share };
}

export const METRIC_CHOICES: readonly MetricChoice[] = STEP_METRIC_NAMES.filter(
  (metric) => STEP_METRICS[metric].chart,
).map(ownChoice);

/** Number of charts whose metric can be chosen, until somebody adds or removes one; and at most. */
export const CHOSEN_CHARTS = 3;
export const MOST_CHARTS = 15;

/** Reward accuracy, or label accuracy for a reward that does not judge correctness; null without reference answers. */
export function accuracyOf({ labeled, saysRight }: Pick<Head, 'labeled' | 'saysRight'>): Metric | null {
  return labeled ? (saysRight ? 'rewardAccuracy' : 'labelAccuracy') : null;
}

/** The charts' default metrics; in place of those that the run lacks, as an imported one may, others that it has. */
export function defaultCharts(
  head: Pick<Head, 'labeled' | 'saysRight'>,
  series: Pick<MetricSeries, 'names' | 'of' | 'steps'>,
): readonly Metric[] {
  const usual: Metric[] = [accuracyOf(head) ?? 'majorityShare', 'entropy', 'length'];
  if (series.steps.length === 0) return usual;
  const has = (metric: Metric) => series.of(metric)?.some(Number.isFinite) ?? false;
  const others = choicesOf(series)
    .map(({ metric }) => metric)
    .filter((metric) => !usual.includes(metric) && has(metric));
  return usual.map((metric) => (has(metric) ? metric : (others.shift() ?? metric)));
}

/** How a metric is shown; undefined for one of the engine's own that has no chart. */
export function choiceOf(metric: Metric): MetricChoice | undefined {
  if (isForeign(metric)) return foreignChoice(metric);
  return METRIC_CHOICES.find((choice) => choice.metric === metric);
}

/** What a run offers: our metrics, then those of another trainer that it has. */
export function choicesOf(series: Pick<MetricSeries, 'names'>): readonly MetricChoice[] {
  return [...METRIC_CHOICES, ...series.names.filter(isForeign).map(foreignChoice)];
}

/** Unit and range of another trainer's metric are not known. */
function foreignChoice(metric: ForeignMetric): MetricChoice {
  return { metric, label: foreignName(metric), color: 'plain', text: valueText };
}
