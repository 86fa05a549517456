/**
 * Whether confidence goes with correctness: confidence measures of a rollout, their AUROC for correctness within and
 * across problems, their calibration, and the four quadrants of sure and right. Labels are read for measuring only.
 */
import type { CountedGroup, RolloutStatistics } from '../protocol/group.ts';
import type { Estimate } from '../protocol/records.ts';
import type { TokenSpan } from '../protocol/spans.ts';
import { CONFIDENT, QUADRANTS, type Quadrant, quadrantOf } from '../protocol/verdict.ts';
import { bootstrap, mean, wilson } from './estimates.ts';
import { groupVerdict, type JudgedGroup } from './metrics.ts';
import { auroc, clusteredAuroc } from './statistics.ts';

/** What a measure may read of one rollout. Without `statistics` or `span`, what needs them is null. */
interface Subject {
  group: JudgedGroup;
  index: number;
  /** null: no token statistics are at hand. */
  statistics: RolloutStatistics | null;
  span: TokenSpan | null;
}

interface Measure {
  title: string;
  /** Whether it is a number in [0, 1] that can be read as a probability of being right, so that calibration means something. */
  probability: boolean;
  /** Larger is more confident; null where it does not exist. */
  value(subject: Subject): number | null;
}

/** Confidence measures by name. Log-probabilities are those at the sampling temperature, nats. */
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
  /** Minus the mean entropy a token. (-log V, 0] */
  'negative-entropy': {
    title: 'Minus token entropy',
    probability: false,
    value: ({ group, index }) => negative(group.rollouts[index]!.entropy),
  },
  /** Mean of top-1 minus top-2 probability over the answer's tokens, or over all where the span is not known. [0, 1] */
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
  /** Probability of the answer's tokens after what stands before them. [0, 1]. Needs token statistics and a span. */
  'answer-probability': {
    title: 'Probability of the answer',
    probability: true,
    value: ({ statistics, span }) => {
      if (!statistics?.logprob || !span || span.end <= span.start) return null;
      return Math.exp(statistics.logprob.subarray(span.start, span.end).reduce((total, value) => total + value, 0));
    },
  },
  /** Share of the problem's rollouts in the same cluster; 0 without an answer, which no other vouches for. [0, 1] */
  'vote-share': {
    title: 'Share of the votes',
    probability: true,
    value: ({ group, index }) => {
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

/** The confidences of one problem's rollouts: small, so that the rollouts themselves need not be kept. */
export interface Confidences {
  /** By rollout; null without a reference. */
  correct: (boolean | null)[];
  /** By measure and rollout; null where it does not exist. */
  values: Record<MeasureName, (number | null)[]>;
}

/**
 * All measures of a problem's rollouts.
 * @param statistics of each rollout, as stored; absent: measures that need them are null
 * @param spans of each rollout's answer; absent or null where it is not known
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

export interface MeasureAlignment {
  measure: MeasureName;
  title: string;
  /** Rollouts with a value and a label, and how many of them are right. */
  rollouts: number;
  right: number;
  /** Mean over problems of the AUROC for correctness among a problem's rollouts; problems with one class are left out. */
  within: (Estimate & { problems: number }) | null;
  /** AUROC for correctness over all rollouts together; the interval is from a bootstrap over problems. */
  across: Estimate | null;
  /** For probabilities only. */
  calibration: { equalWidth: Calibration; equalMass: Calibration } | null;
}

/** How each measure goes with correctness, in the order of `MEASURES`. A measure without any value is left out. */
export function alignment(problems: readonly Confidences[], bins = 10): MeasureAlignment[] {
  return MEASURE_NAMES.flatMap((measure) => {
    const { title, probability } = MEASURES[measure];
    const scored = problems.map(({ correct, values }) => pairsOf(values[measure], correct));
    const scores = scored.flatMap((pairs) => pairs.scores);
    const right = scored.flatMap((pairs) => pairs.right);
    if (scores.length === 0) return [];
    const clusters = scored.flatMap((pairs, problem) => pairs.scores.map(() => problem));
    const each = scored.flatMap((pairs) => auroc(pairs.scores, pairs.right) ?? []);
    const within = bootstrap(each);
    return {
      measure,
      title,
      rollouts: scores.length,
      right: right.filter(Boolean).length,
      within: within && { ...within, problems: each.length },
      across: clusteredAuroc(scores, right, clusters),
      calibration: probability
        ? {
            equalWidth: calibration(scores, right, 'equal-width', bins)!,
            equalMass: calibration(scores, right, 'equal-mass', bins)!,
          }
        : null,
    };
  });
}

function pairsOf(values: readonly (number | null)[], correct: readonly (boolean | null)[]) {
  const known = values.flatMap((value, i) => (value === null || (correct[i] ?? null) === null ? [] : i));
  return { scores: known.map((i) => values[i]!), right: known.map((i) => correct[i]!) };
}

export interface CalibrationBin {
  /** The bin holds confidences above `low` and up to `high`; the first one also its `low`. */
  low: number;
  high: number;
  count: number;
  /** Mean confidence and share of right ones; null in an empty bin. */
  confidence: number | null;
  accuracy: Estimate | null;
}

export interface Calibration {
  /** Expected calibration error: sum over bins of count / N * |accuracy - confidence|, in [0, 1]. */
  error: number;
  bins: CalibrationBin[];
}

/**
 * Calibration of probabilities (Guo et al., arXiv 1706.04599). `equal-width`: bins (i/B, (i+1)/B], 0 in the first.
 * `equal-mass`: bin i closes once it and those before hold at least (i+1) N / B values, equal values staying together, so
 * there may be fewer than B. Without values null.
 */
export function calibration(
  confidences: readonly number[],
  right: readonly boolean[],
  kind: 'equal-width' | 'equal-mass',
  count = 10,
): Calibration | null {
  const n = confidences.length;
  if (n === 0) return null;
  const order = confidences.map((_, i) => i).sort((a, b) => confidences[a]! - confidences[b]!);
  const sorted = order.map((i) => ({ confidence: confidences[i]!, right: right[i]! }));
  const edges = kind === 'equal-width' ? widths(count) : masses(sorted, count);
  let at = 0;
  const bins = edges.map((high, b): CalibrationBin => {
    const start = at;
    while (at < n && (b === edges.length - 1 || sorted[at]!.confidence <= high)) at++;
    const members = sorted.slice(start, at);
    return {
      low: edges[b - 1] ?? (kind === 'equal-width' ? 0 : sorted[0]!.confidence),
      high,
      count: members.length,
      confidence: mean(members.map(({ confidence }) => confidence)),
      accuracy: wilson(members.filter((member) => member.right).length, members.length),
    };
  });
  const error = bins.reduce(
    (total, { count: size, confidence, accuracy }) =>
      size === 0 ? total : total + (size / n) * Math.abs(accuracy!.mean - confidence!),
    0,
  );
  return { error, bins };
}

function widths(count: number): number[] {
  return Array.from({ length: count }, (_, b) => (b + 1) / count);
}

function masses(sorted: readonly { confidence: number }[], count: number): number[] {
  const edges: number[] = [];
  let bin = 1;
  sorted.forEach(({ confidence }, i) => {
    const closes = (i + 1) * count >= bin * sorted.length && confidence !== sorted[i + 1]?.confidence;
    if (!closes) return;
    edges.push(confidence);
    while (bin * sorted.length <= (i + 1) * count) bin++;
  });
  return edges;
}

/**
 * The problems of each quadrant: confident when the majority share is above `threshold`, correct when the majority answer
 * is. A problem without any answer is uncertain and wrong; one without a reference answer is in no quadrant.
 */
export function quadrants(
  problems: readonly { problem: number; group: JudgedGroup | CountedGroup }[],
  threshold = CONFIDENT,
): Record<Quadrant, number[]> {
  const placed = problems.map(({ problem, group }) => ({
    problem,
    quadrant: quadrantOf(group.majority?.share ?? null, groupVerdict(group), threshold),
  }));
  const of = (name: Quadrant) => placed.filter(({ quadrant }) => quadrant === name).map(({ problem }) => problem);
  return Object.fromEntries(QUADRANTS.map((name) => [name, of(name)])) as Record<Quadrant, number[]>;
}
