/**
 * The metrics of a step and of an evaluation, each described once: the tables of docs/metrics.md, the charts of the panel
 * and the rows of the terminal are made of this. How they are computed is in `engine/analysis/metrics.ts`, in the update
 * for the last few, and in `engine/analysis/evaluation-metrics.ts`. Pure, without schemas.
 */
import type { Quantity } from './quantities.ts';
import type { EvaluationRecord, StepRecord } from './records.ts';

export interface MetricDefinition {
  /** As charts and lists call it. */
  title: string;
  /** Definition, for the documentation; Markdown. */
  definition: string;
  /** The kind of number, which determines digits and unit. */
  quantity: Quantity;
  /** A label is read for it. */
  labels: boolean;
  /** The color of its chart, if the panel offers one: that of correctness, of entropy, or neither. */
  chart?: 'accuracy' | 'entropy' | 'plain';
  /** Whether it is one of the few whose curves fit on a screen of the terminal. */
  terminal?: true;
}

export type StepMetric = keyof StepRecord['metrics'];

/** In the order of the choice of charts. A metric of the record without a description does not compile. */
export const STEP_METRICS: Readonly<Record<StepMetric, MetricDefinition>> = {
  proxyReward: {
    title: 'Proxy reward',
    definition: 'mean of the training reward',
    quantity: 'reward',
    labels: false,
    terminal: true,
  },
  groundTruthReward: {
    title: 'Ground-truth reward',
    definition: 'share of rollouts whose answer is correct; a rollout without an answer counts as wrong',
    quantity: 'share',
    labels: true,
    terminal: true,
  },
  rewardAccuracy: {
    title: 'Reward accuracy',
    definition:
      'share of rollouts whose reward agrees with their correctness (0.5 or more means correct); null for a reward that does not judge correctness, and where no rollout has an answer',
    quantity: 'accuracy',
    labels: true,
    terminal: true,
    chart: 'accuracy',
  },
  labelAccuracy: {
    title: 'Label accuracy',
    definition: 'share of problems whose majority answer is correct',
    quantity: 'accuracy',
    labels: true,
    terminal: true,
    chart: 'accuracy',
  },
  majorityShare: {
    title: 'Majority share',
    definition:
      "mean over problems of the largest cluster's share of all rollouts, including those without an answer; null where no problem has an answer",
    quantity: 'share',
    labels: false,
    terminal: true,
    chart: 'plain',
  },
  rawMajorityShare: {
    title: 'Majority share of strings',
    definition: 'the same for identical strings instead of clusters',
    quantity: 'share',
    labels: false,
  },
  answerEntropy: {
    title: 'Answer entropy',
    definition: 'mean over problems of the entropy over clusters; rollouts without an answer are excluded',
    quantity: 'answerEntropy',
    labels: false,
    chart: 'entropy',
  },
  answerDiversity: {
    title: 'Distinct majorities',
    definition: 'distinct majority answers / problems with a majority: falls when every problem gets the same answer',
    quantity: 'share',
    labels: false,
    chart: 'plain',
  },
  confidenceAgreement: {
    title: 'Confidence agreement',
    definition:
      'mean over problems of the AUROC of the mean log-probability for membership in the majority: 1 agreement, 0.5 unrelated',
    quantity: 'auroc',
    labels: false,
    chart: 'plain',
  },
  entropy: {
    title: 'Entropy',
    definition: 'actor entropy: mean token entropy of the policy',
    quantity: 'entropy',
    labels: false,
    terminal: true,
    chart: 'entropy',
  },
  kl: {
    title: 'KL divergence',
    definition: 'KL divergence to the reference policy per trained token (k3)',
    quantity: 'kl',
    labels: false,
    chart: 'plain',
  },
  length: {
    title: 'Length',
    definition: 'mean response length',
    quantity: 'length',
    labels: false,
    terminal: true,
    chart: 'plain',
  },
  truncated: {
    title: 'Truncated',
    definition: 'share of responses truncated at the length limit',
    quantity: 'share',
    labels: false,
    terminal: true,
    chart: 'plain',
  },
  noAnswer: {
    title: 'Without an answer',
    definition: 'share of rollouts from which no answer could be extracted',
    quantity: 'share',
    labels: false,
    terminal: true,
    chart: 'plain',
  },
  repetition: {
    title: 'Repetition',
    definition:
      'mean share of token trigrams that occurred earlier in the response; responses of fewer than three tokens are excluded',
    quantity: 'share',
    labels: false,
    chart: 'plain',
  },
  loss: { title: 'Loss', definition: 'loss of the update', quantity: 'loss', labels: false },
  gradientNorm: {
    title: 'Gradient norm',
    definition: 'global gradient norm of the update, before clipping',
    quantity: 'gradientNorm',
    labels: false,
    terminal: true,
    chart: 'plain',
  },
  clipFraction: {
    title: 'Clip fraction',
    definition: 'share of tokens whose ratio was clipped in the update',
    quantity: 'clipFraction',
    labels: false,
    chart: 'plain',
  },
  rolloutMismatch: {
    title: 'Rollout mismatch',
    definition:
      'KL divergence of what sampled the rollouts from the policy in the precision that it trains in (k3), where `--rollout-precision`, `--cache-precision` or `--activation-precision` makes them differ',
    quantity: 'kl',
    labels: false,
    chart: 'plain',
  },
  learningRate: {
    title: 'Learning rate',
    definition: 'learning rate of the update',
    quantity: 'learningRate',
    labels: false,
  },
  skippedGroups: {
    title: 'Skipped groups',
    definition: 'groups whose rewards were all equal, so that they gave no gradient',
    quantity: 'groups',
    labels: false,
  },
  tokens: { title: 'Tokens', definition: 'tokens sampled', quantity: 'tokens', labels: false },
};

