import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clusterAnswers, equivalent } from '../../engine/grading/index.ts';

test('equivalent answers are one cluster; the largest comes first', () => {
  expect(clusterAnswers(['3', '1/2', '0.5', null, '\\frac{2}{4}', '3.0'], '0.5')).toEqual([
    { answer: '1/2', members: [1, 2, 4], correct: true },
    { answer: '3', members: [0, 5], correct: false },
  ]);
});

test('ties go to the answer that reached the count first, by rollout index', () => {
  expect(clusterAnswers(['2', '1', '1', '2']).map((c) => c.answer)).toEqual(['1', '2']);
  expect(clusterAnswers(['9', '1', '1', '2', '2']).map((c) => c.answer)).toEqual(['1', '2', '9']);
});

test('no answer never votes, also where it is the most frequent', () => {
  expect(clusterAnswers([null, null, '', ' ', '4'])).toEqual([{ answer: '4', members: [4], correct: null }]);
  expect(clusterAnswers([null, null], '4')).toEqual([]);
});

test('correctness is unknown without a reference', () => {
  for (const reference of [undefined, null, '', ' ']) expect(clusterAnswers(['4'], reference)[0]!.correct).toBeNull();
});

test('the percent sign counts only where the reference has it', () => {
  expect(clusterAnswers(['0.5', '50%', '50'], '50%')).toEqual([
    { answer: '50%', members: [1, 2], correct: true },
    { answer: '0.5', members: [0], correct: true },
  ]);
});

test('every answer is in exactly one cluster, with answers equivalent to its first, whatever the order of rollouts', () => {
  const spelling = fc.constantFrom(
    '1/2',
    '0.5',
    '\\frac12',
    '2',
    '2.0',
    'x+1',
    '1+x',
    '(1,2)',
    '\\sqrt8',
    '2\\sqrt2',
    'no',
  );
  fc.assert(
    fc.property(fc.array(fc.option(spelling), { maxLength: 64 }), (answers) => {
      const clusters = clusterAnswers(answers);
      const members = clusters.flatMap((c) => c.members).sort((a, b) => a - b);
      expect(members).toEqual(answers.flatMap((a, i) => (a === null ? [] : i)));
      for (const { answer, members: own } of clusters) {
        expect(answer).toBe(answers[own[0]!]);
        for (const i of own) expect(equivalent(answers[i]!, answer)).toBe(true);
        expect([...own].sort((a, b) => a - b)).toEqual(own);
      }
      for (let i = 1; i < clusters.length; i++) {
        const [before, after] = [clusters[i - 1]!, clusters[i]!];
        expect(before.members.length).toBeGreaterThanOrEqual(after.members.length);
        if (before.members.length === after.members.length)
          expect(before.members.at(-1)!).toBeLessThan(after.members.at(-1)!);
      }
    }),
    { numRuns: 300, seed: 11 },
  );
});

test('a thousand answers, all different, are clustered quickly', () => {
  const answers = Array.from({ length: 1000 }, (_, i) => (i % 3 ? String(i) : `${i}x + ${i}`));
  const started = performance.now();
  expect(clusterAnswers(answers)).toHaveLength(1000);
  expect(performance.now() - started).toBeLessThan(8000);
});
