/**
 * Sharpening (arXiv 2603.08660, section 4): what the KL-regularized optimum and Theorem 1 say about a problem's majority
 * share, and how far the measured shares are from it. Pure; a share is a number in [0, 1], beta is in units of the reward.
 *
 * With the majority reward, the optimum pi*(y) = pi(y) exp(r(y) / beta) / Z multiplies the odds of the majority answer by
 * e^{1/beta}. Repeated, the logit of its share grows by 1/beta a step, and 1 - share falls geometrically with the rate
 * e^{-1/beta}.
 */
import { RollscopeError } from '../protocol/errors.ts';
import type { CountedGroup } from '../protocol/group.ts';
import type { Estimate } from '../protocol/records.ts';
import { mean, percentileInterval, wilson } from './estimates.ts';

/**
 * Exact share of the majority answer after `steps` steps at temperature `beta`:
 * p' = p e^{k/beta} / (p e^{k/beta} + 1 - p). Throws `usage` for a beta that is not positive.
 */
export function predictShare(share: number, beta: number, steps = 1): number {
  checkBeta(beta);
  return grownShare(share, steps / beta);
}

/** The share whose logit is larger by `growth`; 0 and 1 stay. */
function grownShare(share: number, growth: number): number {
  return share === 0 ? 0 : share / (share + (1 - share) * Math.exp(-growth));
}

function checkBeta(beta: number): void {
  if (beta > 0) return;
  throw new RollscopeError('usage', `beta must be positive, not ${beta}.`, 'Use a beta above 0.', {
    details: { reason: 'out-of-range', field: 'beta', value: beta },
  });
}

/** A measured share: how many of `votes` rollouts of a problem gave the answer in question at a step. */
export interface ShareObservation {
  step: number;
  share: number;
  votes: number;
}

/** The rollouts of one problem at one step. */
export interface StepGroup {
  step: number;
  group: CountedGroup;
}

/** Whether two answers, of different steps, are one. Strings by default. */
export type SameAnswer = (a: string, b: string) => boolean;
const sameString: SameAnswer = (a, b) => a === b;

/**
 * The share of the answer that was the majority at the first step with a majority, at that step and at every later one:
 * what Theorem 1 speaks of. Empty when there never was a majority.
 */
export function initialMajorityShares(
  history: readonly StepGroup[],
  same: SameAnswer = sameString,
): ShareObservation[] {
  const start = history.findIndex(({ group }) => group.majority !== null);
  if (start < 0) return [];
  const answer = history[start]!.group.majority!.answer;
  return history.slice(start).map(({ step, group }) => {
    const votes = group.rollouts;
    const cluster = group.clusters.find((one) => same(one.answer, answer));
    return { step, share: (cluster?.count ?? 0) / votes, votes };
  });
}

export interface GrowthFit {
  /** Growth of the logit of the share a step, which theory says is 1/beta. */
  growth: number;
  /** Its standard error; null when no degree of freedom is left. */
  error: number | null;
  /** 1 / growth; null when the share does not grow. */
  beta: number | null;
  /** Factor a step of 1 - share while the share is near 1: e^{-growth}. */
  rate: number;
  /** Share of the variance of the logits within problems that the growth explains (R squared); null without variance. */
  explained: number | null;
  /** Number of shares that were fitted. */
  observations: number;
}

/**
 * The growth of one problem's share: least squares of logit(share) on the step, with an intercept. A share of 0 or 1 has
 * no logit: shares are kept half a vote away from both, in [1/(2n), 1 - 1/(2n)] for n votes. Shares after the first one
 * that is 0 or 1 are left out: what has ended says nothing more of the growth, and would pull it towards 0. Its standard
 * error takes the scatter of the logits as it is. null when fewer than two steps are left.
 */
export function fitGrowth(observations: readonly ShareObservation[]): GrowthFit | null {
  return fitCommonGrowth([observations]);
}

/** One growth for several problems, each with an intercept of its own: the beta of a whole run. As `fitGrowth`. */
export function fitCommonGrowth(problems: readonly (readonly ShareObservation[])[]): GrowthFit | null {
  let [xx, xy, yy, observations, intercepts] = [0, 0, 0, 0, 0];
  for (const all of problems) {
    const ended = all.findIndex(({ share, votes }) => share < 0.5 / votes || share > 1 - 0.5 / votes);
    const used = ended < 0 ? all : all.slice(0, ended + 1);
    if (used.length === 0) continue;
    const x = used.map(({ step }) => step);
    const y = used.map(clampedLogit);
    const [centerX, centerY] = [mean(x)!, mean(y)!];
    x.forEach((value, i) => {
      const [dx, dy] = [value - centerX, y[i]! - centerY];
      xx += dx * dx;
      xy += dx * dy;
      yy += dy * dy;
    });
    observations += used.length;
    intercepts++;
  }
  if (xx === 0) return null;
  const growth = xy / xx;
  const freedom = observations - intercepts - 1;
  const error = freedom < 1 ? null : Math.sqrt(Math.max(0, yy - growth * xy) / freedom / xx);
  return {
    growth,
    error,
    beta: growth > 0 ? 1 / growth : null,
    rate: Math.exp(-growth),
    explained: yy > 0 ? Math.min(1, (growth * xy) / yy) : null,
    observations,
  };
}

