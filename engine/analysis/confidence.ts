/**
 * Confidence measures of a rollout, by name: label-free predictors of correctness from log-probabilities, entropies and
 * votes. Log-probabilities are those at the sampling temperature, in nats.
 */
import type { JudgedGroup, RolloutStatistics } from '../protocol/group.ts';
import type { TokenSpan } from '../protocol/spans.ts';

/** The input of a measure for one rollout. Without `statistics` or `span`, measures that need them are null. */
interface MeasureInput {
  group: JudgedGroup;
  index: number;
  /** null if there are no token statistics. */
  statistics: RolloutStatistics | null;
  span: TokenSpan | null;
}

interface Measure {
  title: string;
  /** Whether it can be read as a probability of being correct, in [0, 1], so that calibration is meaningful. */
  probability: boolean;
  /** Larger is more confident; null if it does not exist. */
  value(subject: MeasureInput): number | null;
}

/** Confidence measures by name. Log-probabilities are those at the sampling temperature, in nats. */
export const MEASURES = {
  /** Mean log-probability per token: the trajectory-level entropy reward. (-inf, 0] */
  'mean-logprob': {
    title: 'Mean log-probability',
    probability: false,
    value: ({ group, index }) => logprob(group, index),
  },
  /** Geometric mean of the token probabilities, exp(mean log p). (0, 1] */
  'token-probability': {
    title: 'Geometric mean of token probabilities',
    probability: true,
    value: ({ group, index }) => exponential(logprob(group, index)),
  },
  /** Log-probability of the whole response, sum log p. (-inf, 0] */
  'sequence-logprob': {
    title: 'Log-probability of the response',
    probability: false,
    value: ({ group, index }) => sequenceLogprob(group, index),
  },
  /** Probability of the whole response: 0 for most long ones, by underflow. [0, 1] */
  'sequence-probability': {
    title: 'Probability of the response',
    probability: true,
    value: ({ group, index }) => exponential(sequenceLogprob(group, index)),
  },
  /** Mean KL(U || p_t) up to the constant -log V: mean of logsumexp(z) - mean(z). Needs token statistics. */
  'self-certainty': {
    title: 'Self-certainty',
    probability: false,
    value: ({ statistics }) => {
      const { logsumexp = null, meanLogit = null } = statistics ?? {};
      return logsumexp && meanLogit && meanOver(logsumexp.length, (t) => logsumexp[t]! - meanLogit[t]!);
    },
  },
  /** Minus the mean entropy per token. (-log V, 0] */
  'negative-entropy': {
    title: 'Negative token entropy',
    probability: false,
    value: ({ group, index }) => negative(group.rollouts[index]!.entropy),
  },
  /** Mean of top-1 minus top-2 probability over the answer's tokens, or over all tokens if the span is unknown. [0, 1] */
  disparity: {
    title: 'Probability disparity',
    probability: false,
    value: ({ statistics, span }) => {
      const { top1 = null, top2 = null } = statistics ?? {};
      if (!top1 || !top2) return null;
      const { start, end } = span ?? { start: 0, end: top1.length };
      return meanOver(end - start, (t) => top1[start + t]! - top2[start + t]!);
    },
  },
  /** Probability of the answer's tokens given the preceding text. [0, 1]. Needs token statistics and a span. */
  'answer-probability': {
    title: 'Probability of the answer',
    probability: true,
    value: ({ statistics, span }) => {
      if (!statistics?.logprob || !span || span.end <= span.start) return null;
      return Math.exp(statistics.logprob.subarray(span.start, span.end).reduce((total, value) => total + value, 0));
    },
  },
  /** Share of the problem's rollouts in the same cluster; 0 without an answer; null without a vote. [0, 1] */
  'vote-share': {
    title: 'Share of the votes',
    probability: true,
    value: ({ group, index }) => {
      if (group.clusters.length === 0) return null;
      const { cluster } = group.rollouts[index]!;
      return cluster === null ? 0 : group.clusters[cluster]!.members.length / group.rollouts.length;
    },
  },
} satisfies Record<string, Measure>;

export type MeasureName = keyof typeof MEASURES;
export const MEASURE_NAMES = Object.keys(MEASURES) as MeasureName[];

function logprob(group: JudgedGroup, index: number): number | null {
  return group.rollouts[index]!.logprob;
}

function sequenceLogprob(group: JudgedGroup, index: number): number | null {
  const value = logprob(group, index);
  const { tokens } = group.rollouts[index]!;
  return value === null || tokens === null ? null : value * tokens;
}

function exponential(value: number | null): number | null {
  return value === null ? null : Math.exp(value);
}

function negative(value: number | null): number | null {
  return value === null ? null : -value;
}

function meanOver(count: number, value: (t: number) => number): number | null {
  if (count < 1) return null;
  let total = 0;
  for (let t = 0; t < count; t++) total += value(t);
  return total / count;
}

/** The confidences of one problem's rollouts: small enough that the rollouts need not stay in memory. */
export interface Confidences {
  /** By rollout; null without a reference. */
  correct: (boolean | null)[];
  /** By measure and rollout; null if it does not exist. */
  values: Record<MeasureName, (number | null)[]>;
}

/**
 * All measures of a problem's rollouts.
 * @param statistics of each rollout, as stored; if absent, measures that need them are null
 * @param spans of each rollout's answer; absent or null if unknown
 */
export function confidencesOf(
  group: JudgedGroup,
  statistics?: readonly RolloutStatistics[],
  spans?: readonly (TokenSpan | null)[],
): Confidences {
  const values = Object.fromEntries(
    MEASURE_NAMES.map((name) => [
      name,
      group.rollouts.map((_, index) => {
        const measure: Measure = MEASURES[name];
        return measure.value({ group, index, statistics: statistics?.[index] ?? null, span: spans?.[index] ?? null });
      }),
    ]),
  ) as Confidences['values'];
  return { correct: group.rollouts.map(({ correct }) => correct), values };
}
