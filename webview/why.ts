/** Why a rollout got its reward, in a sentence. */
import type { Problem, RolloutSummary } from '../engine/protocol/records.ts';
import type { Group } from '../engine/protocol/state.ts';

export function whyReward(reward: string, group: Group, rollout: RolloutSummary, problem: Problem): string {
  if (rollout.reward === null) return 'not rewarded: sampled for measuring only';
  const given = `reward ${rollout.reward}`;
  if (rollout.answer === null || rollout.cluster === null) return `${given}: no answer was found, which never earns`;
  if (reward === 'ground-truth') {
    return `${given}: answer ${rollout.answer} ${rollout.correct ? 'equals' : 'differs from'} the reference ${problem.answer ?? '–'}`;
  }
  const { count, answer } = group.clusters[rollout.cluster]!;
  const place = rollout.cluster === 0 ? 'the largest' : `not the largest, which has ${group.clusters[0]!.count}`;
  return `${given}: answer ${rollout.answer} joined the cluster ${answer} with ${count} of ${group.rollouts} votes, ${place}`;
}
