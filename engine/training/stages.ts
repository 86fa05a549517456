/**
 * What becomes of a problem's G rollouts: sampled, judged, with evidence, scored, with advantages. Each stage is a value
 * that has all that the one before it had; the functions between them are pure and change none.
 */
import type { JudgedGroup } from '../analysis/metrics.ts';
import { clusterAnswers, extractAnswer } from '../grading/index.ts';
import {
  type Cluster,
  type Evidence,
  type GroupRecord,
  type LossConfig,
  type Problem,
  type RolloutSummary,
  repeatedTrigrams,
  type StoredRollout,
} from '../protocol/index.ts';
import { majorityOf, type RunReward, type Scores } from '../reward/index.ts';
import { advantages } from './advantages.ts';

/** A problem's rollouts as they came from the policy. */
export interface Sampled {
  readonly problem: Problem;
  /** G of them. */
  readonly rollouts: readonly StoredRollout[];
}

/** What is known of a rollout before it is rewarded. */
export type Fact = Omit<RolloutSummary, 'reward' | 'advantage'>;

/** With answers, clusters of equal answers, and the vote. Labels are looked at for measuring only. */
export interface Judged extends Sampled {
  /** [G]; null where no answer was extracted. */
  readonly answers: (string | null)[];
  readonly clusters: Cluster[];
  readonly majority: GroupRecord['majority'];
  /** [G] */
  readonly facts: readonly Fact[];
}

/** With what the reward asked for beyond the rollouts. */
export interface WithEvidence extends Judged {
  readonly evidence: Evidence;
}

/** With the rewards of all rollouts. */
export interface Scored extends WithEvidence {
  readonly scores: Scores;
  /** Indices of the rollouts that train, ascending; none where the reward leaves the group out. */
  readonly trains: readonly number[];
}

export interface WithAdvantages extends Scored {
  /** [G]; null for a rollout that does not train. */
  readonly advantages: readonly (number | null)[];
}

/** Extracts answers (strictly: no answer is no answer), groups what is equal, and counts the votes. */
export function judge({ problem, rollouts }: Sampled): Judged {
  const reference = problem.answer;
  const answers = rollouts.map((r) => extractAnswer(r.text, 'strict'));
  const clusters = clusterAnswers(answers, reference);
  const clusterOf = new Map(clusters.flatMap((cluster, c) => cluster.members.map((member) => [member, c] as const)));
  const vote = majorityOf({ answers, clusters });
  return {
    problem,
    rollouts,
    answers,
    clusters,
    majority: vote && {
      answer: vote.answer,
      share: vote.share,
      rawShare: vote.rawShare,
      correct: clusters[0]?.correct ?? null,
    },
    facts: rollouts.map((rollout, i) => {
      const cluster = clusterOf.get(i) ?? null;
      return {
        answer: answers[i]!,
        cluster,
        // Without an answer a rollout is wrong, where right and wrong are known.
        correct: cluster === null ? (reference === null ? null : false) : clusters[cluster]!.correct,
        tokens: rollout.tokens.length,
        logprob: meanOf(rollout.logprob),
        entropy: meanOf(rollout.entropy),
        repetition: repeatedTrigrams(rollout.tokens),
        finish: rollout.finish,
      };
    }),
  };
}

/**
 * Rewards a group. `subset`: the rollouts that may train; the others only vote. `vocabulary`: its size.
 * Throws RollscopeError `dataset` where the problem's columns do not suit the reward.
 */
export function score(group: WithEvidence, reward: RunReward, vocabulary: number, subset: readonly number[]): Scored {
  const scores = scoresOf(
    group,
    reward,
    vocabulary,
    group.facts.map(({ correct }) => correct),
  );
  return { ...group, scores, trains: scores.skip === undefined ? subset : [] };
}

/** The rewards of a group, given what is right: [G], null where that is not known or not to be told. */
export function scoresOf(
  { problem, rollouts, answers, clusters, evidence }: WithEvidence,
  reward: RunReward,
  vocabulary: number,
  correct: readonly (boolean | null)[],
): Scores {
  return reward.score({ problem, rollouts, answers, clusters, vocabulary, evidence, correct });
}

/** Advantages over the rollouts that train. Estimators that compare groups must be given all of a step. */
export function withAdvantages(groups: readonly Scored[], estimator: LossConfig['advantage']): WithAdvantages[] {
  const values = advantages(
    estimator,
    groups.map(({ scores, trains }) => trains.map((i) => (scores.basis ?? scores.rewards)[i]!)),
  );
  return groups.map((group, g) => ({
    ...group,
    advantages: group.rollouts.map((_, i) => values[g]![group.trains.indexOf(i)] ?? null),
  }));
}

/** A group in numbers, at whatever stage it is: what metrics and records are made of. */
export function summarize(group: Judged & Partial<Pick<WithAdvantages, 'scores' | 'advantages'>>): JudgedGroup {
  const { clusters, majority, facts, scores, advantages: values } = group;
  return {
    clusters,
    majority,
    rollouts: facts.map((fact, i) => ({
      ...fact,
      reward: scores?.rewards[i] ?? null,
      advantage: values?.[i] ?? null,
    })),
  };
}

function meanOf(values: Float32Array): number | null {
  return values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length;
}
