/**
 * Compares another trainer's grader with Rollscope's on the rollouts that both judge: how often they differ, and
 * whether an apparent grader is a vote. Majority voting also gives 1 and 0, so a reward without a grader's name counts
 * as one only if it differs from the vote of its group. Pure.
 */
import type { GroupDetail } from './group.ts';
import { REWARD, trainerVerdict } from './trainer-verdict.ts';

/** Rollouts that both judge, and how many of them they judge differently. */
interface Tally {
  compared: number;
  disagreements: number;
}

/** Counts of one group or of many. */
export interface GraderCounts {
  /** By a value with the name of a grader, and by the bare reward. */
  named: Tally;
  reward: Tally;
  /** Groups whose wrong majority got the reward, all of it and nobody else; groups whose reward is not their vote. */
  wrongVotes: number;
  otherwise: number;
}

export interface TwoGraders extends Tally {
  /** The bare reward is a vote, so it is not compared. */
  rewardIsVote: boolean;
}

/** The note if the reward is a vote. */
export const REWARD_IS_VOTE =
  "The trainer's reward is the vote of each group, not a grader: it is not compared with Rollscope's verdicts";

export const NO_GRADERS: GraderCounts = {
  named: { compared: 0, disagreements: 0 },
  reward: { compared: 0, disagreements: 0 },
  wrongVotes: 0,
  otherwise: 0,
};

/** Counts of one group. A rollout that only one of the two judges counts nowhere. */
export function graderCounts({ clusters, majority, rollouts }: GradedGroup): GraderCounts {
  const counts: GraderCounts = { ...NO_GRADERS, named: { ...NO_GRADERS.named }, reward: { ...NO_GRADERS.reward } };
  let byReward = false;
  for (const rollout of rollouts) {
    const verdict = trainerVerdict(rollout);
    if (verdict?.name === REWARD) byReward = true;
    if (verdict === null || rollout.correct === null) continue;
    const tally = verdict.name === REWARD ? counts.reward : counts.named;
    tally.compared++;
    if (verdict.right !== rollout.correct) tally.disagreements++;
  }
  if (!byReward) return counts;
  if (!isVote({ clusters, rollouts })) counts.otherwise++;
  else if (clusters.length > 1 && majority?.correct === false) counts.wrongVotes++;
  return counts;
}

/** The sum of two counts; neither is changed. */
export function addCounts(a: GraderCounts, b: GraderCounts): GraderCounts {
  return {
    named: addTallies(a.named, b.named),
    reward: addTallies(a.reward, b.reward),
    wrongVotes: a.wrongVotes + b.wrongVotes,
    otherwise: a.otherwise + b.otherwise,
  };
}

/**
 * Which of the counts are a comparison: the bare reward is excluded if it was a wrong vote at least once and never
 * anything but a vote.
 */
export function twoGraders({ named, reward, wrongVotes, otherwise }: GraderCounts): TwoGraders {
  const rewardIsVote = wrongVotes > 0 && otherwise === 0;
  return { ...(rewardIsVote ? named : addTallies(named, reward)), rewardIsVote };
}

type GradedGroup = Pick<GroupDetail, 'clusters' | 'majority' | 'rollouts'>;

/** Whether those with a reward of 1 are one of the largest clusters, or nobody where there is no answer. */
function isVote({ clusters, rollouts }: Pick<GradedGroup, 'clusters' | 'rollouts'>): boolean {
  const rewarded = rollouts.flatMap(({ reward }, index) => (reward === 1 ? index : []));
  const largest = Math.max(0, ...clusters.map(({ members }) => members.length));
  if (largest === 0) return rewarded.length === 0;
  return clusters.some(
    ({ members }) =>
      members.length === largest && rewarded.length === largest && rewarded.every((i) => members.includes(i)),
  );
}

function addTallies(a: Tally, b: Tally): Tally {
  return { compared: a.compared + b.compared, disagreements: a.disagreements + b.disagreements };
}
