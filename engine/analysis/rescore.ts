/**
 * Rescoring: applies other rewards to stored rollouts. Compares rankings, advantages and top-ranked rollouts of the rewards,
 * and how well each agrees with correctness.
 */
import type { JudgedGroup } from '../protocol/group.ts';
import type { Estimate } from '../protocol/records.ts';
import type { GroupReward, RewardQuality } from '../protocol/reward-comparison.ts';
import { mean } from '../protocol/values.ts';
import { kendall, spearman } from './correlation.ts';
import { auroc } from './discrimination.ts';
import { bootstrap, DIFFERENCES, wilson } from './estimates.ts';

/** The rewards of a group, one per rollout. */
export interface Rescored {
  rewards: readonly number[];
  /** The values for advantages and ranks, if not the rewards themselves: a form without underflow. */
  basis?: readonly number[];
}

/** One problem's rollouts with their rewards under each reward function. */
export interface RescoredGroup {
  problem: number;
  step: number;
  group: JudgedGroup;
  /** By reward; null if the reward cannot be computed for this group. */
  rewards: Readonly<Record<string, Rescored | null>>;
}

export interface RescoreRules {
  /** Computes advantages from several groups' rewards, as the run's loss does. */
  advantages: (groups: readonly (readonly number[])[]) => number[][];
  /** By reward that judges correctness: values of at least this much mean correct. Other rewards have none. */
  thresholds: Readonly<Record<string, number>>;
}

export interface RewardSummary extends RewardQuality {
  /** Mean and smallest to largest value; null without groups. */
  mean: number | null;
  range: [number, number] | null;
  /** Share of groups whose rewards are all equal and thus yield no gradient; null without groups. */
  equal: number | null;
  /** Share of rollouts whose correctness the reward judges correctly; null without threshold or labels. */
  accuracy: number | null;
  /** Share of groups with a reference whose top-ranked rollout is correct. */
  top1Accuracy: Estimate | null;
  /** Share of the total positive advantage that goes to correct rollouts; null without labels or positive advantages. */
  signAccuracy: number | null;
}

export interface RewardPair {
  rewards: [string, string];
  /** Number of groups for which both could be computed. */
  groups: number;
  /** Rank correlations within a group, means over groups in which neither reward is constant. */
  kendall: Estimate | null;
  spearman: Estimate | null;
  /** Share of groups whose top-ranked rollouts have different answers. */
  top1Disagreement: Estimate | null;
  /** Share of rollouts whose advantages have opposite signs. */
  signDisagreement: number | null;
}

export interface Rescoring {
  /** Sorted by agreement with correctness: AUROC, then top-1 accuracy; rewards with neither come last. */
  rewards: RewardSummary[];
  /** Every pair, in the order of `names`. */
  pairs: RewardPair[];
  /** Each group's rewards, in the order of the groups; null if one could not be computed. */
  byGroup: { problem: number; step: number; scores: Record<string, GroupReward | null> }[];
}

interface Scored {
  group: JudgedGroup;
  rewards: readonly number[];
  /** The values that determine ranks: the basis, if any, else the rewards. */
  ranks: readonly number[];
  advantages: readonly number[];
  winner: number;
}

/** Compares rewards by name. Throws RangeError unless a group has one reward per rollout. */
export function compareRewards(
  groups: readonly RescoredGroup[],
  names: readonly string[],
  options: RescoreRules,
): Rescoring {
  const scored = new Map(names.map((name) => [name, score(groups, name, options)]));
  const summaries = names.map((name) =>
    summary(name, [...scored.get(name)!.values()], options.thresholds[name] ?? null),
  );
  const pairs = names.flatMap((first, i) =>
    names.slice(i + 1).map((second) => pair(first, second, scored.get(first)!, scored.get(second)!)),
  );
  const merit = ({ auroc: area, top1Accuracy }: RewardSummary) => [area?.mean ?? -1, top1Accuracy?.mean ?? -1] as const;
  const rewards = summaries.toSorted((a, b) => {
    const [x, y] = [merit(a), merit(b)];
    return y[0] - x[0] || y[1] - x[1];
  });
  const byGroup = groups.map((group) => ({
    problem: group.problem,
    step: group.step,
    scores: Object.fromEntries(
      names.map((name) => {
        const found = scored.get(name)!.get(group);
        return [name, found ? groupReward(found) : null];
      }),
    ),
  }));
  return { rewards, pairs, byGroup };
}

function groupReward({ group, rewards, ranks, advantages, winner }: Scored): GroupReward {
  const known = group.rollouts.flatMap(({ correct }, i) => (correct === null ? [] : i));
  const right = known.map((i) => group.rollouts[i]!.correct!);
  return {
    values: rewards,
    ranks: ranks.map((rank) => 1 + ranks.filter((other) => other > rank).length),
    advantages,
    winner,
    winnerCorrect: group.rollouts[winner]!.correct,
    auroc: auroc(
      known.map((i) => ranks[i]!),
      right,
    ),
    pushedRight: favorsCorrect(
      known.map((i) => advantages[i]!),
      right,
    ),
  };
}

