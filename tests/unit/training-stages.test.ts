/** The stages of a group: each is a new value, and what it says follows from the one before. */

import { expect, test } from 'vitest';
import { graderOf } from '../../engine/grading/index.ts';
import type { Problem } from '../../engine/protocol/index.ts';
import { RewardOptions, rewardOf } from '../../engine/reward/index.ts';
import {
  judge,
  judgedGroup,
  type Scored,
  score,
  type WithEvidence,
  withAdvantages,
} from '../../engine/training/stages.ts';
import { rollout } from '../support/reward-group.ts';

/** Frozen all the way down, but for arrays of numbers, which cannot be. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
    for (const part of Object.values(value)) frozen(part);
    Object.freeze(value);
  }
  return value;
}

function judged(answers: (string | null)[], reference: string | null, index = 0): WithEvidence {
  const problem: Problem = { index, id: `p${index}`, text: '?', answer: reference, source: 'p', line: 1, row: 0 };
  const rollouts = answers.map((answer) => rollout(['So ', answer === null ? 'what.' : `\\boxed{${answer}}`]));
  return frozen({ ...judge(frozen({ problem, rollouts }), graderOf()), evidence: {} });
}

const reward = rewardOf('majority-vote', RewardOptions.parse({}));
const scored = (group: WithEvidence, trains: number[]): Scored => frozen(score(group, reward, 50, trains));

test('a group passes through all of them, and none is modified', () => {
  const group = scored(judged(['1', '2', '2', null], '1'), [0, 2, 3]);
  expect(group.majority).toMatchObject({ answer: '2', share: 0.5, correct: false });
  expect(group.scores.rewards).toEqual([0, 1, 1, 0]);
  const [done] = withAdvantages([group], 'dr-grpo');
  // Over the three that train: rewards 0, 1, 0.
  expect(done!.advantages).toEqual([expect.closeTo(-1 / 3), null, expect.closeTo(2 / 3), expect.closeTo(-1 / 3)]);
  expect(group).not.toHaveProperty('advantages');
  expect(judgedGroup(frozen(done!)).rollouts).toMatchObject([
    { answer: '1', cluster: 1, correct: true, reward: 0 },
    { answer: '2', cluster: 0, correct: false, reward: 1, advantage: null },
    { answer: '2', cluster: 0, correct: false, reward: 1 },
    { answer: null, cluster: null, correct: false, reward: 0 },
  ]);
});

test('before it is rewarded, a group has neither rewards nor advantages', () => {
  for (const { reward: value, advantage } of judgedGroup(judged(['1', '1'], null)).rollouts) {
    expect([value, advantage]).toEqual([null, null]);
  }
});

test('a group that its reward excludes is not trained on, and gets no advantages', () => {
  const left: Scored = { ...scored(judged(['1', '2'], null), [0, 1]), trains: [] };
  const [a, b] = withAdvantages([left, scored(judged(['1', '2'], null, 1), [0, 1])], 'reinforce++');
  expect(a!.advantages).toEqual([null, null]);
  expect(b!.advantages.every((value) => value !== null)).toBe(true);
});
