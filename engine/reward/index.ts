/** All rewards, by name. */
import { REWARDS, type RunConfig } from '../protocol/config.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { groundTruth } from './ground-truth.ts';
import { majorityVote } from './majority-vote.ts';
import type { LabelledGroup, Reward, Scores } from './types.ts';

export { majorityOf } from './majority-vote.ts';
export * from './types.ts';

/** One entry a name that a configuration may ask for: a missing one does not compile. */
const REGISTRY: Record<RunConfig['reward'], Reward> = {
  'majority-vote': majorityVote,
  'ground-truth': groundTruth,
};

/** All rewards, in the order of the configuration's list. */
export const rewards: readonly Reward[] = REWARDS.map((name) => REGISTRY[name]);

/** Throws RollscopeError `config` for a name that is unknown. */
export function rewardNamed(name: string): Reward {
  if (!Object.hasOwn(REGISTRY, name)) {
    throw new RollscopeError('config', `There is no reward "${name}".`, `Rewards: ${REWARDS.join(', ')}.`);
  }
  return REGISTRY[name as RunConfig['reward']];
}

/** Rewards of a group. What comes from labels is removed before a label-free reward is asked. */
export function scoreGroup(reward: Reward, group: LabelledGroup): Scores {
  if (reward.labels) return reward.compute(group);
  const { answers, clusters, statistics, finish } = group;
  return reward.compute({
    answers,
    clusters: clusters.map(({ answer, members }) => ({ answer, members })),
    ...(statistics && { statistics }),
    finish,
  });
}
