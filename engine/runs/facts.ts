/** A group record as the read model takes it. Pure. */
import type { GroupSummary } from '../protocol/group.ts';
import type { GroupRecord } from '../protocol/records.ts';

/** Counts and means of a group, from the summaries of its rollouts in its record. */
export function summaryOf({ phase, step, problem, rollouts, clusters, majority }: GroupRecord): GroupSummary {
  const mean = (values: readonly (number | null)[]) => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
  };
  const tied = clusters[1]?.members.length === clusters[0]?.members.length;
  const voters = rollouts.filter(({ cluster }) => cluster === 0);
  return {
    phase,
    step,
    problem,
    clusters: clusters.map(({ answer, members, correct }) => ({ answer, count: members.length, correct })),
    majority: majority && { ...majority, tied, logprob: mean(voters.map(({ logprob }) => logprob)) },
    rollouts: rollouts.length,
    unanswered: rollouts.filter(({ cluster }) => cluster === null).length,
    truncated: rollouts.filter(({ finish }) => finish === 'length').length,
    means: {
      reward: mean(rollouts.map(({ reward }) => reward)),
      correct: mean(rollouts.map(({ correct }) => (correct === null ? null : Number(correct)))),
      tokens: mean(rollouts.map(({ tokens }) => tokens)),
      logprob: mean(rollouts.map(({ logprob }) => logprob)),
      entropy: mean(rollouts.map(({ entropy }) => entropy)),
    },
  };
}
