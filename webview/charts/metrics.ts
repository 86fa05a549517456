/** The metrics that a chart can show, in the order of the choice. */
import { number, share, whole } from '../../engine/protocol/format.ts';
import type { Head } from '../../engine/runs/columns.ts';
import type { Metric } from '../../engine/runs/series.ts';

export interface MetricChoice {
  metric: Metric;
  label: string;
  /** CSS class that gives the color. */
  color: 'accuracy' | 'entropy' | 'plain';
  /** Values are shares: the axis goes from 0 to 1. */
  share?: true;
  /** Such as `0.42 nats`. */
  text(value: number | null): string;
}

const nats = (value: number | null) => `${number(value, 2)} nats`;
const plain = (value: number | null) => number(value, 3);
const shares = { share: true, text: share } as const;

export const METRIC_CHOICES: readonly MetricChoice[] = [
  { metric: 'rewardAccuracy', label: 'Reward accuracy', color: 'accuracy', ...shares },
  { metric: 'labelAccuracy', label: 'Label accuracy', color: 'accuracy', ...shares },
  { metric: 'majorityShare', label: 'Majority share', color: 'plain', ...shares },
  { metric: 'answerEntropy', label: 'Answer entropy', color: 'entropy', text: nats },
  { metric: 'answerDiversity', label: 'Distinct majorities', color: 'plain', ...shares },
  { metric: 'confidenceAgreement', label: 'Confidence agreement', color: 'plain', ...shares },
  { metric: 'entropy', label: 'Entropy', color: 'entropy', text: (value) => `${number(value, 2)} nats a token` },
  { metric: 'kl', label: 'KL divergence', color: 'plain', text: nats },
  { metric: 'length', label: 'Length', color: 'plain', text: (value) => `${whole(value)} tokens` },
  { metric: 'truncated', label: 'Truncated', color: 'plain', ...shares },
  { metric: 'noAnswer', label: 'Without an answer', color: 'plain', ...shares },
  { metric: 'repetition', label: 'Repetition', color: 'plain', ...shares },
  { metric: 'gradientNorm', label: 'Gradient norm', color: 'plain', text: plain },
  { metric: 'clipFraction', label: 'Clip fraction', color: 'plain', text: plain },
];

/** Number of charts whose metric can be chosen. */
export const CHOSEN_CHARTS = 3;

/** The measure of truth that a run has: that of its reward, or of its votes where the reward has none; null without labels. */
export function accuracyOf({ labeled, saysRight }: Pick<Head, 'labeled' | 'saysRight'>): Metric | null {
  return labeled ? (saysRight ? 'rewardAccuracy' : 'labelAccuracy') : null;
}

/** What the charts show until somebody chooses. */
export function defaultCharts(head: Pick<Head, 'labeled' | 'saysRight'>): readonly Metric[] {
  return [accuracyOf(head) ?? 'majorityShare', 'entropy', 'length'];
}

export function choiceOf(metric: Metric): MetricChoice | undefined {
  return METRIC_CHOICES.find((choice) => choice.metric === metric);
}
