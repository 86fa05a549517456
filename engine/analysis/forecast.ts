/**
 * The forecast: the effect of training with a reward on each problem, predicted from one group of rollouts without labels,
 * and its score after the run.
 */
import type { Forecast, ForecastScore, ProblemForecast } from '../protocol/forecast.ts';
import type { JudgedGroup } from '../protocol/group.ts';
import { OPTIMUM_BETA } from '../protocol/settings/optimum.ts';
import { mean } from '../protocol/values.ts';
import { auroc, aurocEstimate, brier } from './discrimination.ts';
import { mulberry32, percentileInterval, wilson } from './estimates.ts';
import { answerEntropy } from './metrics.ts';
import { optimum } from './optimum.ts';

/** One problem of a probe. */
export interface ProbedProblem {
  problem: number;
  group: JudgedGroup;
  /** Rewards, one per rollout; null if none were computed: the majority vote is used instead. */
  rewards: readonly number[] | null;
  /** Self-certainty of each rollout, if there are token statistics. */
  selfCertainty?: readonly (number | null)[];
}

/**
 * P(correct) = 1 / (1 + exp(-(INTERCEPT + MARGIN * margin * sqrt(min(n, MAX_VOTES))))): the margin of the amplified answer
 * over the largest other one, relative to the sampling error of n votes.
 *
 * Fitted by logistic regression to "the majority is correct" on 512 chain problems, with 4, 8 and 16 rollouts of two
 * embedded models together (majority correct in 73% and 59% at 16 votes), and rounded. The slope on the margin alone grows
 * with the square root of n: 2.6, 3.4, 5.2. Fitted to a single model, the coefficients are -0.4 and 1.2, or -0.9 and 1.5; at
 * 16 votes the AUROC is 0.78 and 0.70, and the Brier score 0.16 and 0.21, compared with base rates of 0.20 and 0.24. The
 * majority share is slightly worse (0.71 and 0.72) and adds nothing to the margin. The agreement with likelihood is left out
 * although it helps within a model: its coefficient changes sign between them (-6 and +3), and a regression with it fails on
 * the other model (AUROC 0.39). It is reported as a signal. More than 32 votes count as 32, since nothing was fitted beyond.
 */
const INTERCEPT = -0.65;
const MARGIN = 1.35;
const MAX_VOTES = 32;

/** The forecast for one problem. Ignores the group's labels. */
export function forecastProblem({ problem, group, rewards, selfCertainty }: ProbedProblem): ProblemForecast {
  const blind = withoutLabels(group);
  const { rollouts, clusters } = blind;
  const votes = rollouts.length;
  const given = rewards ?? rollouts.map(({ cluster }) => (cluster === 0 ? 1 : 0));
  const best = optimum(blind, standardized(given), OPTIMUM_BETA);
  const { top } = best;
  const entropy = answerEntropy(blind);
  const none = { problem, votes, answer: null, majority: false, share: null, margin: null, answerEntropy: entropy };
  if (top === null) {
    return { ...none, confidenceGap: null, agreement: null, certaintyAgreement: null, optimum: null, right: 0 };
  }
  const size = clusters[top]!.members.length;
  const rival = Math.max(0, ...clusters.flatMap(({ members }, c) => (c === top ? [] : members.length)));
  const logprobs = rollouts.map(({ logprob }) => logprob);
  const gives = rollouts.map(({ cluster }) => cluster === top);
  const margin = (size - rival) / votes;
  return {
    ...none,
    answer: clusters[top]!.answer,
    majority: top === 0,
    share: wilson(size, votes),
    margin,
    confidenceGap: gap(logprobs, gives),
    agreement: separation(logprobs, gives),
    certaintyAgreement: selfCertainty ? separation(selfCertainty, gives) : null,
    optimum: best.clusters[top]!,
    right: probabilityRight(margin, votes),
  };
}

function probabilityRight(margin: number, votes: number): number {
  return 1 / (1 + Math.exp(-(INTERCEPT + MARGIN * margin * Math.sqrt(Math.min(votes, MAX_VOTES)))));
}

function withoutLabels({ clusters, majority, rollouts }: JudgedGroup): JudgedGroup {
  return {
    clusters: clusters.map((cluster) => ({ ...cluster, correct: null })),
    majority: majority && { ...majority, correct: null },
    rollouts: rollouts.map((rollout) => ({ ...rollout, correct: null })),
  };
}

/** (r - mean) / sd with ddof 1; all 0 if all are equal. */
function standardized(rewards: readonly number[]): number[] {
  if (rewards.every((reward) => reward === rewards[0])) return rewards.map(() => 0);
  const center = mean(rewards)!;
  const variance = rewards.reduce((total, r) => total + (r - center) ** 2, 0) / (rewards.length - 1);
  return rewards.map((r) => (r - center) / Math.sqrt(variance));
}

function separation(values: readonly (number | null)[], gives: readonly boolean[]): number | null {
  const known = values.flatMap((value, i) => (value === null ? [] : i));
  return auroc(
    known.map((i) => values[i]!),
    known.map((i) => gives[i]!),
  );
}

function gap(values: readonly (number | null)[], gives: readonly boolean[]): number | null {
  const side = (which: boolean) =>
    mean(values.flatMap((value, i) => (value !== null && gives[i] === which ? value : [])));
  const [own, others] = [side(true), side(false)];
  return own === null || others === null ? null : own - others;
}

/**
 * The forecast for a set. The interval of the accuracy is for the share that will turn out correct: problems are resampled,
 * and each is correct with its probability. It does not cover errors of the probabilities for models unlike those that they
 * were fitted to.
 */
export function forecastSet(reward: string, probed: readonly ProbedProblem[]): Forecast {
  const problems = probed.map(forecastProblem);
  const center = mean(problems.map(({ right }) => right));
  const coin = mulberry32(1);
  const interval = percentileInterval(problems.length, (drawn) => {
    let right = 0;
    for (const i of drawn) if (coin() < problems[i]!.right) right++;
    return right / drawn.length;
  });
  const amplified = problems.filter(({ answer }) => answer !== null);
  return {
    reward,
    problems,
    accuracy: center === null ? null : { mean: center, ...interval! },
    wrong: amplified.reduce((total, { right }) => total + 1 - right, 0),
    likelyWrong: amplified.filter(({ right }) => right < 0.5).map(({ problem }) => problem),
  };
}

/**
 * Scores a stored forecast by the outcomes: `right` says whether a problem's last majority is correct. Problems without an
 * outcome are left out; null if none is left.
 */
export function scoreForecast(forecast: Forecast, right: ReadonlyMap<number, boolean | null>): ForecastScore | null {
  const rows = forecast.problems.flatMap((row) => {
    const outcome = right.get(row.problem) ?? null;
    return outcome === null ? [] : { probability: row.right, outcome };
  });
  const probabilities = rows.map(({ probability }) => probability);
  const outcomes = rows.map(({ outcome }) => outcome);
  const actual = wilson(outcomes.filter(Boolean).length, rows.length);
  const score = brier(probabilities, outcomes);
  if (!actual || !score) return null;
  return {
    problems: rows.length,
    auroc: aurocEstimate(probabilities, outcomes),
    brier: score,
    baseBrier: actual.mean * (1 - actual.mean),
    expected: mean(probabilities)!,
    actual,
  };
}
