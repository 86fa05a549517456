/** Metrics of an evaluation, from judged groups. Undefined metrics are null. */
import type { JudgedGroup } from '../protocol/group.ts';
import type { EvaluationMetric } from '../protocol/metrics.ts';
import type { Estimate, EvaluationRecord } from '../protocol/records.ts';
import { mean, meanShare, smallest } from '../protocol/values.ts';
import { majorityAtK, passAtK } from './at-k.ts';
import { bootstrap, wilson } from './estimates.ts';
import {
  answerEntropy,
  correctness,
  hasReference,
  meanLength,
  tokenEntropy,
  truncatedShare,
  unansweredShare,
  withoutNulls,
} from './metrics.ts';

type EvaluationMetrics = Pick<EvaluationRecord, EvaluationMetric>;

/**
 * The metrics of an evaluation: avg@k with a bootstrap over problems; maj@k, pass@k and greedy accuracy, which are binary
 * for each problem, with Wilson's interval. Only problems with a reference count.
 * @param sampled the k samples of each problem
 * @param greedy one greedy rollout of each problem, or none
 */
export function evaluationMetrics(sampled: readonly JudgedGroup[], greedy: readonly JudgedGroup[]): EvaluationMetrics {
  const labeled = sampled.filter(hasReference);
  const decoded = greedy.filter(hasReference);
  const rollouts = sampled.flatMap((group) => group.rollouts);
  return {
    accuracy: bootstrap(labeled.map((group) => correctness(group.rollouts)!)),
    majorityAccuracy: proportion(labeled.map(majorityIsRight)),
    greedyAccuracy: proportion(decoded.map(({ rollouts: [first] }) => first?.correct === true)),
    passAtK: proportion(labeled.map((group) => group.rollouts.some(({ correct }) => correct === true))),
    majorityShare: meanShare(sampled.map(({ majority }) => majority?.share ?? null)),
    entropy: tokenEntropy(rollouts),
    length: meanLength(rollouts),
    answerEntropy: mean(withoutNulls(sampled.map(answerEntropy))),
    repetition: mean(withoutNulls(rollouts.map(({ repetition }) => repetition))),
    truncated: truncatedShare(rollouts),
    noAnswer: unansweredShare(rollouts),
    atK: labeled.length === 0 ? null : curveAtK(labeled),
  };
}

function majorityIsRight({ majority }: JudgedGroup): boolean {
  return majority?.correct === true;
}

/** Share of true outcomes with Wilson's 95% interval; null without outcomes. */
export function proportion(outcomes: readonly boolean[]): Estimate | null {
  return wilson(outcomes.filter(Boolean).length, outcomes.length);
}

/** Largest k of the curve except k = n: an exact maj@k of thousands of samples would take minutes. */
const MAX_K = 64;

/** 1, 2, 4, ... up to 64, and n. */
export function ksUpTo(n: number): number[] {
  const ks: number[] = [];
  for (let k = 1; k < n && k <= MAX_K; k *= 2) ks.push(k);
  return n < 1 ? [] : [...ks, n];
}

/** pass@k of a group, unbiased (arXiv 2107.03374); k is at most its number of rollouts. */
export function passAt({ rollouts }: JudgedGroup, k: number): number {
  return passAtK(rollouts.length, rollouts.filter((r) => r.correct === true).length, k)!;
}

/** maj@k of a group (`majorityAtK`): probability that the majority of k of its n rollouts is correct; k is at most n. */
export function majorityAt({ rollouts, clusters }: JudgedGroup, k: number): number {
  const counts = clusters.map(({ members, correct }) => ({ votes: members.length, correct: correct === true }));
  return majorityAtK(counts, rollouts.length, k)!;
}

/**
 * pass@k and maj@k over k = 1, 2, 4, ... up to the smallest number of samples of any problem: means over the problems with a
 * reference, by bootstrap. At k = 1 both are the accuracy.
 */
export function curveAtK(groups: readonly JudgedGroup[]): { k: number; pass: Estimate; majority: Estimate }[] {
  const labeled = groups.filter(hasReference);
  const n = smallest(labeled.map(({ rollouts }) => rollouts.length));
  return labeled.length === 0 ? [] : ksUpTo(n).map((k) => ({ k, ...estimatesAtK(labeled, k)! }));
}

/** pass@k and maj@k: means over problems with a reference and at least k samples, by bootstrap; null if there are none. */
export function estimatesAtK(groups: readonly JudgedGroup[], k: number): { pass: Estimate; majority: Estimate } | null {
  const labeled = groups.filter((group) => hasReference(group) && group.rollouts.length >= k);
  const pass = bootstrap(labeled.map((group) => passAt(group, k)));
  const majority = bootstrap(labeled.map((group) => majorityAt(group, k)));
  return pass && majority && { pass, majority };
}
