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

/** Only the engine's own metrics; those of other trainers are offered by the runs that have them. */
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

/** The number of charts with a selectable metric, until the user adds or removes one, and the greatest number. */
export const CHOSEN_CHARTS = 3;
export const MAX_CHARTS = 15;

/** Reward accuracy, or label accuracy for a reward that does not judge correctness; null without reference answers. */
export function accuracyOf({ labeled, saysRight }: Pick<Head, 'labeled' | 'saysRight'>): Metric | null {
  return labeled ? (saysRight ? 'rewardAccuracy' : 'labelAccuracy') : null;
}

/**
 * The default metrics of the charts. If the run lacks one, as imported runs may, another one that it has takes its
 * place.
 */
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

/** How a metric is shown; undefined for an engine metric without a chart. */
export function choiceOf(metric: Metric): MetricChoice | undefined {
  if (isForeign(metric)) return foreignChoice(metric);
  return METRIC_CHOICES.find((choice) => choice.metric === metric);
}

/** The metrics that a run offers: the engine's, then those of another trainer. */
export function choicesOf(series: Pick<MetricSeries, 'names'>): readonly MetricChoice[] {
  return [...METRIC_CHOICES, ...series.names.filter(isForeign).map(foreignChoice)];
}

/** Unit and range of another trainer's metric are not known. */
function foreignChoice(metric: ForeignMetric): MetricChoice {
  return { metric, label: foreignName(metric), color: 'plain', text: valueText };
}
