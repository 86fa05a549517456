/** Where the answer of a response stands, and which mark it was found by. */
import { expect, test } from 'vitest';
import { answerPlaces } from '../../engine/reward/answer-place.ts';

test.each([
  ['so \\boxed{30}.', '30', '\\boxed{}', 10],
  ['<answer> 30 </answer>', '30', '<answer>', 9],
  ['7,13 #### 30', '30', '####', 10],
  ['So the answer is 30.', '30', 'answer is', 17],
  ['in a \\boxed{1} #### x\nthe final answer is \\boxed{2}', '2', '\\boxed{}', 49],
])('%j', (text, answer, rule, start) => {
  expect(answerPlaces([{ text, answer }], {})).toEqual([{ start, end: start + answer.length, rule }]);
});

test('a rule of the run or of the problem has its own name, and another trainer’s answer has no place', () => {
  const rollouts = [{ text: 'it is 30', answer: '30' }];
  const rules = { answer: 'last-number', compare: 'math' } as const;
  expect(answerPlaces(rollouts, {}, rules)).toEqual([{ start: 6, end: 8, rule: 'last-number' }]);
  expect(answerPlaces(rollouts, { rule: 'last-line' }, rules)).toEqual([null]);
  expect(
    answerPlaces(
      [
        { text: 'so \\boxed{30}', answer: '31' },
        { text: 'no', answer: null },
      ],
      {},
    ),
  ).toEqual([null, null]);
});