function clampedLogit({ share, votes }: ShareObservation): number {
  const margin = 0.5 / votes;
  const p = Math.min(1 - margin, Math.max(margin, share));
  return Math.log(p) - Math.log1p(-p);
}

/**
 * The share at a later step, from one that was measured, with a growth of its logit a step (1/beta). The start is kept
 * half a vote away from 0 and 1, as in the fits; the growth may be negative.
 */
export function shareAt(start: ShareObservation, growth: number, step: number): number {
  return expit(clampedLogit(start) + growth * (step - start.step));
}

export interface PredictionError {
  /** Mean absolute difference of predicted and measured shares over problems and steps. */
  oneStep: number;
  manySteps: number;
  /** The same for the prediction that nothing changes: what the theory has to beat. */
  oneStepUnchanged: number;
  manyStepsUnchanged: number;
  /** Number of predicted shares. */
  predictions: number;
}

/**
 * How far predictions with one growth (1/beta a step) are from the measured shares: one-step predictions start from the
 * share measured just before, many-step predictions from the problem's first. The start is kept half a vote away from 0
 * and 1. null when no problem has two steps.
 */
export function predictionError(
  problems: readonly (readonly ShareObservation[])[],
  growth: number,
): PredictionError | null {
  const rows = problems.flatMap((all) =>
    all.slice(1).map((now, i) => {
      const [before, first] = [all[i]!, all[0]!];
      const from = (start: ShareObservation) => shareAt(start, growth, now.step);
      return {
        oneStep: Math.abs(from(before) - now.share),
        manySteps: Math.abs(from(first) - now.share),
        oneStepUnchanged: Math.abs(before.share - now.share),
        manyStepsUnchanged: Math.abs(first.share - now.share),
      };
    }),
  );
  if (rows.length === 0) return null;
  const over = (key: keyof (typeof rows)[0]) => mean(rows.map((row) => row[key]))!;
  return {
    oneStep: over('oneStep'),
    manySteps: over('manySteps'),
    oneStepUnchanged: over('oneStepUnchanged'),
    manyStepsUnchanged: over('manyStepsUnchanged'),
    predictions: rows.length,
  };
}

/**
 * Shares cut in time, so that a growth that is fitted to the first part (two shares at least) can be tried on the others:
 * those begin with the last fitted share, from which they are predicted.
 */
export function splitInTime(
  observations: readonly ShareObservation[],
  part: number,
): { early: readonly ShareObservation[]; late: readonly ShareObservation[] } {
  const fitted = Math.max(2, Math.ceil(observations.length * part));
  return { early: observations.slice(0, fitted), late: observations.slice(fitted - 1) };
}

/** The change of a share in one step. */
export interface ShareChange {
  predicted: number;
  measured: number;
}

/** Changes of one step, each predicted with one growth from the share just before. */
export function oneStepChanges(observations: readonly ShareObservation[], growth: number): ShareChange[] {
  return observations.slice(1).map((now, i) => {
    const before = observations[i]!;
    const at = (step: number) => shareAt(before, growth, step);
    return { predicted: at(now.step) - at(before.step), measured: now.share - before.share };
  });
}

/**
 * Mean measured change over mean predicted change: 1 where changes are as predicted, 0 where shares stay. A single change
 * drowns in the chance of its votes, and so does a regression, whose slope chance pulls towards 0; of means it is averaged
 * out. With the percentile interval of a bootstrap over problems. null without problems, or where no change is predicted.
 */
export function changeRatio(problems: readonly (readonly ShareChange[])[]): Estimate | null {
  const sums = problems.map((changes) => ({
    predicted: changes.reduce((sum, { predicted }) => sum + predicted, 0),
    measured: changes.reduce((sum, { measured }) => sum + measured, 0),
  }));
  const ratio = (of: Iterable<number>) => {
    let [predicted, measured] = [0, 0];
    for (const i of of) {
      predicted += sums[i]!.predicted;
      measured += sums[i]!.measured;
    }
    return predicted === 0 ? null : measured / predicted;
  };
  const value = ratio(sums.keys());
  const interval = percentileInterval(sums.length, ratio);
  if (value === null || interval === null) return null;
  return { mean: value, low: Math.min(value, interval.low), high: Math.max(value, interval.high) };
}

