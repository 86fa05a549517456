/** The reward of a rollout explained, by the reward itself. Pure. */
import { type Group, type RunConfig, rolloutsOf, type StoredRollout } from '../../engine/protocol/index.ts';
import { printParts, rewardNamed, scoreGroup } from '../../engine/reward/index.ts';

/** Sentences for a person; `stored` are the rollouts of the group, for rewards that read tokens. */
export function explainReward(
  reward: RunConfig['reward'],
  group: Group,
  stored: readonly StoredRollout[],
  index: number,
): string {
  const rollouts = rolloutsOf(group);
  if (rollouts[index]?.reward === null) return `${group.phase}: nothing trains, so nothing is rewarded`;
  const { explain } = scoreGroup(rewardNamed(reward), {
    answers: rollouts.map(({ answer }) => answer),
    clusters: group.clusters.map(({ answer }, at) => ({
      answer,
      members: rollouts.flatMap(({ cluster }, i) => (cluster === at ? [i] : [])),
    })),
    correct: rollouts.map(({ correct }) => correct),
    finish: rollouts.map(({ finish }) => finish),
    statistics: stored,
  });
  return printParts(explain(index));
}
