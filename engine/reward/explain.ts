/** The rewards of stored rollouts explained, by the rewards themselves. Pure. */
import type { GroupRecord, RolloutSummary, StoredRollout } from '../protocol/records.ts';
import { printParts, rewardNamed, scoreGroup } from './index.ts';

export interface ExplainedGroup {
  phase: GroupRecord['phase'];
  clusters: readonly { answer: string }[];
  rollouts: readonly RolloutSummary[];
}

/** Why each rollout got its reward, in a line for a person; `stored` are the same rollouts, for rewards that read tokens. */
export function explainRewards(
  reward: string,
  { phase, clusters, rollouts }: ExplainedGroup,
  stored: readonly StoredRollout[],
): string[] {
  if (rollouts.every((rollout) => rollout.reward === null)) {
    return rollouts.map(() => `${phase}: nothing trains, so nothing is rewarded`);
  }
  const { explain } = scoreGroup(rewardNamed(reward), {
    answers: rollouts.map(({ answer }) => answer),
    clusters: clusters.map(({ answer }, at) => ({
      answer,
      members: rollouts.flatMap(({ cluster }, i) => (cluster === at ? [i] : [])),
    })),
    correct: rollouts.map(({ correct }) => correct),
    finish: rollouts.map(({ finish }) => finish),
    statistics: stored,
  });
  return rollouts.map((_, i) => printParts(explain(i)));
}
