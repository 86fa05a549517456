/** What other rewards give to stored rollouts, as `rollscope rescore --json` prints it and the panel shows it. Pure, without schemas. */
import type { Estimate } from './estimate.ts';

/** One reward on one group. */
export interface GroupReward {
  /** One per rollout. */
  values: readonly number[];
  /** Place of each rollout, from 1: the largest first, equal ones alike. */
  ranks: readonly number[];
  /** The advantages that the run's loss would make of it. */
  advantages: readonly number[];
  /** Index of the rollout with the largest reward, of equal ones the first; whether that is correct (null without a reference). */
  winner: number;
  winnerCorrect: boolean | null;
  /** For correctness within the group; null where all are correct or all wrong, and without a reference. */
  auroc: number | null;
  /** Whether correct rollouts get a larger advantage than wrong ones, on average; null as for `auroc`. */
  pushedRight: boolean | null;
}

/** One reward on all groups that were asked for. */
export interface RewardQuality {
  reward: string;
  /** Groups where it could be computed. */
  groups: number;
  /** Mean over groups of the AUROC for correctness within the group; groups with one class are left out. */
  auroc: (Estimate & { groups: number }) | null;
  /** Share of the groups with both classes that it pushes right, with Wilson's interval; null without such a group. */
  pushedRight: (Estimate & { groups: number }) | null;
}

export interface RewardComparison {
  /** The reward that trained; null where another trainer does not say. */
  trainedBy: string | null;
  groups: number;
  rewards: readonly RewardQuality[];
  /** Why rewards could not be computed, by name. */
  notComputed: Readonly<Record<string, string>>;
  /** Only where one step or one problem was asked for. `problem` is its index. */
  byGroup?: readonly { problem: number; step: number; scores: Readonly<Record<string, GroupReward | null>> }[];
}

/** How one estimate stands to another: intervals that overlap show no difference. */
export type RewardStanding = 'higher' | 'lower' | 'no difference';

/** `higher` or `lower` where the 95% intervals do not overlap; null where one of the two is not known. */
export function standing(estimate: Estimate | null, baseline: Estimate | null): RewardStanding | null {
  if (!estimate || !baseline) return null;
  if (estimate.low > baseline.high) return 'higher';
  return estimate.high < baseline.low ? 'lower' : 'no difference';
}
