/**
 * Sharpening (arXiv 2603.08660, section 4): the predicted growth of a problem's majority share, and its distance from the
 * measured shares. Pure; a share is a number in [0, 1], beta is in units of the reward.
 *
 * With the majority reward, the optimum pi*(y) = pi(y) exp(r(y) / beta) / Z multiplies the odds of the majority answer by
 * e^{1/beta}. If repeated, the logit of its share grows by 1/beta per step, and 1 - share decays geometrically with the rate
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

/** The share after its logit grows by `growth`; 0 and 1 stay the same. */
function grownShare(share: number, growth: number): number {
  return share === 0 ? 0 : share / (share + (1 - share) * Math.exp(-growth));
}

/** Throws `usage` for a beta that is not positive, including NaN. */
export function checkBeta(beta: number): void {
  if (beta > 0) return;
  throw new RollscopeError('usage', `beta must be positive, not ${beta}.`, 'Use a beta above 0.', {
    details: { reason: 'out-of-range', field: 'beta', value: beta },
  });
}

/** A measured share: the share of `votes` rollouts of a problem with a certain answer at a step. */
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

/** Whether the answers of two steps are equal. */
export type SameAnswer = (a: string, b: string) => boolean;

/** Compares answers as texts, for groups whose clusters have canonical answers. */
export const sameString: SameAnswer = (a, b) => a === b;

/**
 * The share of the first majority answer, at the first step with a majority and at every later one: the subject of
 * Theorem 1. Empty if there never was a majority.
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
    const cluster = group.clusters.find((candidate) => same(candidate.answer, answer));
    return { step, share: (cluster?.count ?? 0) / votes, votes };
  });
}

export interface GrowthFit {
  /** Growth of the share's logit per step, 1/beta in theory. */
  growth: number;
  /** Its standard error; null without degrees of freedom. */
  error: number | null;
  /** 1 / growth; null if the share does not grow. */
  beta: number | null;
  /** Factor per step of 1 - share while the share is near 1: e^{-growth}. */
  rate: number;
  /** R squared: share of the logits' variance within problems that the growth explains; null without variance. */
  explained: number | null;
  /** Number of fitted shares. */
  observations: number;
}

/**
 * The growth of one problem's share: least squares of logit(share) on the step, with an intercept. Shares are clamped to
 * [1/(2n), 1 - 1/(2n)] for n votes, since 0 and 1 have no logit. Shares after the first 0 or 1 are left out: a saturated
 * share says nothing more about the growth, and would bias it towards 0. The standard error comes from the scatter of the
 * logits. null if fewer than two steps are left.
 */
export function fitGrowth(observations: readonly ShareObservation[]): GrowthFit | null {
  return fitCommonGrowth([observations]);
}

/** A common growth for several problems with separate intercepts: the beta of a whole run. Like `fitGrowth`. */
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
 * The share at a later step, predicted from a measured one with a growth of its logit per step (1/beta), which may be
 * negative. The start is clamped to half a vote from 0 and 1, as in the fits.
 */
export function shareAt(start: ShareObservation, growth: number, step: number): number {
  return expit(clampedLogit(start) + growth * (step - start.step));
}

export interface PredictionError {
  /** Mean absolute difference between predicted and measured shares over problems and steps. */
  oneStep: number;
  manySteps: number;
  /** The same for predicting no change: the baseline. */
  oneStepUnchanged: number;
  manyStepsUnchanged: number;
  /** Number of predicted shares. */
  predictions: number;
}

/**
 * How far predictions with a common growth (1/beta per step) are from the measured shares: one-step predictions start from
 * the previous measured share, many-step predictions from the problem's first. The start is clamped to half a vote from 0
 * and 1. null if no problem has two steps.
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
 * Splits shares in time, so that a growth fitted to the first part (at least two shares) can be tested on the second, which
 * starts with the last fitted share, the start of its predictions.
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

/** Changes in one step, each predicted with a common growth from the previous share. */
export function oneStepChanges(observations: readonly ShareObservation[], growth: number): ShareChange[] {
  return observations.slice(1).map((now, i) => {
    const before = observations[i]!;
    const at = (step: number) => shareAt(before, growth, step);
    return { predicted: at(now.step) - at(before.step), measured: now.share - before.share };
  });
}

/**
 * Mean measured change divided by mean predicted change: 1 if changes are as predicted, 0 if shares stay the same. The
 * sampling error of votes dominates single changes, and biases the slope of a regression towards 0; in means it averages
 * out. With the percentile interval of a bootstrap over problems. null without problems, or if no change is predicted.
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
