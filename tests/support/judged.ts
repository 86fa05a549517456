/** A judged group as the training loop would make it, from answers and a label. */
import type { JudgedGroup } from '../../engine/analysis/metrics.ts';
import { clusterAnswers } from '../../engine/grading/index.ts';
import type { RolloutSummary } from '../../engine/protocol/records.ts';

/** @param more fields of single rollouts, by index */
export function judged(
  answers: (string | null)[],
  reference: string | null,
  rewards: (number | null)[] = answers.map(() => null),
  more: Partial<RolloutSummary>[] = [],
): JudgedGroup {
  const clusters = clusterAnswers(answers, reference);
  const rollouts = answers.map((answer, i): RolloutSummary => {
    const cluster = clusters.findIndex(({ members }) => members.includes(i));
    return {
      answer,
      cluster: cluster < 0 ? null : cluster,
      correct: reference === null ? null : (clusters[cluster]?.correct ?? false),
      reward: rewards[i]!,
      advantage: null,
      tokens: 10,
      logprob: -1,
      entropy: 1,
      repetition: 0.25,
      finish: 'stop',
      ...more[i],
    };
  });
  const [first] = clusters;
  if (!first) return { clusters, majority: null, rollouts };
  const count = (text: string) => answers.filter((answer) => answer === text).length;
  const rawShare = Math.max(...answers.map((answer) => (answer === null ? 0 : count(answer)))) / answers.length;
  const { answer, members, correct } = first;
  return { clusters, majority: { answer, share: members.length / answers.length, rawShare, correct }, rollouts };
}