/** Whether correct rollouts have a larger mean advantage than wrong ones; null unless there are both. */
function favorsCorrect(advantages: readonly number[], right: readonly boolean[]): boolean | null {
  const of = (kind: boolean) => mean(advantages.filter((_, i) => right[i] === kind));
  const [correct, wrong] = [of(true), of(false)];
  return correct === null || wrong === null ? null : correct > wrong;
}

function score(
  groups: readonly RescoredGroup[],
  name: string,
  { advantages }: RescoreRules,
): Map<RescoredGroup, Scored> {
  const known = groups.flatMap((group) => {
    const { rewards, basis } = group.rewards[name] ?? { rewards: [] };
    const wrong = rewards.length > 0 && rewards.length !== group.group.rollouts.length;
    if (wrong) throw new RangeError(`${name}: ${rewards.length} rewards of ${group.group.rollouts.length} rollouts`);
    return rewards.length > 0 ? { one: group, rewards, ranks: basis ?? rewards } : [];
  });
  const values = advantages(known.map(({ ranks }) => ranks));
  return new Map(
    known.map(({ one, rewards, ranks }, i) => [
      one,
      { group: one.group, rewards, ranks, advantages: values[i]!, winner: winnerOf({ rewards, basis: ranks }) },
    ]),
  );
}

/** The rollout with the largest reward; the first if several are equal. */
export function winnerOf({ rewards, basis = rewards }: Rescored): number {
  return basis.reduce((best, rank, i) => (rank > basis[best]! ? i : best), 0);
}

function summary(reward: string, scored: readonly Scored[], threshold: number | null): RewardSummary {
  const all = scored.flatMap(({ rewards }) => [...rewards]);
  const judged = scored.map(({ group, rewards, ranks, advantages, winner }) => {
    const known = group.rollouts.flatMap(({ correct }, i) => (correct === null ? [] : i));
    return {
      rewards: known.map((i) => rewards[i]!),
      ranks: known.map((i) => ranks[i]!),
      advantages: known.map((i) => advantages[i]!),
      right: known.map((i) => group.rollouts[i]!.correct!),
      winner: group.rollouts[winner]!.correct,
    };
  });
  const areas = judged.flatMap(({ ranks, right }) => auroc(ranks, right) ?? []);
  const area = bootstrap(areas);
  const winners = judged.flatMap(({ winner }) => winner ?? []);
  const pushed = judged.flatMap(({ advantages, right }) => favorsCorrect(advantages, right) ?? []);
  const pushedRight = wilson(pushed.filter(Boolean).length, pushed.length);
  const pushes = judged.flatMap(({ advantages, right }) =>
    advantages.flatMap((advantage, i) => (advantage > 0 ? { advantage, right: right[i]! } : [])),
  );
  const push = pushes.reduce((total, { advantage }) => total + advantage, 0);
  const agree = judged.flatMap(({ rewards, right }) => rewards.map((r, i) => Number(r >= threshold! === right[i])));
  return {
    reward,
    groups: scored.length,
    mean: mean(all),
    range: all.length === 0 ? null : [minimum(all), -minimum(all.map((value) => -value))],
    equal: mean(scored.map(({ ranks }) => Number(ranks.every((value) => value === ranks[0])))),
    accuracy: threshold === null ? null : mean(agree),
    auroc: area && { ...area, groups: areas.length },
    pushedRight: pushedRight && { ...pushedRight, groups: pushed.length },
    top1Accuracy: wilson(winners.filter(Boolean).length, winners.length),
    signAccuracy:
      push === 0 ? null : pushes.reduce((total, { advantage, right }) => total + (right ? advantage : 0), 0) / push,
  };
}

/** Smallest value, without spread syntax: a run may have more rollouts than a call may have arguments. */
function minimum(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b));
}

function pair(
  first: string,
  second: string,
  a: ReadonlyMap<RescoredGroup, Scored>,
  b: ReadonlyMap<RescoredGroup, Scored>,
): RewardPair {
  const both = [...a].flatMap(([one, left]) => {
    const right = b.get(one);
    return right ? { left, right } : [];
  });
  const over = (coefficient: typeof kendall) =>
    bootstrap(
      both.flatMap(({ left, right }) => coefficient(left.ranks, right.ranks) ?? []),
      0,
      DIFFERENCES,
    );
  const differ = both.filter(({ left, right }) => clusterOfWinner(left) !== clusterOfWinner(right)).length;
  return {
    rewards: [first, second],
    groups: both.length,
    kendall: over(kendall),
    spearman: over(spearman),
    top1Disagreement: wilson(differ, both.length),
    signDisagreement: mean(
      both.flatMap(({ left, right }) => left.advantages.map((value, i) => Number(value * right.advantages[i]! < 0))),
    ),
  };
}

/** The winner's cluster; "no answer" counts as a separate answer. */
function clusterOfWinner({ group, winner }: Scored): number | null {
  return group.rollouts[winner]!.cluster;
}