function expit(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

export interface Optimum {
  /** Weight of each rollout under pi*, adding up to 1. */
  weights: number[];
  /** Probability of each cluster, in their order. */
  clusters: number[];
  noAnswer: number;
  /** Probability of the answer that is the majority now; 0 without one. */
  majorityShare: number;
  /** Index of the likeliest cluster under pi*; of equally likely ones, the first. null without clusters. */
  top: number | null;
  /** Expected accuracy; null without a reference. */
  accuracy: number | null;
  /** 1 / sum of squared weights: how many equal rollouts the estimate is worth. */
  effective: number;
}

/** What the optimum is taken over: each rollout's cluster, and whether it is right. */
interface Voters {
  clusters: readonly unknown[];
  rollouts: readonly { cluster: number | null; correct: boolean | null }[];
}

/** The rollouts of a counted group, cluster by cluster. */
export function votersOf({ clusters, unanswered, means }: CountedGroup): Voters {
  const wrong = means.correct === null ? null : false;
  const voters = clusters.flatMap(({ count, correct }, cluster) =>
    Array.from({ length: count }, () => ({ cluster, correct })),
  );
  return {
    clusters,
    rollouts: [...voters, ...Array.from({ length: unanswered }, () => ({ cluster: null, correct: wrong }))],
  };
}

/**
 * The KL-regularized optimum pi*(y) = pi(y) exp(r(y)/beta) / Z, estimated by re-weighting rollouts that were sampled from
 * pi: weights proportional to exp(r/beta). beta = Infinity gives pi itself. Throws `usage` for a beta that is not
 * positive, and RangeError when there is not one reward a rollout.
 */
export function optimum({ clusters, rollouts }: Voters, rewards: readonly number[], beta: number): Optimum {
  checkBeta(beta);
  if (rewards.length !== rollouts.length)
    throw new RangeError(`${rewards.length} rewards of ${rollouts.length} rollouts`);
  const most = Math.max(...rewards);
  // Relative to the largest, so that no exponential overflows.
  const raw = rewards.map((reward) => (reward === most ? 1 : Math.exp((reward - most) / beta)));
  const total = raw.reduce((sum, weight) => sum + weight, 0);
  const weights = raw.map((weight) => weight / total);
  const mass = (holds: (i: number) => boolean) =>
    weights.reduce((sum, weight, i) => (holds(i) ? sum + weight : sum), 0);
  const shares = clusters.map((_, c) => mass((i) => rollouts[i]!.cluster === c));
  const best = Math.max(...shares);
  return {
    weights,
    clusters: shares,
    noAnswer: mass((i) => rollouts[i]!.cluster === null),
    majorityShare: shares[0] ?? 0,
    top: shares.length === 0 ? null : shares.indexOf(best),
    accuracy: rollouts.some(({ correct }) => correct !== null) ? mass((i) => rollouts[i]!.correct === true) : null,
    effective: 1 / weights.reduce((sum, weight) => sum + weight * weight, 0),
  };
}

/** A distribution over answers: what is missing (no answer) is the rest to 1. */
export interface AnswerShare {
  answer: string;
  share: number;
}

/** Shares of a group's answers among all of its rollouts. */
export function answerShares({ clusters, rollouts }: Pick<CountedGroup, 'clusters' | 'rollouts'>): AnswerShare[] {
  return clusters.map(({ answer, count }) => ({ answer, share: count / rollouts }));
}

/**
 * Total variation distance of two distributions over answers, half the sum of |p - q|, what is missing to 1 being an
 * answer of its own. In [0, 1].
 */
export function totalVariation(
  p: readonly AnswerShare[],
  q: readonly AnswerShare[],
  same: SameAnswer = sameString,
): number {
  const rest = [...q];
  let distance = 0;
  for (const { answer, share } of p) {
    const at = rest.findIndex((other) => same(answer, other.answer));
    const [match] = at < 0 ? [] : rest.splice(at, 1);
    distance += Math.abs(share - (match?.share ?? 0));
  }
  for (const { share } of rest) distance += share;
  const missing = (shares: readonly AnswerShare[]) => 1 - shares.reduce((total, { share }) => total + share, 0);
  return (distance + Math.abs(missing(p) - missing(q))) / 2;
}

export interface TheoremCheck {
  /** Share of problems whose last majority is their first one, as the theorem says. */
  kept: Estimate | null;
  /** Of problems with a reference: share that ends right exactly when it began right. */
  outcome: Estimate | null;
  /** Problems with a first and a last majority. */
  problems: number;
}

/** Theorem 1's prediction: a problem ends with the majority that it began with, right or wrong. */
export function checkTheorem(
  problems: readonly { first: Pick<CountedGroup, 'majority'>; last: Pick<CountedGroup, 'majority'> }[],
  same: SameAnswer = sameString,
): TheoremCheck {
  const voted = problems.flatMap(({ first, last }) =>
    first.majority && last.majority ? { first: first.majority, last: last.majority } : [],
  );
  const labeled = voted.filter(({ first, last }) => first.correct !== null && last.correct !== null);
  return {
    kept: wilson(voted.filter(({ first, last }) => same(first.answer, last.answer)).length, voted.length),
    outcome: wilson(labeled.filter(({ first, last }) => first.correct === last.correct).length, labeled.length),
    problems: voted.length,
  };
}
