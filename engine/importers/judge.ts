/** From the rollouts of a group to what the journal appends of it: judged, encoded, and counted. Pure, and most of an import's work. */
import type { GradingRules } from '../grading/grader.ts';
import { encodeFrame } from '../journal/frame.ts';
import type { GroupDetail, GroupId, GroupSummary, JudgedGroup, RolloutFacts } from '../protocol/group.ts';
import { groupSummary } from '../protocol/group-facts.ts';
import { type GraderCounts, graderCounts } from '../protocol/two-graders.ts';
import { type ForeignRollout, foreignGroup, type GradedProblem } from './group.ts';

/** A group to judge. */
export interface GroupToJudge {
  id: Omit<GroupId, 'problem'>;
  problem: GradedProblem;
  rollouts: readonly ForeignRollout[];
}

/** A group as it is recorded. */
export interface WrittenGroup {
  summary: GroupSummary;
  /** Its rollouts as the journal stores them. */
  frame: Uint8Array;
  /** Without texts: the input of the step's metrics. */
  facts: JudgedGroup;
  graders: GraderCounts;
}

/** Grades, clusters and votes. @param rules how answers are found and compared */
export function judgeGroup({ id, problem, rollouts }: GroupToJudge, rules: GradingRules): WrittenGroup {
  const detail = foreignGroup(id, problem, rollouts, rules);
  return {
    summary: groupSummary(detail),
    frame: encodeFrame(detail),
    facts: withoutTexts(detail),
    graders: graderCounts(detail),
  };
}

/** The texts of a large step would need too much memory. */
function withoutTexts({ clusters, majority, rollouts }: GroupDetail): JudgedGroup {
  const facts = rollouts.map(
    ({ answer, cluster, correct, reward, advantage, tokens, logprob, entropy, repetition, finish }): RolloutFacts => ({
      answer,
      cluster,
      correct,
      reward,
      advantage,
      tokens,
      logprob,
      entropy,
      repetition,
      finish,
    }),
  );
  return { clusters, majority, rollouts: facts };
}
