/** The rewards of stored rollouts explained, by the rewards themselves. Pure. */
import type { RunConfig } from '../protocol/config.ts';
import type { GroupRecord, Problem, RolloutSummary, StoredGroup } from '../protocol/records.ts';
import { printParts, rewardOf } from './index.ts';
import type { LabelledGroup } from './types.ts';

export interface RecordedGroup {
  phase: GroupRecord['phase'];
  clusters: readonly { answer: string }[];
  rollouts: readonly RolloutSummary[];
}

/** What a run says about all of its groups. */
export interface RunFacts {
  config: RunConfig;
  /** Size of the model's vocabulary; null where the run does not tell. */
  vocabulary: number | null;
}

/** A recorded group with its stored rollouts as rewards take it. */
export function groupOf(
  { clusters, rollouts }: Pick<RecordedGroup, 'clusters' | 'rollouts'>,
  stored: StoredGroup,
  problem: Pick<Problem, 'prompt' | 'columns'>,
  vocabulary: number | null,
): LabelledGroup {
  return {
    problem,
    rollouts: stored.rollouts,
    answers: rollouts.map(({ answer }) => answer),
    clusters: clusters.map(({ answer }, at) => ({
      answer,
      members: rollouts.flatMap(({ cluster }, i) => (cluster === at ? [i] : [])),
    })),
    vocabulary,
    evidence: stored.evidence,
    correct: rollouts.map(({ correct }) => correct),
  };
}

/** Why each rollout got its reward, in a line for a person. */
export function explainRewards(
  { config, vocabulary }: RunFacts,
  group: RecordedGroup,
  stored: StoredGroup,
  problem: Pick<Problem, 'prompt' | 'columns'>,
): string[] {
  if (group.rollouts.every((rollout) => rollout.reward === null)) {
    return group.rollouts.map(() => `${group.phase}: nothing trains, so nothing is rewarded`);
  }
  const { explain } = rewardOf(config.reward, config.rewardOptions).score(groupOf(group, stored, problem, vocabulary));
  return group.rollouts.map((_, i) => printParts(explain(i)));
}
