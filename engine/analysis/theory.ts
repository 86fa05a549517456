/**
 * Sharpening (arXiv 2603.08660, section 4): how theory says that a problem's majority share grows, and how far the
 * measured shares are from it. Pure; a share is a number in [0, 1], beta is in units of the reward.
 *
 * With the majority reward, the optimum pi*(y) = pi(y) exp(r(y) / beta) / Z multiplies the odds of the majority answer by
 * e^{1/beta}. Repeated, the logit of its share grows by 1/beta per step, and 1 - share falls geometrically with the rate
 * e^{-1/beta}.
 */
import { RollscopeError } from '../protocol/errors.ts';
import type { CountedGroup } from '../protocol/group.ts';
import type { Estimate } from '../protocol/records.ts';
import { mean } from '../protocol/values.ts';
import { percentileInterval } from './estimates.ts';

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

/** Throws `usage` for a beta that is not positive; NaN is not. */
export function checkBeta(beta: number): void {
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

/** Answers are one if their texts are: for groups whose clusters have canonical answers. */
export const sameString: SameAnswer = (a, b) => a === b;

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
  /** Growth of the logit of the share per step, which theory says is 1/beta. */
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
 * The share at a later step, from one that was measured, with a growth of its logit per step (1/beta). The start is kept
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
 * How far predictions with one growth (1/beta per step) are from the measured shares: one-step predictions start from the
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
