/**
 * The metrics of a step and of an evaluation, each described once: the tables of docs/metrics.md, the charts of the panel
 * and the rows of the terminal are made of this. How they are computed is in `engine/analysis/metrics.ts`, in the update
 * for the last few, and in `engine/analysis/evaluation-metrics.ts`. Pure, without schemas.
 */
import type { EvaluationRecord, StepRecord } from './records.ts';

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
  /** One of the few whose curves fit on a screen of the terminal. */
  terminal?: true;
}

export type StepMetric = keyof StepRecord['metrics'];

/** In the order of the choice of charts. A metric of the record without a description does not compile. */
export const STEP_METRICS: Readonly<Record<StepMetric, MetricDefinition>> = {
  proxyReward: {
    title: 'Proxy reward',
    definition: 'mean of the reward that trains',
    unit: 'none',
    labels: false,
    terminal: true,
  },
  groundTruthReward: {
    title: 'Ground-truth reward',
    definition: 'share of rollouts whose answer is right; a rollout without an answer is wrong',
    unit: 'share',
    labels: true,
    terminal: true,
  },
  rewardAccuracy: {
    title: 'Reward accuracy',
    definition:
      'share of rollouts whose reward agrees with their correctness (0.5 or more means right); null for a reward that does not say right or wrong, and without any answer',
    unit: 'share',
    labels: true,
    terminal: true,
    chart: 'accuracy',
  },
  labelAccuracy: {
    title: 'Label accuracy',
    definition: 'share of problems whose majority answer is right',
    unit: 'share',
    labels: true,
    terminal: true,
    chart: 'accuracy',
  },
  majorityShare: {
    title: 'Majority share',
    definition: "mean over problems of the largest cluster's share of all rollouts, including those without an answer",
    unit: 'share',
    labels: false,
    terminal: true,
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
    terminal: true,
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
    terminal: true,
    chart: 'plain',
  },
  truncated: {
    title: 'Truncated',
    definition: 'share of responses truncated at the length limit',
    unit: 'share',
    labels: false,
    terminal: true,
    chart: 'plain',
  },
  noAnswer: {
    title: 'Without an answer',
    definition: 'share of rollouts from which no answer could be extracted',
    unit: 'share',
    labels: false,
    terminal: true,
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
    terminal: true,
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
/** Those whose curves the terminal shows. */
export const TERMINAL_METRICS = STEP_METRIC_NAMES.filter((metric) => STEP_METRICS[metric].terminal);

export interface EvaluationMetricDefinition {
  /** As tables name it; `k` is the number of samples per problem. */
  title(k: number): string;
  /** Definition, for the documentation; null where it is that of the step's metric of the same name. */
  definition: string | null;
  unit: MetricDefinition['unit'];
  /** How its 95% interval is found; null for a value without one. */
  interval: 'bootstrap over problems' | 'Wilson' | null;
  /** Has a row in the table of before and after, with so many decimals where it is not a share. */
  row?: { decimals: number };
  /** It is a list over k, not one number. */
  list?: true;
}

type Frame = 'type' | 'seq' | 'time' | 'step' | 'problems' | 'sampledFrom' | 'samples' | 'foreign' | 'timing';
export type EvaluationMetric = Exclude<keyof EvaluationRecord, Frame>;

const SHARE_ROW = { decimals: 0 };

/** In the order of tables. A metric of the record without a description does not compile. */
export const EVALUATION_METRICS: Readonly<Record<EvaluationMetric, EvaluationMetricDefinition>> = {
  accuracy: {
    title: (k) => `accuracy (avg@${k})`,
    definition: 'avg@k: mean correctness of k samples per problem',
    unit: 'share',
    interval: 'bootstrap over problems',
    row: SHARE_ROW,
  },
  majorityAccuracy: {
    title: (k) => `majority (maj@${k})`,
    definition: 'maj@k for k = all samples: the vote is right',
    unit: 'share',
    interval: 'Wilson',
    row: SHARE_ROW,
  },
  greedyAccuracy: {
    title: () => 'greedy',
    definition: 'the greedy answer is right',
    unit: 'share',
    interval: 'Wilson',
    row: SHARE_ROW,
  },
  passAtK: {
    title: (k) => `pass@${k}`,
    definition: 'pass@k for k = all samples: any is right',
    unit: 'share',
    interval: 'Wilson',
    row: SHARE_ROW,
  },
  atK: {
    title: () => 'pass@k and maj@k',
    definition: 'pass@k and maj@k over k = 1, 2, 4 ... 64 and all samples',
    unit: 'share',
    interval: 'bootstrap over problems',
    list: true,
  },
  majorityShare: { title: () => 'majority share', ...sameAsStep('majorityShare'), row: SHARE_ROW },
  entropy: { title: () => 'entropy', ...sameAsStep('entropy'), row: { decimals: 2 } },
  length: { title: () => 'length', ...sameAsStep('length'), row: { decimals: 1 } },
  answerEntropy: { title: () => 'answer entropy', ...sameAsStep('answerEntropy') },
  repetition: { title: () => 'repetition', ...sameAsStep('repetition') },
  truncated: { title: () => 'truncated', ...sameAsStep('truncated'), row: SHARE_ROW },
  noAnswer: { title: () => 'without an answer', ...sameAsStep('noAnswer'), row: SHARE_ROW },
};

export const EVALUATION_METRIC_NAMES = Object.keys(EVALUATION_METRICS) as EvaluationMetric[];

function sameAsStep(metric: StepMetric) {
  return { definition: null, unit: STEP_METRICS[metric].unit, interval: null };
}
