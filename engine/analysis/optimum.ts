/**
 * The KL-regularized optimum of a reward over a problem's rollouts, the distance between two distributions over answers, and
 * Theorem 1 (arXiv 2603.08660, section 4). Pure.
 */

import type { CountedGroup } from '../protocol/group.ts';
import type { Estimate } from '../protocol/records.ts';
import { wilson } from './estimates.ts';
import { checkBeta, type SameAnswer, sameString } from './theory.ts';

export interface Optimum {
  /** Weight of each rollout under pi*, with a sum of 1. */
  weights: number[];
  /** Probability of each cluster, in order. */
  clusters: number[];
  noAnswer: number;
  /** Probability of the current majority answer; null if there is none. */
  majorityShare: number | null;
  /** Index of the likeliest cluster under pi*, the first if several are equally likely; null without clusters. */
  top: number | null;
  /** Expected accuracy; null without a reference. */
  accuracy: number | null;
  /** Effective sample size: 1 / sum of squared weights. */
  effective: number;
}

/** The input of the optimum: each rollout's cluster, and whether it is correct. */
interface CountedRollouts {
  clusters: readonly unknown[];
  rollouts: readonly { cluster: number | null; correct: boolean | null }[];
}

/** The rollouts of a counted group, cluster by cluster. */
export function rolloutsOf({ clusters, unanswered, means }: CountedGroup): CountedRollouts {
  const wrong = means.correct === null ? null : false;
  const answered = clusters.flatMap(({ count, correct }, cluster) =>
    Array.from({ length: count }, () => ({ cluster, correct })),
  );
  return {
    clusters,
    rollouts: [...answered, ...Array.from({ length: unanswered }, () => ({ cluster: null, correct: wrong }))],
  };
}

/**
 * The KL-regularized optimum pi*(y) = pi(y) exp(r(y)/beta) / Z, estimated by reweighting rollouts sampled from pi: weights
 * are proportional to exp(r/beta). beta = Infinity yields pi itself. Throws `usage` for a beta that is not positive, and
 * RangeError unless there is one reward per rollout.
 */
export function optimum({ clusters, rollouts }: CountedRollouts, rewards: readonly number[], beta: number): Optimum {
  checkBeta(beta);
  if (rewards.length !== rollouts.length)
    throw new RangeError(`${rewards.length} rewards of ${rollouts.length} rollouts`);
  const most = Math.max(...rewards);
  // Relative to the largest, to avoid overflow.
  const raw = rewards.map((reward) => (reward === most ? 1 : Math.exp((reward - most) / beta)));
  const total = raw.reduce((sum, weight) => sum + weight, 0);
  const weights = raw.map((weight) => weight / total);
  const mass = (holds: (i: number) => boolean) =>
    weights.reduce((sum, weight, i) => (holds(i) ? sum + weight : sum), 0);
  const shares = clusters.map((_, c) => mass((i) => rollouts[i]!.cluster === c));
  const best = Math.max(...shares);
  return {
    weights,
    clusters: shares,
    noAnswer: mass((i) => rollouts[i]!.cluster === null),
    majorityShare: shares[0] ?? null,
    top: shares.length === 0 ? null : shares.indexOf(best),
    accuracy: rollouts.some(({ correct }) => correct !== null) ? mass((i) => rollouts[i]!.correct === true) : null,
    effective: 1 / weights.reduce((sum, weight) => sum + weight * weight, 0),
  };
}

/** The share of one answer in a distribution; rollouts without an answer account for the rest. */
export interface AnswerShare {
  answer: string;
  share: number;
}

/** Shares of a group's answers among all of its rollouts. */
export function answerShares({ clusters, rollouts }: Pick<CountedGroup, 'clusters' | 'rollouts'>): AnswerShare[] {
  return clusters.map(({ answer, count }) => ({ answer, share: count / rollouts }));
}

/**
 * Total variation distance between two distributions over answers: half the sum of |p - q|, where the rest up to 1 counts as
 * an additional answer. In [0, 1].
 */
export function totalVariation(
  p: readonly AnswerShare[],
  q: readonly AnswerShare[],
  same: SameAnswer = sameString,
): number {
  const rest = [...q];
  let distance = 0;
  for (const { answer, share } of p) {
    const at = rest.findIndex((other) => same(answer, other.answer));
    const [match] = at < 0 ? [] : rest.splice(at, 1);
    distance += Math.abs(share - (match?.share ?? 0));
  }
  for (const { share } of rest) distance += share;
  const missing = (shares: readonly AnswerShare[]) => 1 - shares.reduce((total, { share }) => total + share, 0);
  return (distance + Math.abs(missing(p) - missing(q))) / 2;
}

export interface TheoremCheck {
  /** Share of problems whose last majority is the first one, as the theorem predicts. */
  kept: Estimate | null;
  /** Among problems with a reference, the share that ends correct if and only if it began correct. */
  outcome: Estimate | null;
  /** Problems with a first and a last majority. */
  problems: number;
}

/** Tests Theorem 1's prediction: a problem ends with its initial majority, correct or wrong. */
export function checkTheorem(
  problems: readonly { first: Pick<CountedGroup, 'majority'>; last: Pick<CountedGroup, 'majority'> }[],
  same: SameAnswer,
): TheoremCheck {
  const voted = problems.flatMap(({ first, last }) =>
    first.majority && last.majority ? { first: first.majority, last: last.majority } : [],
  );
  const labeled = voted.filter(({ first, last }) => first.correct !== null && last.correct !== null);
  return {
    kept: wilson(voted.filter(({ first, last }) => same(first.answer, last.answer)).length, voted.length),
    outcome: wilson(labeled.filter(({ first, last }) => first.correct === last.correct).length, labeled.length),
    problems: voted.length,
  };
}
