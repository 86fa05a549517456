/** Metrics of a step and of an evaluation, from judged groups. What does not exist is null. */
import type { Estimate, EvaluationRecord, GroupRecord, RolloutSummary, StepRecord } from '../protocol/records.ts';
import { majorityAtK, passAtK } from './at-k.ts';
import { bootstrap, mean, wilson } from './estimates.ts';

/** The rollouts of one problem with their clusters, vote, correctness and rewards. */
export type JudgedGroup = Pick<GroupRecord, 'clusters' | 'majority' | 'rollouts'>;

type FromRollouts =
  | 'proxyReward'
  | 'groundTruthReward'
  | 'rewardAccuracy'
  | 'labelAccuracy'
  | 'majorityShare'
  | 'rawMajorityShare'
  | 'entropy'
  | 'length'
  | 'truncated'
  | 'noAnswer';
type StepMetrics = Pick<StepRecord['metrics'], FromRollouts>;

/** A reward of at least this much says that the answer is right. */
const REWARDED = 0.5;

/**
 * The part of a step's metrics that comes from its rollouts. Means run over all rollouts (those that only vote
 * included), shares of the majority over problems, entropy over tokens.
 */
export function stepMetrics(groups: readonly JudgedGroup[]): StepMetrics {
  const rollouts = groups.flatMap((group) => group.rollouts);
  return {
    proxyReward: mean(rollouts.flatMap(({ reward }) => reward ?? [])) ?? 0,
    groundTruthReward: correctness(rollouts),
    rewardAccuracy: rewardAccuracy(rollouts),
    labelAccuracy: labelAccuracy(groups),
    majorityShare: mean(groups.map(({ majority }) => majority?.share ?? 0)) ?? 0,
    rawMajorityShare: mean(groups.map(({ majority }) => majority?.rawShare ?? 0)) ?? 0,
    entropy: tokenEntropy(rollouts) ?? 0,
    length: mean(rollouts.map(({ tokens }) => tokens)) ?? 0,
    truncated: share(rollouts, ({ finish }) => finish === 'length'),
    noAnswer: share(rollouts, ({ answer }) => answer === null),
  };
}

function share(rollouts: readonly RolloutSummary[], holds: (rollout: RolloutSummary) => boolean): number {
  return mean(rollouts.map((rollout) => (holds(rollout) ? 1 : 0))) ?? 0;
}

/** Share of right rollouts among those that can be judged; null when none can. */
function correctness(rollouts: readonly RolloutSummary[]): number | null {
  return mean(rollouts.flatMap(({ correct }) => (correct === null ? [] : correct ? 1 : 0)));
}

/** Share of rollouts whose reward (0 to 1, half or more being a yes) agrees with their correctness; null without labels. */
export function rewardAccuracy(rollouts: readonly RolloutSummary[]): number | null {
  return mean(
    rollouts.flatMap(({ reward, correct }) =>
      reward === null || correct === null ? [] : reward >= REWARDED === correct ? 1 : 0,
    ),
  );
}

/**
 * Share of problems whose pseudo-label (majority answer) is right, of those with a reference; a problem without any
 * answer has a wrong one. null when no problem has a reference.
 */
export function labelAccuracy(groups: readonly JudgedGroup[]): number | null {
  return mean(groups.filter(hasReference).map(({ majority }) => (majority?.correct ? 1 : 0)));
}

function hasReference({ rollouts }: JudgedGroup): boolean {
  return rollouts.some(({ correct }) => correct !== null);
}

/** Mean entropy a token over the tokens of all rollouts, nats; null without tokens. */
function tokenEntropy(rollouts: readonly RolloutSummary[]): number | null {
  let total = 0;
  let tokens = 0;
  for (const rollout of rollouts) {
    if (rollout.entropy === null) continue;
    total += rollout.entropy * rollout.tokens;
    tokens += rollout.tokens;
  }
  return tokens === 0 ? null : total / tokens;
}

type EvaluationMetrics = Pick<
  EvaluationRecord,
  'accuracy' | 'majorityAccuracy' | 'greedyAccuracy' | 'passAtK' | 'majorityShare' | 'entropy' | 'length'
>;

/**
 * The metrics of an evaluation: avg@k with a bootstrap over problems; maj@k, pass@k and greedy accuracy, which are right
 * or wrong for each problem, with Wilson's interval. Only problems with a reference count.
 * @param sampled the k samples of each problem
 * @param greedy one greedy rollout of each problem, or none
 */
export function evaluationMetrics(sampled: readonly JudgedGroup[], greedy: readonly JudgedGroup[]): EvaluationMetrics {
  const labelled = sampled.filter(hasReference);
  const decoded = greedy.filter(hasReference);
  const rollouts = sampled.flatMap((group) => group.rollouts);
  return {
    accuracy: bootstrap(labelled.map((group) => correctness(group.rollouts)!)),
    majorityAccuracy: proportion(labelled.map(majorityIsRight)),
    greedyAccuracy: proportion(decoded.map(({ rollouts: [first] }) => first?.correct === true)),
    passAtK: proportion(labelled.map((group) => group.rollouts.some(({ correct }) => correct === true))),
    majorityShare: mean(sampled.map(({ majority }) => majority?.share ?? 0)) ?? 0,
    entropy: tokenEntropy(rollouts),
    length: mean(rollouts.map(({ tokens }) => tokens)),
  };
}

function majorityIsRight({ majority }: JudgedGroup): boolean {
  return majority?.correct === true;
}

function proportion(outcomes: readonly boolean[]): Estimate | null {
  return wilson(outcomes.filter(Boolean).length, outcomes.length);
}

/** pass@k and maj@k for a k below the number of samples: means over problems with a reference, by bootstrap. */
export function estimatesAtK(
  groups: readonly JudgedGroup[],
  k: number,
): { pass: Estimate | null; majority: Estimate | null } {
  const labelled = groups.filter((group) => hasReference(group) && group.rollouts.length >= k);
  return {
    pass: bootstrap(
      labelled.map(({ rollouts }) => passAtK(rollouts.length, rollouts.filter((r) => r.correct === true).length, k)!),
    ),
    majority: bootstrap(
      labelled.map(({ rollouts, clusters }) => {
        const counts = clusters.map(({ members, correct }) => ({ votes: members.length, correct: correct === true }));
        return majorityAtK(counts, rollouts.length, k)!;
      }),
    ),
  };
}
