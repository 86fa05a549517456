/** The vote of a group, and whether it is a tie. */
import { expect, test } from 'vitest';
import { clusterAnswers } from '../../engine/grading/index.ts';
import { voteOf } from '../../engine/protocol/vote.ts';

const vote = (...answers: (string | null)[]) => voteOf(answers, clusterAnswers(answers));

test.each([
  [['1', '2'], '1', 0.5, true],
  [['1', '2', '2', '1', null], '2', 0.4, true],
  [['1', '2', '1.0'], '1', 2 / 3, false],
  [['7'], '7', 1, false],
  [['1', '2', '3'], '1', 1 / 3, true],
  [['1', '1', '2', '2', '3'], '1', 0.4, true],
  [['1', '1', '2', '3', '3', '3'], '3', 0.5, false],
] as const)('of %j is %s with a share of %d, a tie: %s', (answers, answer, share, tied) => {
  expect(vote(...answers)).toMatchObject({ answer, share, tied });
});

test('of no answers is null; equal spellings alone give the raw share', () => {
  expect(vote(null, null)).toBeNull();
  expect(vote('1', '1.0', '2', '2')).toMatchObject({ rawShare: 0.5, share: 0.5, tied: true });
});
