/** Metrics of a step, from judged groups. What does not exist is null. */
import type { CountedGroup, JudgedGroup, RolloutFacts } from '../protocol/group.ts';
import type { StepRecord } from '../protocol/records.ts';
import { mean, meanShare } from '../protocol/values.ts';
import { rightOf, type Verdict, verdictOf } from '../protocol/verdict.ts';
import { auroc } from './discrimination.ts';

/** The metrics of a step that come from its rollouts. */
export type StepMetrics = ReturnType<typeof stepMetrics>;

/** A reward of at least this much says that the answer is right, where it says right or wrong. */
export const REWARDED = 0.5;

/** What metrics must know of the reward that trains: whether it says right or wrong. */
export interface Judgment {
  saysRight: boolean;
}

/**
 * The part of a step's metrics that comes from its rollouts. Means run over all rollouts (those that only vote
 * included), shares of the majority over problems, entropy over tokens.
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
    length: lengthOf(rollouts),
    truncated: truncatedShare(rollouts),
    noAnswer: unansweredShare(rollouts),
    answerEntropy: mean(existing(groups.map(answerEntropy))),
    answerDiversity: answerDiversity(groups),
    confidenceAgreement: mean(existing(groups.map(confidenceAgreement))),
    repetition: mean(existing(rollouts.map(({ repetition }) => repetition))),
  } satisfies Partial<StepRecord['metrics']>;
}

/**
 * Entropy of a problem's answers, nats: -sum p ln p over its clusters, p being a cluster's share of the rollouts that
 * have an answer (those without are left out, as they are in the vote). From 0 (one answer) to ln N. The plug-in
 * estimate: it is below the policy's own entropy on average, the more so the fewer the rollouts. null when no rollout has
 * an answer.
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
 * Distinct majority answers (as strings) / problems with a majority, in (0, 1]: a model that gives the same answer to
 * everything falls towards 0, whatever its confidence. It is only meaningful relative to its value at other steps of the same
 * size. null when no problem has a majority.
 */
export function answerDiversity(groups: readonly Pick<JudgedGroup, 'majority'>[]): number | null {
  const answers = groups.flatMap(({ majority }) => majority?.answer ?? []);
  return answers.length === 0 ? null : new Set(answers).size / answers.length;
}

/**
 * Whether two independent confidences, likelihood and vote, point the same way: the AUROC of the mean log-probability for
 * membership of the majority cluster. 1: its members are likelier than all others, 0.5: no relation, 0: against each
 * other. Rollouts without an answer are others. null without a majority, or without other answers.
 */
export function confidenceAgreement({ rollouts, majority }: JudgedGroup): number | null {
  if (majority === null) return null;
  const scored = rollouts.filter(({ logprob }) => logprob !== null);
  return auroc(
    scored.map(({ logprob }) => logprob!),
    scored.map(({ cluster }) => cluster === 0),
  );
}

/** The values without nulls: means are over what was measured. */
export function existing(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}

/** Share of the rollouts that were truncated at the length limit, of those where that is known; null where it is of none. */
export function truncatedShare(rollouts: readonly RolloutFacts[]): number | null {
  return mean(rollouts.flatMap(({ finish }) => (finish === null ? [] : Number(finish === 'length'))));
}

/** Share of rollouts without an answer, from 0 to 1; null for no rollouts. */
export function unansweredShare(rollouts: readonly RolloutFacts[]): number | null {
  return mean(rollouts.map(({ answer }) => Number(answer === null)));
}

/** Mean response length, tokens. */
export function lengthOf(rollouts: readonly RolloutFacts[]): number | null {
  return mean(existing(rollouts.map(({ tokens }) => tokens)));
}

/** Share of right rollouts among those that can be judged; null when none can. */
export function correctness(rollouts: readonly RolloutFacts[]): number | null {
  return mean(rollouts.flatMap(({ correct }) => (correct === null ? [] : correct ? 1 : 0)));
}

/**
 * Share of rollouts whose reward (0 to 1, half or more being a yes) agrees with their correctness; null without labels, and
 * where no rollout has an answer: a reward of 0 for nothing is not a judgment.
 */
export function rewardAccuracy(rollouts: readonly RolloutFacts[]): number | null {
  if (rollouts.every(({ answer }) => answer === null)) return null;
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
  return mean(groups.flatMap((group) => majorityRight(group) ?? []).map(Number));
}

/** How a problem's vote stands against its reference. */
export function groupVerdict(group: JudgedGroup | CountedGroup): Verdict {
  return verdictOf(group.majority, 'means' in group ? group.means.correct !== null : hasReference(group));
}

/** Whether a problem's majority answer is right; no majority is a wrong one. null without a reference. */
export function majorityRight(group: JudgedGroup | CountedGroup): boolean | null {
  return rightOf(groupVerdict(group));
}

/** Whether anything is known about the correctness of a group's rollouts. */
export function hasReference({ rollouts }: JudgedGroup): boolean {
  return rollouts.some(({ correct }) => correct !== null);
}

/** Mean entropy per token over the tokens of all rollouts, nats; null without tokens. */
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
