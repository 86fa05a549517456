/** The summary of a run: accuracy before and after training, speed, peak memory. */

import { evaluatedText } from '../protocol/data-text.ts';
import { DASH, plural } from '../protocol/format.ts';
import { EVALUATION_METRIC_NAMES, EVALUATION_METRICS, type EvaluationMetric } from '../protocol/metrics.ts';
import { QUANTITIES, quantityText } from '../protocol/quantities.ts';
import type { Estimate, EvaluationRecord } from '../protocol/records.ts';
import type { RunColumns } from '../runs/columns.ts';
import { beforeAfter } from '../runs/diagnosis.ts';
import type { Metric } from '../runs/series.ts';
import { table } from './table.ts';

/** Evaluation metrics that are an estimate with its 95% interval, and those that are a plain number. */
type EstimatedMetrics = {
  [M in EvaluationMetric]: Estimate extends EvaluationRecord[M] ? M : never;
}[EvaluationMetric];
type PlainMetrics = {
  [M in EvaluationMetric]: number extends EvaluationRecord[M] ? M : never;
}[EvaluationMetric];

/**
 * An evaluation as printed by `--json`: metrics as numbers, each estimate followed by its interval. null for missing
 * values.
 */
export type EvaluationSummary = {
  step: number;
  problems: number;
  /** Number of problems that this is a random sample of; null if it is not a sample. */
  sampledFrom: number | null;
  samples: number;
} & Record<EstimatedMetrics | PlainMetrics, number | null> &
  Record<`${EstimatedMetrics}Interval`, [number, number] | null>;

export interface RunSummary {
  /** Completed optimizer steps. */
  steps: number;
  /** The evaluation before the first step, and the latest one after a step; null if there is none. */
  before: EvaluationSummary | null;
  after: EvaluationSummary | null;
  /** Rollout tokens per second of sampling, over all steps; null before the first step. */
  rolloutTokensPerSecond: number | null;
  /** Peak resident memory, measured after each step and, in the process that ran the run, at any time. */
  peakMemoryBytes: number | null;
}

/** @param peak peak resident memory of this process, if it ran the run itself */
export function runSummary({ head, series, step }: RunColumns, peak: number | null = null): RunSummary {
  const { before, after } = beforeAfter(head.evaluations);
  const values = (metric: Metric) => (series.of(metric) ?? []).filter((value) => !Number.isNaN(value));
  const total = (metric: Metric) => values(metric).reduce((sum, value) => sum + value, 0);
  const rolloutSeconds = total('rolloutSeconds');
  const seen = values('residentBytes').reduce((most, value) => Math.max(most, value), peak ?? 0);
  return {
    steps: step,
    before: before ? toSummary(before) : null,
    after: after ? toSummary(after) : null,
    rolloutTokensPerSecond: rolloutSeconds > 0 ? total('tokens') / rolloutSeconds : null,
    peakMemoryBytes: seen > 0 ? seen : null,
  };
}

function toSummary(record: EvaluationRecord): EvaluationSummary {
  const { step, problems, sampledFrom = null, samples } = record;
  const metrics = EVALUATION_METRIC_NAMES.flatMap((metric): [string, number | [number, number] | null][] => {
    const { interval, list } = EVALUATION_METRICS[metric];
    const value = record[metric];
    if (list || Array.isArray(value)) return [];
    if (interval === null) return [[metric, value as number | null]];
    const estimated = value as Estimate | null;
    return [
      [metric, estimated?.mean ?? null],
      [`${metric}Interval`, estimated && [estimated.low, estimated.high]],
    ];
  });
  return { step, problems, sampledFrom, samples, ...Object.fromEntries(metrics) } as EvaluationSummary;
}

/** The table of evaluations before and after training, with 95% intervals; null if the run was never evaluated. */
export function beforeAfterTable({ head: { evaluations } }: RunColumns): string | null {
  const { before, after } = beforeAfter(evaluations);
  const any = after ?? before;
  if (!any) return null;
  const rows = EVALUATION_METRIC_NAMES.flatMap((metric) => {
    const { title, quantity, row } = EVALUATION_METRICS[metric];
    const { unit } = QUANTITIES[quantity];
    if (!row) return [];
    const name = unit === 'share' ? title(any.samples) : `${title(any.samples)} (${unit})`;
    const values = [before, after].map((record) => (record ? valueText(record, metric) : DASH));
    return values.some((value) => value !== DASH) ? [[name, ...values]] : [];
  });
  const header = [evaluatedText(any), before ? 'before' : '', after ? `after ${plural(after.step, 'step')}` : ''];
  return `${table(header, rows)}\n(95% confidence intervals in parentheses)`;
}

function valueText(record: EvaluationRecord, metric: EvaluationMetric): string {
  const value = record[metric];
  return Array.isArray(value) ? DASH : quantityText(EVALUATION_METRICS[metric].quantity, value);
}
