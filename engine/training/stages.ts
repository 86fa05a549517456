/**
 * The stages of a problem's G rollouts: sampled, judged, with evidence, scored, with advantages. The value of each
 * stage contains everything from the previous one; the functions between them are pure and change nothing in place.
 */
import { type Grader, problemGrader } from '../grading/index.ts';
import type { JudgedGroup } from '../protocol/group.ts';
import {
  type Cluster,
  type Evidence,
  type GroupDetail,
  type LossConfig,
  type Majority,
  majorityOf,
  type Phase,
  type PolicyRollout,
  type Problem,
  type Rollout,
  type RolloutFacts,
  tokenFacts,
} from '../protocol/index.ts';
import type { RunReward, Scores } from '../reward/index.ts';
import { advantages } from './advantages.ts';

/** A problem's rollouts as the policy returned them. */
export interface Sampled {
  readonly problem: Problem;
  /** G of them. */
  readonly rollouts: readonly PolicyRollout[];
}

/** What is known about a rollout before it is rewarded. */
export type Fact = Omit<RolloutFacts, 'reward' | 'advantage' | 'tokens' | 'finish'> &
  Pick<PolicyRollout, 'finish'> & { tokens: number };

/** With answers, clusters of equal answers, and the vote. Labels are used for measuring only. */
export interface Judged extends Sampled {
  /** [G]; null if no answer was extracted. */
  readonly answers: (string | null)[];
  readonly clusters: Cluster[];
  readonly majority: Majority | null;
  /** Found and compared the answers. */
  readonly grader: Grader;
  /** [G] */
  readonly facts: readonly Fact[];
}

/** With what the reward needs beyond the rollouts. */
export interface WithEvidence extends Judged {
  readonly evidence: Evidence;
}

/** With the rewards of all rollouts. */
export interface Scored extends WithEvidence {
  readonly scores: Scores;
  /** Indices of the rollouts that train, ascending; none if the reward excludes the group. */
  readonly trains: readonly number[];
}

export interface WithAdvantages extends Scored {
  /** [G]; null for a rollout that does not train. */
  readonly advantages: readonly (number | null)[];
}

/** Finds the answers by the run's rule, groups equal ones, and counts the votes. */
export function judge({ problem, rollouts }: Sampled, usual: Grader): Judged {
  const grader = problemGrader(problem, usual.rules);
  const texts = rollouts.map(({ text }) => text);
  const { clusters, rollouts: judged } = grader.judge(texts, problem.accepted ?? problem.answer);
  const answers = judged.map(({ answer }) => answer);
  const facts = rollouts.map((rollout, i): Fact => {
    const { answer, cluster, correct } = judged[i]!;
    const { logprob, entropy, repetition } = tokenFacts(rollout.tokens, rollout);
    return {
      answer,
      cluster,
      correct,
      tokens: rollout.tokens.length,
      logprob,
      entropy,
      repetition,
      finish: rollout.finish,
    };
  });
  const majority = majorityOf({ clusters, rollouts: facts });
  return { problem, rollouts, answers, clusters, majority, facts, grader };
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

/** The rewards of a group, given which rollouts are correct: [G], null if unknown or if the reward must not see it. */
export function scoresOf(
  { problem, rollouts, answers, clusters, evidence, grader }: WithEvidence,
  reward: RunReward,
  vocabulary: number,
  correct: readonly (boolean | null)[],
): Scores {
  return reward.score({ problem, rollouts, answers, clusters, vocabulary, evidence, correct, grader });
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

type AnyStage = Judged & Partial<Pick<WithAdvantages, 'scores' | 'advantages' | 'evidence'>>;

/** A group in numbers, at any stage: the input of metrics. */
export function judgedGroup({ clusters, majority, facts, scores, advantages: values }: AnyStage): JudgedGroup {
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

/** A group, at whatever stage it is, as the journal stores it: with texts and tokens, and why each got its reward. */
export function stored(group: AnyStage, { phase, step }: { phase: Phase; step: number }): GroupDetail {
  const { problem, rollouts, clusters, majority, facts, evidence = {}, scores, advantages: values } = group;
  const components = Object.entries(scores?.components ?? {});
  return {
    phase,
    step,
    problem: problem.index,
    clusters,
    majority,
    // Every field by name: an object that is built by spreading is slow to make and slow to read, and a run makes many.
    rollouts: rollouts.map((rollout, i): Rollout => {
      const { text, tokenTexts, tokens: ids, logsumexp, meanLogit, top1, top2 } = rollout;
      const { answer, cluster, correct, tokens, logprob, entropy, repetition, finish } = facts[i]!;
      return {
        answer,
        cluster,
        correct,
        reward: scores?.rewards[i] ?? null,
        advantage: values?.[i] ?? null,
        tokens,
        logprob,
        entropy,
        repetition,
        finish,
        text,
        rewards: Object.fromEntries(components.map(([name, of]) => [name, of[i]!])),
        why: scores?.explain(i) ?? [],
        foreign: {},
        ids,
        tokenTexts,
        statistics: { logprob: rollout.logprob, entropy: rollout.entropy, logsumexp, meanLogit, top1, top2 },
      };
    }),
    evidence,
  };
}
