/** What the rewards and responses of one step reveal about a run, in one line. Pure. */
import type { RunColumns } from './columns.ts';
import { type Metric, stepsUpTo } from './series.ts';
import { trainedAt } from './trained-rows.ts';

export interface Facts {
  /** Proxy minus ground-truth reward; null without labels, and for a reward that is not a share. */
  gap: number | null;
  /** The step at or before this one with the widest gap; 0 without a gap. */
  widest: number;
  /** Groups with equal rewards, which gave no gradient; null if it was not recorded. */
  equal: number | null;
  /** The first step at or before this one with the most of them; 0 if it was not recorded. */
  mostEqual: number;
  /** Groups that were sampled for training. */
  groups: number;
  /** Share of the responses that were truncated at the length limit; null if unknown. */
  truncated: number | null;
  /** The first step at or before this one with the most of them; 0 where that is not known. */
  mostTruncated: number;
}

/** Before the first finished step. */
const NO_FACTS: Facts = {
  ...{ gap: null, widest: 0, equal: null, mostEqual: 0 },
  ...{ groups: 0, truncated: null, mostTruncated: 0 },
};

/** The facts at the last finished step at or before `at`. */
export function runFacts(columns: RunColumns, at = Number.POSITIVE_INFINITY): Facts {
  const { series } = columns;
  const count = stepsUpTo(series.steps, at);
  const step = series.steps[count - 1];
  if (step === undefined) return NO_FACTS;
  const { gap, widest } = gapUpTo(columns, count);
  return {
    gap,
    widest,
    equal: series.at('skippedGroups', at),
    mostEqual: stepOfMost(columns, 'skippedGroups', count),
    groups: trainedAt(columns, step),
    truncated: series.at('truncated', at),
    mostTruncated: stepOfMost(columns, 'truncated', count),
  };
}

/** The first of `count` steps with the largest value of a metric; 0 if none has one. */
function stepOfMost({ series }: RunColumns, metric: Metric, count: number): number {
  const values = series.of(metric) ?? [];
  let [most, step] = [Number.NEGATIVE_INFINITY, 0];
  for (let i = 0; i < count; i++) if (values[i]! > most) [most, step] = [values[i]!, series.steps[i]!];
  return step;
}

function gapUpTo({ series }: RunColumns, count: number): Pick<Facts, 'gap' | 'widest'> {
  const proxy = series.of('proxyReward') ?? [];
  const truth = series.of('groundTruthReward') ?? [];
  const isShare = proxy.every((value) => Number.isNaN(value) || (value >= 0 && value <= 1));
  if (!isShare) return { gap: null, widest: 0 };
  let [gap, most, widest] = [Number.NaN, Number.NEGATIVE_INFINITY, 0];
  for (let i = 0; i < count; i++) {
    gap = (proxy[i] ?? Number.NaN) - (truth[i] ?? Number.NaN);
    if (gap > most) [most, widest] = [gap, series.steps[i]!];
  }
  return Number.isNaN(gap) ? { gap: null, widest: 0 } : { gap, widest };
}
