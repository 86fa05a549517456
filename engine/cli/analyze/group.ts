/** Confidences and rewards of one stored group, for `rollscope analyze`. Pure. */
import { confidencesOf } from '../../analysis/confidence.ts';
import { problemGrader } from '../../grading/index.ts';
import type { GroupDetail } from '../../protocol/group.ts';
import { answerTokens } from '../../reward/answer-tokens.ts';
import type { RunReward } from '../../reward/index.ts';
import { groupOf } from '../../reward/stored.ts';
import type { RunMaterial } from '../groups.ts';

type Material = Pick<RunMaterial, 'problems' | 'grading' | 'vocabulary'>;

/** The policy's confidence in each rollout of a group and in its answer. */
export function confidencesIn(group: GroupDetail, { problems, grading }: Material) {
  const grader = problemGrader(problems[group.problem]!, grading);
  return confidencesOf(
    group,
    group.rollouts.map(({ statistics }) => statistics),
    group.rollouts.map((rollout) => answerTokens(rollout, grader)),
  );
}

/**
 * The rewards of a group: those it was trained with, else the run's reward if it can be computed, else the majority
 * vote.
 */
export function rewardsIn(
  group: GroupDetail,
  { problems, grading, vocabulary }: Material,
  reward: RunReward | null,
): number[] {
  const given = group.rollouts.flatMap((rollout) => rollout.reward ?? []);
  if (given.length === group.rollouts.length) return given;
  const gathered = reward?.evidence.every((name) => group.evidence[name] !== undefined);
  if (!reward || !gathered) return group.rollouts.map(({ cluster }) => (cluster === 0 ? 1 : 0));
  const problem = problems[group.problem]!;
  return reward.score(groupOf(group, problem, vocabulary, problemGrader(problem, grading))).rewards;
}
