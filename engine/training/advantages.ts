/** Advantages of the rollouts of one problem. Pure; named after the algorithm they come from. */
import type { LossConfig } from '../protocol/config.ts';

type Estimator = (rewards: readonly number[]) => number[];

/** Keeps the division finite; the value that TRL and verl use. */
const EPSILON = 1e-6;

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}

/** Whether a group has nothing to prefer; tested by value, because the mean of equal numbers may be off by rounding. */
function allEqual(rewards: readonly number[]): boolean {
  return rewards.every((reward) => reward === rewards[0]);
}

/**
 * GRPO: A_i = (r_i - mean(r)) / (std(r) + 1e-6), with the sample standard deviation (ddof 1) over the group.
 * Source: DeepSeekMath, arXiv 2402.03300, equation 3 ff.
 */
const grpo: Estimator = (rewards) => {
  if (allEqual(rewards)) return rewards.map(() => 0);
  const center = mean(rewards);
  const variance = rewards.reduce((total, r) => total + (r - center) ** 2, 0) / (rewards.length - 1);
  const scale = Math.sqrt(variance) + EPSILON;
  return rewards.map((r) => (r - center) / scale);
};

/**
 * Dr. GRPO: A_i = r_i - mean(r). Without the deviation, easy and hard problems do not weigh more than others.
 * Source: arXiv 2503.20783.
 */
const drGrpo: Estimator = (rewards) => {
  if (allEqual(rewards)) return rewards.map(() => 0);
  const center = mean(rewards);
  return rewards.map((r) => r - center);
};

const ESTIMATORS: Record<LossConfig['advantage'], Estimator> = { grpo, 'dr-grpo': drGrpo };

/** Advantages by the estimator's name, one a reward; all 0 when the rewards are equal (or there is only one). */
export function advantages(estimator: LossConfig['advantage'], rewards: readonly number[]): number[] {
  return ESTIMATORS[estimator](rewards);
}
