/**
 * The scores of other rewards for stored rollouts, as `rollscope rescore --json` prints them and the panel shows them.
 * Pure, without schemas.
 */
import type { Estimate } from './estimate.ts';

/** One reward on one group. */
export interface GroupReward {
  /** One per rollout. */
  values: readonly number[];
  /** Place of each rollout, from 1: the largest first, equal ones alike. */
  ranks: readonly number[];
  /** The advantages that the run's loss would compute from it. */
  advantages: readonly number[];
  /** Index of the rollout with the largest reward, of equal ones the first; whether that is correct (null without a reference). */
  winner: number;
  winnerCorrect: boolean | null;
  /** For correctness within the group; null where all are correct or all wrong, and without a reference. */
  auroc: number | null;
  /** Whether correct rollouts get a larger advantage than wrong ones, on average; null as for `auroc`. */
  pushedRight: boolean | null;
}

/** One reward on all requested groups. */
export interface RewardQuality {
  reward: string;
  /** Groups for which it could be computed. */
  groups: number;
  /** Mean over groups of the AUROC for correctness within the group; groups with one class are left out. */
  auroc: (Estimate & { groups: number }) | null;
  /** Share of the groups with both classes that it pushes right, with Wilson's interval; null without such a group. */
  pushedRight: (Estimate & { groups: number }) | null;
}

export interface RewardComparison {
  /** The reward that trained; null if another trainer did not record it. */
  trainedBy: string | null;
  groups: number;
  rewards: readonly RewardQuality[];
  /** Why rewards could not be computed, by name. */
  notComputed: Readonly<Record<string, string>>;
  /** Only if one step or one problem was requested. `problem` is its index. */
  byGroup?: readonly { problem: number; step: number; scores: Readonly<Record<string, GroupReward | null>> }[];
}

/** One estimate compared with another: overlapping intervals show no difference. */
export type RewardStanding = 'higher' | 'lower' | 'no difference';

/** `higher` or `lower` if the 95% intervals do not overlap; null if one of the two is unknown. */
export function compareEstimates(estimate: Estimate | null, baseline: Estimate | null): RewardStanding | null {
  if (!estimate || !baseline) return null;
  if (estimate.low > baseline.high) return 'higher';
  return estimate.high < baseline.low ? 'lower' : 'no difference';
}
