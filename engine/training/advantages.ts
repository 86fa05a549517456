/**
 * Advantages of the rollouts of a step, from their rewards. Pure; named after the algorithms they come from. Rewards and
 * advantages have no unit. Where standard deviations are taken they are those of a sample (ddof 1).
 */
import type { LossConfig } from '../protocol/config.ts';

type Groups = readonly (readonly number[])[];
type Name = LossConfig['advantage'];

interface Estimator {
  /** Whether a group's advantages depend on that group alone. */
  groupwise: boolean;
  compute: (groups: Groups) => number[][];
}

/** Keeps divisions by a deviation finite; the value of METHODS and of verl. */
const EPSILON = 1e-6;

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}

/** Sample standard deviation; 0 for fewer than two values, and for equal ones, whose mean rounding may change. */
function deviation(values: readonly number[]): number {
  if (allEqual(values)) return 0;
  const center = mean(values);
  return Math.sqrt(values.reduce((total, value) => total + (value - center) ** 2, 0) / (values.length - 1));
}

function allEqual(values: readonly number[]): boolean {
  return values.every((value) => value === values[0]);
}

/** r - mean(r) over the group; exactly 0 if the rewards are equal. */
function centered(rewards: readonly number[]): number[] {
  if (allEqual(rewards)) return rewards.map(() => 0);
  const center = mean(rewards);
  return rewards.map((reward) => reward - center);
}

function divided(values: readonly number[], scale: number): number[] {
  return values.map((value) => value / (scale + EPSILON));
}

function groupwise(compute: (rewards: readonly number[]) => number[]): Estimator {
  return { groupwise: true, compute: (groups) => groups.map(compute) };
}

const ESTIMATORS: Record<Name, Estimator> = {
  /** A_i = (r_i - mean(r)) / (std(r) + 1e-6) over the group. Source: DeepSeekMath, arXiv 2402.03300, section 4.1.2. */
  grpo: groupwise((rewards) => divided(centered(rewards), deviation(rewards))),

  /**
   * A_i = (r_i - mean(r)) / (std(R) + 1e-6): the mean of the group, the deviation of all rewards R of the step, so that a
   * group with little spread is not blown up. Source: Lite PPO, arXiv 2508.08221; TRL's `scale_rewards="batch"`.
   */
  'grpo-batch': {
    groupwise: false,
    compute: (groups) => {
      const scale = deviation(groups.flat());
      return groups.map((rewards) => divided(centered(rewards), scale));
    },
  },

  /**
   * A_i = r_i - mean(r). Without the deviation, easy and hard problems do not weigh more than others.
   * Source: Dr. GRPO, arXiv 2503.20783.
   */
  'dr-grpo': groupwise(centered),

  /**
   * A_i = r_i - mean of the other rewards of the group = n / (n - 1) (r_i - mean(r)). A rollout alone has 0.
   * Source: RLOO, arXiv 2402.14740.
   */
  rloo: groupwise((rewards) =>
    centered(rewards).map((a) => (a === 0 ? 0 : (a * rewards.length) / (rewards.length - 1))),
  ),

  /**
   * A_i = (r_i - mean(R)) / (std(R) + 1e-6) over all rewards R of the step. A group of equal rewards does train here, for
   * or against all of its rollouts; where all rewards of the step are equal all advantages are 0. The mean runs over
   * responses, as in TRL, not over tokens, as in OpenRLHF, so that it does not depend on their lengths.
   * Source: REINFORCE++, arXiv 2501.03262.
   */
  'reinforce++': {
    groupwise: false,
    compute: (groups) => {
      const all = centered(groups.flat());
      const normalized = divided(all, deviation(groups.flat()));
      let at = 0;
      return groups.map((rewards) => rewards.map(() => normalized[at++]!));
    },
  },

  /**
   * A_i = (r_i - mean(r)) / (std + 1e-6): the mean of the group, then the deviation of these differences over the step (of
   * which the mean is 0). A group of equal rewards has 0. Source: REINFORCE++-baseline, arXiv 2501.03262.
   */
  'reinforce++-baseline': {
    groupwise: false,
    compute: (groups) => {
      const differences = groups.map(centered);
      const scale = deviation(differences.flat());
      return differences.map((values) => divided(values, scale));
    },
  },
};

/**
 * Advantages of a step by the estimator's name: one inner array of rewards (finite) per group, one advantage per reward, in
 * the same order. A group whose rewards are equal, or a single one, has exactly 0, except with `reinforce++`, which
 * compares across groups. An estimator that is groupwise may be given one group at a time.
 */
export function advantages(estimator: Name, groups: Groups): number[][] {
  return ESTIMATORS[estimator].compute(groups);
}

/** Whether a group's advantages do not depend on the other groups of the step. */
export function isGroupwise(estimator: Name): boolean {
  return ESTIMATORS[estimator].groupwise;
}
