/** Metrics of a step, from judged groups. Undefined metrics are null. */
import type { CountedGroup, JudgedGroup, RolloutFacts } from '../protocol/group.ts';
import type { StepRecord } from '../protocol/records.ts';
import { mean, meanShare } from '../protocol/values.ts';
import { type Verdict, verdictAsBoolean, verdictOf } from '../protocol/verdict.ts';
import { auroc } from './discrimination.ts';

/** The metrics of a step that come from its rollouts. */
export type StepMetrics = ReturnType<typeof stepMetrics>;

/** Rewards of at least this much claim that the answer is correct, for rewards that judge correctness. */
export const CORRECT_REWARD = 0.5;

/** The property of the training reward that metrics depend on: whether it judges correctness. */
export interface Judgment {
  saysRight: boolean;
}

/**
 * The metrics of a step that come from its rollouts: means over all rollouts (including those that only vote), majority
 * shares over problems, entropy over tokens.
 */
export function stepMetrics(groups: readonly JudgedGroup[], { saysRight }: Judgment) {
  const rollouts = groups.flatMap((group) => group.rollouts);
  return {
    proxyReward: mean(rollouts.flatMap(({ reward }) => reward ?? [])),
    groundTruthReward: correctness(rollouts),
    rewardAccuracy: saysRight ? rewardAccuracy(rollouts) : null,
    labelAccuracy: labelAccuracy(groups),
    majorityShare: meanShare(groups.map(({ majority }) => majority?.share ?? null)),
    rawMajorityShare: meanShare(groups.map(({ majority }) => majority?.rawShare ?? null)),
    entropy: tokenEntropy(rollouts),
    length: meanLength(rollouts),
    truncated: truncatedShare(rollouts),
    noAnswer: unansweredShare(rollouts),
    answerEntropy: mean(withoutNulls(groups.map(answerEntropy))),
    answerDiversity: answerDiversity(groups),
    confidenceAgreement: mean(withoutNulls(groups.map(confidenceAgreement))),
    repetition: mean(withoutNulls(rollouts.map(({ repetition }) => repetition))),
  } satisfies Partial<StepRecord['metrics']>;
}

/**
 * Entropy of a problem's answers in nats: -sum p ln p over its clusters, where p is a cluster's share of the rollouts with
 * an answer. From 0 (one answer) to ln N. This plug-in estimate is biased below the policy's own entropy, the more so the
 * fewer the rollouts. null if no rollout has an answer.
 */
export function answerEntropy({ clusters }: Pick<JudgedGroup, 'clusters'>): number | null {
  const votes = clusters.reduce((total, { members }) => total + members.length, 0);
  if (votes === 0) return null;
  return clusters.reduce((total, { members }) => {
    const p = members.length / votes;
    return p === 1 ? total : total - p * Math.log(p);
  }, 0);
}

/**
 * Distinct majority answers (as strings) / problems with a majority, in (0, 1]: a model that gives the same answer to every
 * problem approaches 0, whatever its confidence. Comparable only between steps of the same size. null if no problem has a
 * majority.
 */
export function answerDiversity(groups: readonly Pick<JudgedGroup, 'majority'>[]): number | null {
  const answers = groups.flatMap(({ majority }) => majority?.answer ?? []);
  return answers.length === 0 ? null : new Set(answers).size / answers.length;
}

/**
 * Whether two independent confidences, likelihood and vote, agree: the AUROC of the mean log-probability for membership in
 * the majority cluster. 1: its members are likelier than all others; 0.5: unrelated; 0: opposed. Rollouts without an answer
 * count as others. null without a majority, or without other answers.
 */
export function confidenceAgreement({ rollouts, majority }: JudgedGroup): number | null {
  if (majority === null) return null;
  const scored = rollouts.filter(({ logprob }) => logprob !== null);
  return auroc(
    scored.map(({ logprob }) => logprob!),
    scored.map(({ cluster }) => cluster === 0),
  );
}

/** The values without nulls, since means are over measured values. */
export function withoutNulls(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}

/** Share of rollouts truncated at the length limit, among those where this is known; null if it is never known. */
export function truncatedShare(rollouts: readonly RolloutFacts[]): number | null {
  return mean(rollouts.flatMap(({ finish }) => (finish === null ? [] : Number(finish === 'length'))));
}

/** Share of rollouts without an answer, from 0 to 1; null without rollouts. */
export function unansweredShare(rollouts: readonly RolloutFacts[]): number | null {
  return mean(rollouts.map(({ answer }) => Number(answer === null)));
}

/** Mean response length in tokens. */
export function meanLength(rollouts: readonly RolloutFacts[]): number | null {
  return mean(withoutNulls(rollouts.map(({ tokens }) => tokens)));
}

/** Share of correct rollouts among those with known correctness; null if there are none. */
export function correctness(rollouts: readonly RolloutFacts[]): number | null {
  return mean(rollouts.flatMap(({ correct }) => (correct === null ? [] : correct ? 1 : 0)));
}

/**
 * Share of rollouts whose reward (0 to 1; at least one half claims a correct answer) agrees with their correctness; null
 * without labels, and if no rollout has an answer, since a reward of 0 is then not a judgment.
 */
export function rewardAccuracy(rollouts: readonly RolloutFacts[]): number | null {
  if (rollouts.every(({ answer }) => answer === null)) return null;
  return mean(
    rollouts.flatMap(({ reward, correct }) =>
      reward === null || correct === null ? [] : reward >= CORRECT_REWARD === correct ? 1 : 0,
    ),
  );
}

/**
 * Share of problems whose pseudo-label (majority answer) is correct, among those with a reference; a problem without any
 * answer counts as wrong. null if no problem has a reference.
 */
export function labelAccuracy(groups: readonly JudgedGroup[]): number | null {
  return mean(groups.flatMap((group) => majorityRight(group) ?? []).map(Number));
}

/** The verdict on a problem's majority answer. */
export function groupVerdict(group: JudgedGroup | CountedGroup): Verdict {
  return verdictOf(group.majority, 'means' in group ? group.means.correct !== null : hasReference(group));
}

/** Whether a problem's majority answer is correct; false without a majority, null without a reference. */
export function majorityRight(group: JudgedGroup | CountedGroup): boolean | null {
  return verdictAsBoolean(groupVerdict(group));
}

/** Whether the correctness of any of the group's rollouts is known. */
export function hasReference({ rollouts }: JudgedGroup): boolean {
  return rollouts.some(({ correct }) => correct !== null);
}

/** Mean entropy per token over the tokens of all rollouts, in nats; null without tokens. */
export function tokenEntropy(rollouts: readonly RolloutFacts[]): number | null {
  let total = 0;
  let tokens = 0;
  for (const rollout of rollouts) {
    if (rollout.entropy === null || rollout.tokens === null) continue;
    total += rollout.entropy * rollout.tokens;
    tokens += rollout.tokens;
  }
  return tokens === 0 ? null : total / tokens;
}
