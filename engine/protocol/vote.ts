/** The vote of a group's rollouts. Pure, without schemas. */

export interface Vote {
  /** The winning cluster's answer, as its first member wrote it. */
  answer: string;
  members: readonly number[];
  /** Members / all rollouts, including those without an answer. */
  share: number;
  /** The most frequent string's count / all rollouts: the result of voting on strings. */
  rawShare: number;
  /** Whether another cluster is as large. */
  tied: boolean;
}

/** The vote of a group; null when no rollout has an answer. Clusters come largest first. */
export function voteOf(
  answers: readonly (string | null)[],
  clusters: readonly { answer: string; members: readonly number[] }[],
): Vote | null {
  const [first, second] = clusters;
  if (!first) return null;
  const counts = new Map<string, number>();
  for (const answer of answers) if (answer !== null) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  return {
    answer: first.answer,
    members: first.members,
    share: first.members.length / answers.length,
    rawShare: Math.max(...counts.values()) / answers.length,
    tied: second?.members.length === first.members.length,
  };
}