export const STEP_METRIC_NAMES = Object.keys(STEP_METRICS) as StepMetric[];
/** The metrics whose curves the terminal shows. */
export const TERMINAL_METRICS = STEP_METRIC_NAMES.filter((metric) => STEP_METRICS[metric].terminal);

export interface EvaluationMetricDefinition {
  /** The title in tables; `k` is the number of samples per problem. */
  title(k: number): string;
  /** Definition, for the documentation; null if it is that of the step metric with the same name. */
  definition: string | null;
  quantity: Quantity;
  /** How its 95% interval is computed; null for a value without one. */
  interval: 'bootstrap over problems' | 'Wilson' | null;
  /** Has a row in the table of before and after. */
  row?: true;
  /** Whether it is a list over k rather than one number. */
  list?: true;
}

type Frame = 'type' | 'seq' | 'time' | 'step' | 'problems' | 'sampledFrom' | 'samples' | 'foreign' | 'timing';
export type EvaluationMetric = Exclude<keyof EvaluationRecord, Frame>;

/** In the order of tables. A metric of the record without a description does not compile. */
export const EVALUATION_METRICS: Readonly<Record<EvaluationMetric, EvaluationMetricDefinition>> = {
  accuracy: {
    title: (k) => `accuracy (avg@${k})`,
    definition: 'avg@k: mean correctness of k samples per problem',
    quantity: 'accuracy',
    interval: 'bootstrap over problems',
    row: true,
  },
  majorityAccuracy: {
    title: (k) => `majority (maj@${k})`,
    definition: 'maj@k for k = all samples: the majority answer is correct',
    quantity: 'accuracy',
    interval: 'Wilson',
    row: true,
  },
  greedyAccuracy: {
    title: () => 'greedy',
    definition: 'the greedy answer is correct',
    quantity: 'accuracy',
    interval: 'Wilson',
    row: true,
  },
  passAtK: {
    title: (k) => `pass@${k}`,
    definition: 'pass@k for k = all samples: any sample is correct',
    quantity: 'accuracy',
    interval: 'Wilson',
    row: true,
  },
  atK: {
    title: () => 'pass@k and maj@k',
    definition: 'pass@k and maj@k over k = 1, 2, 4 ... 64 and all samples',
    quantity: 'accuracy',
    interval: 'bootstrap over problems',
    list: true,
  },
  majorityShare: { title: () => 'majority share', ...likeStepMetric('majorityShare'), row: true },
  entropy: { title: () => 'entropy', ...likeStepMetric('entropy'), row: true },
  length: { title: () => 'length', ...likeStepMetric('length'), row: true },
  answerEntropy: { title: () => 'answer entropy', ...likeStepMetric('answerEntropy') },
  repetition: { title: () => 'repetition', ...likeStepMetric('repetition') },
  truncated: { title: () => 'truncated', ...likeStepMetric('truncated'), row: true },
  noAnswer: { title: () => 'without an answer', ...likeStepMetric('noAnswer'), row: true },
};

export const EVALUATION_METRIC_NAMES = Object.keys(EVALUATION_METRICS) as EvaluationMetric[];

function likeStepMetric(metric: StepMetric) {
  return { definition: null, quantity: STEP_METRICS[metric].quantity, interval: null };
}
