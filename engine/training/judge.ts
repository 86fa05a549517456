/** From a problem's rollouts to answers, clusters and the vote; labels are looked at for measuring only. */
import { clusterAnswers, extractAnswer } from '../grading/index.ts';
import { type GroupRecord, repeatedTrigrams, type StoredRollout } from '../protocol/index.ts';
import { majorityOf } from '../reward/index.ts';

export interface Judged extends Pick<GroupRecord, 'clusters' | 'majority' | 'rollouts'> {
  /** Extracted answer of each rollout. */
  answers: (string | null)[];
}

/** Judges a group; `reference` is the label, null without one. Rewards and advantages are still null. */
export function judge(rollouts: readonly StoredRollout[], reference: string | null): Judged {
  const answers = rollouts.map((r) => extractAnswer(r.text, 'strict'));
  const clusters = clusterAnswers(answers, reference);
  const clusterOf = new Map(clusters.flatMap((cluster, c) => cluster.members.map((member) => [member, c] as const)));
  const vote = majorityOf({ answers, clusters });
  return {
    answers,
    clusters,
    majority: vote && {
      answer: vote.answer,
      share: vote.share,
      rawShare: vote.rawShare,
      correct: clusters[0]?.correct ?? null,
    },
    rollouts: rollouts.map((rollout, i) => {
      const cluster = clusterOf.get(i) ?? null;
      return {
        answer: answers[i]!,
        cluster,
        // Without an answer a rollout is wrong, where right and wrong are known.
        correct: cluster === null ? (reference === null ? null : false) : clusters[cluster]!.correct,
        reward: null,
        advantage: null,
        tokens: rollout.tokens.length,
        logprob: meanOf(rollout.logprob),
        entropy: meanOf(rollout.entropy),
        repetition: repeatedTrigrams(rollout.tokens),
        finish: rollout.finish,
      };
    }),
  };
}

function meanOf(values: Float32Array): number | null {
  return values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length;
}
