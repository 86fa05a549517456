/** A judged group as the training loop would produce it, from answers and a label. */
import { judgeAnswers } from '../../engine/grading/index.ts';
import type { JudgedGroup } from '../../engine/protocol/group.ts';
import { type CountedGroup, groupSummary, majorityOf, type RolloutFacts } from '../../engine/protocol/index.ts';

/** @param more additional fields of single rollouts, by index */
export function judged(
  answers: (string | null)[],
  reference: string | null,
  rewards: (number | null)[] = answers.map(() => null),
  more: Partial<RolloutFacts>[] = [],
): JudgedGroup {
  const { clusters, rollouts: found } = judgeAnswers(answers, reference);
  const rollouts = found.map(
    (facts, i): RolloutFacts => ({
      ...facts,
      reward: rewards[i]!,
      advantage: null,
      tokens: 10,
      logprob: -1,
      entropy: 1,
      repetition: 0.25,
      finish: 'stop',
      ...more[i],
    }),
  );
  return { clusters, majority: majorityOf({ clusters, rollouts }), rollouts };
}

/** The same group with counts as in its record. */
export function counted(answers: (string | null)[], reference: string | null): CountedGroup {
  const { clusters, rollouts } = judged(answers, reference);
  return groupSummary({
    phase: 'train',
    step: 0,
    problem: 0,
    clusters,
    majority: majorityOf({ clusters, rollouts }),
    rollouts,
  });
}

/** Whether two answers are identical texts. */
export const sameText = (a: string, b: string): boolean => a === b;
