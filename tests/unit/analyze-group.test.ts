/** `rollscope analyze` looks for answers as the run did: by the run's rule, or by the rule of the problem. */
import { expect, test } from 'vitest';
import { confidencesIn, rewardsIn } from '../../engine/cli/analyze/group.ts';
import { foreignGroup } from '../../engine/importers/group.ts';
import type { Problem } from '../../engine/protocol/problem.ts';
import { rewardOf } from '../../engine/reward/index.ts';

const LAST_NUMBER = { answer: 'last-number', compare: 'math' } as const;
const AUTOMATIC = { answer: 'auto', compare: 'math' } as const;
const TOKENS = ['it is ', '5', ' or ', '6'];

function material(rule: string | undefined, grading: typeof LAST_NUMBER | typeof AUTOMATIC) {
  const problem: Problem = { index: 0, id: 'a', text: 'Which?', answer: '6', source: 'p', row: 0, line: null };
  const rollout = {
    text: TOKENS.join(''),
    tokenTexts: TOKENS,
    ids: Int32Array.of(1, 2, 3, 4),
    statistics: {
      logprob: Float32Array.of(0, 0, 0, Math.log(0.25)),
      top1: Float32Array.of(1, 1, 1, 0.5),
      top2: Float32Array.of(0, 0, 0, 0.25),
    },
  };
  const id = { phase: 'probe', step: 0 } as const;
  return {
    group: foreignGroup(id, { index: 0, reference: '6', rule }, [rollout], grading),
    run: { problems: [rule === undefined ? problem : { ...problem, rule }], grading, vocabulary: 100 },
  };
}

test.each([
  ['run', undefined, LAST_NUMBER],
  ['problem', 'last-number', AUTOMATIC],
] as const)('the rule of the %s determines which tokens are the answer', (_, rule, grading) => {
  const { group, run } = material(rule, grading);
  expect(group.rollouts[0]!.answer).toBe('6');
  expect(confidencesIn(group, run).values['answer-probability'][0]).toBeCloseTo(0.25, 6);
  expect(rewardsIn(group, run, rewardOf('probability-disparity', {}))).toEqual([0.25]);
});
