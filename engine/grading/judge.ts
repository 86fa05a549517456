/**
 * The answers of a problem's rollouts, which of them agree, and which are correct: the one path from texts to votes. The
 * training loop uses it for what it samples, and importers for the rollouts of other trainers. Pure.
 */
import type { Cluster, RolloutFacts } from '../protocol/group.ts';
import { clusterAnswers } from './cluster.ts';

/** One reference, or several of which any counts; null if there is none. */
export type Reference = string | readonly string[] | null;

export interface JudgedAnswers {
  /** Clusters of equal answers, the largest first. */
  clusters: Cluster[];
  /** One per rollout. */
  rollouts: Pick<RolloutFacts, 'answer' | 'cluster' | 'correct'>[];
}

/**
 * Clusters answers and compares them with the reference. A rollout without an answer (null) is in no cluster, and is wrong
 * if there is a reference; without a reference, correctness is unknown.
 */
export function judgeAnswers(answers: readonly (string | null)[], reference: Reference): JudgedAnswers {
  return judgeAnswersBy(clusterAnswers, answers, reference);
}

/** The same with a custom clustering function. */
export function judgeAnswersBy(
  cluster: (answers: readonly (string | null)[], reference: Reference) => Cluster[],
  answers: readonly (string | null)[],
  reference: Reference,
): JudgedAnswers {
  const clusters = cluster(answers, reference);
  const clusterOf = new Array<number | null>(answers.length).fill(null);
  clusters.forEach(({ members }, c) => {
    for (const member of members) clusterOf[member] = c;
  });
  const unanswered = reference === null ? null : false;
  const rollouts = answers.map((answer, i) => {
    const cluster = clusterOf[i]!;
    return { answer, cluster, correct: cluster === null ? unanswered : clusters[cluster]!.correct };
  });
  return { clusters, rollouts };
}
