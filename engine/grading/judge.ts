/**
 * What a problem's rollouts answer, which of them agree, and which are right: the one way from texts to votes. The training
 * loop judges what it samples with it, and importers judge what other trainers sampled. Pure.
 */
import type { Cluster, RolloutFacts } from '../protocol/group.ts';
import { clusterAnswers } from './cluster.ts';

/** One, or several of which any counts; null without. */
export type Reference = string | readonly string[] | null;

export interface JudgedAnswers {
  /** Of equal answers, the largest first. */
  clusters: Cluster[];
  /** One per rollout. */
  rollouts: Pick<RolloutFacts, 'answer' | 'cluster' | 'correct'>[];
}

/**
 * Clusters answers and compares them with the reference. Without an answer (null) a rollout is in no cluster, and wrong
 * where there is a reference; without a reference right and wrong are unknown.
 */
export function judgeAnswers(answers: readonly (string | null)[], reference: Reference): JudgedAnswers {
  return judgeAnswersBy(clusterAnswers, answers, reference);
}

/** The same with a way of clustering of one's own. */
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
