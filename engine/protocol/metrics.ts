/**
 * The metrics of a step, each described once: the table of docs/metrics.md and the charts of the panel are made of this.
 * How they are computed is in `engine/analysis/metrics.ts`, or in the update for the last few. Pure, without schemas.
 */
import type { StepRecord } from './records.ts';

export interface MetricDefinition {
  /** As charts and choices name it. */
  title: string;
  /** Definition, for the documentation; Markdown. */
  definition: string;
  /** Unit of the value; a share goes from 0 to 1. */
  unit: 'share' | 'nats' | 'nats/token' | 'tokens' | 'groups' | 'none';
  /** A label is read for it. */
  labels: boolean;
  /** The color of its chart, where the panel offers one: of correctness, of entropy, or neither. */
  chart?: 'accuracy' | 'entropy' | 'plain';
}

export type StepMetric = keyof StepRecord['metrics'];

/** In the order of the choice of charts. A metric of the record without a description does not compile. */
export const STEP_METRICS: Readonly<Record<StepMetric, MetricDefinition>> = {
  proxyReward: { title: 'Proxy reward', definition: 'mean of the reward that trains', unit: 'none', labels: false },
  groundTruthReward: {
    title: 'Ground-truth reward',
    definition: 'share of rollouts whose answer is right; a rollout without an answer is wrong',
    unit: 'share',
    labels: true,
  },
  rewardAccuracy: {
    title: 'Reward accuracy',
    definition:
      'share of rollouts whose reward agrees with their correctness (0.5 or more means right); null for a reward that does not say right or wrong',
    unit: 'share',
    labels: true,
    chart: 'accuracy',
  },
  labelAccuracy: {
    title: 'Label accuracy',
    definition: 'share of problems whose majority answer is right',
    unit: 'share',
    labels: true,
    chart: 'accuracy',
  },
  majorityShare: {
    title: 'Majority share',
    definition: "mean over problems of the largest cluster's share of all rollouts, including those without an answer",
    unit: 'share',
    labels: false,
    chart: 'plain',
  },
  rawMajorityShare: {
    title: 'Majority share of strings',
    definition: 'the same for identical strings instead of clusters',
    unit: 'share',
    labels: false,
  },
  answerEntropy: {
    title: 'Answer entropy',
    definition: 'mean over problems of the entropy over clusters; rollouts without an answer are excluded',
    unit: 'nats',
    labels: false,
    chart: 'entropy',
  },
  answerDiversity: {
    title: 'Distinct majorities',
    definition: 'distinct majority answers / problems with a majority: falls when every problem gets the same answer',
    unit: 'share',
    labels: false,
    chart: 'plain',
  },
  confidenceAgreement: {
    title: 'Confidence agreement',
    definition:
      'mean over problems of the AUROC of the mean log-probability for membership in the majority: 1 agreement, 0.5 unrelated',
    unit: 'share',
    labels: false,
    chart: 'plain',
  },
  entropy: {
    title: 'Entropy',
    definition: 'actor entropy: mean token entropy of the policy',
    unit: 'nats/token',
    labels: false,
    chart: 'entropy',
  },
  kl: {
    title: 'KL divergence',
    definition: 'KL divergence to the reference policy per trained token (k3)',
    unit: 'nats',
    labels: false,
    chart: 'plain',
  },
  length: {
    title: 'Length',
    definition: 'mean response length',
    unit: 'tokens',
    labels: false,
    chart: 'plain',
  },
  truncated: {
    title: 'Truncated',
    definition: 'share of responses truncated at the length limit',
    unit: 'share',
    labels: false,
    chart: 'plain',
  },
  noAnswer: {
    title: 'Without an answer',
    definition: 'share of rollouts from which no answer could be extracted',
    unit: 'share',
    labels: false,
    chart: 'plain',
  },
  repetition: {
    title: 'Repetition',
    definition:
      'mean share of token trigrams that occurred earlier in the response; responses of fewer than three tokens are excluded',
    unit: 'share',
    labels: false,
    chart: 'plain',
  },
  loss: { title: 'Loss', definition: 'loss of the update', unit: 'none', labels: false },
  gradientNorm: {
    title: 'Gradient norm',
    definition: 'global gradient norm of the update, before clipping',
    unit: 'none',
    labels: false,
    chart: 'plain',
  },
  clipFraction: {
    title: 'Clip fraction',
    definition: 'share of tokens whose ratio was clipped in the update',
    unit: 'none',
    labels: false,
    chart: 'plain',
  },
  learningRate: { title: 'Learning rate', definition: 'learning rate of the update', unit: 'none', labels: false },
  skippedGroups: {
    title: 'Skipped groups',
    definition: 'groups whose rewards were all equal, so that they gave no gradient',
    unit: 'groups',
    labels: false,
  },
  tokens: { title: 'Tokens', definition: 'tokens sampled', unit: 'tokens', labels: false },
};

export const STEP_METRIC_NAMES = Object.keys(STEP_METRICS) as StepMetric[];
