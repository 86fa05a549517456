import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
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

test('a missing answer never votes, even if it is the most frequent', () => {
  expect(clusterAnswers([null, null, '', ' ', '4'])).toEqual([{ answer: '4', members: [4], correct: null }]);
  expect(clusterAnswers([null, null], '4')).toEqual([]);
});

test('correctness is unknown without a reference', () => {
  for (const reference of [undefined, null, '', ' ']) expect(clusterAnswers(['4'], reference)[0]!.correct).toBeNull();
});

test('the percent sign counts only if the reference has it', () => {
  expect(clusterAnswers(['0.5', '50%', '50'], '50%')).toEqual([
    { answer: '50%', members: [1, 2], correct: true },
    { answer: '0.5', members: [0], correct: true },
  ]);
});

test('every answer is in exactly one cluster, with answers equivalent to its first, in any order of rollouts', () => {
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

describe('by normalized text', () => {
  test('spellings are merged, values are not', () => {
    expect(clusterAnswers(['1/2', '$1/2$', '0.5', null, ' 1/2.', '\\dfrac{1}{2}', '\\frac12'], '0.5', 'text')).toEqual([
      { answer: '1/2', members: [0, 1, 4], correct: true },
      { answer: '0.5', members: [2], correct: true },
      { answer: '\\dfrac{1}{2}', members: [5], correct: true },
      { answer: '\\frac12', members: [6], correct: true },
    ]);
  });

  test('texts that normalize to nothing are not all the same', () => {
    for (const equality of ['text', 'equivalence'] as const) {
      expect(clusterAnswers(['$', '{}', '$'], null, equality).map((c) => c.members)).toEqual([[0, 2], [1]]);
    }
  });
});

describe('by a given equality', () => {
  const parity = (i: number, j: number) => i % 2 === j % 2;

  test('a function or a matrix of indices decides, not the reference', () => {
    const answers = ['a', null, 'b', 'c', 'd', 'e'];
    const expected = [
      { answer: 'a', members: [0, 2, 4], correct: false },
      { answer: 'c', members: [3, 5], correct: true },
    ];
    expect(clusterAnswers(answers, 'c', parity)).toEqual(expected);
    const rows = answers.map((_, i) => answers.map((__, j) => parity(i, j)));
    expect(clusterAnswers(answers, 'c', rows)).toEqual(expected);
    expect(
      clusterAnswers(
        answers,
        'c',
        rows.map((row) => Uint8Array.from(row, Number)),
      ),
    ).toEqual(expected);
  });

  test('only first spellings and first members are compared, the later index first', () => {
    const asked: [number, number][] = [];
    const clusters = clusterAnswers(['a', 'a', 'b', 'c', 'b', 'd'], null, (i, j) => {
      asked.push([i, j]);
      return i === 3 && j === 0;
    });
    expect(clusters.map((c) => c.members)).toEqual([[0, 1, 3], [2, 4], [5]]);
    expect(asked).toEqual([
      [2, 0],
      [3, 0],
      [5, 0],
      [5, 2],
    ]);
  });

  test('the same spelling is one answer, whatever the judge says', () => {
    expect(clusterAnswers(['7', ' 7 ', '7'], null, () => false)).toEqual([
      { answer: '7', members: [0, 1, 2], correct: null },
    ]);
  });

  test('ties go to the first to reach the count', () => {
    const values = [2, 1, 1, 2];
    const answers = values.map((_, i) => `text ${i}`);
    expect(clusterAnswers(answers, null, (i, j) => values[i] === values[j]).map((c) => c.members)).toEqual([
      [1, 2],
      [0, 3],
    ]);
  });
});

test('clusters are the same, up to order, for any order of rollouts', () => {
  const pool = ['1/2', '0.5', '\\frac{2}{4}', '2', 'x=2', 'x+1', '1+x', '(1,2)', '[1,2]', '\\sqrt8', '2\\sqrt2', 'no'];
  const equalities = ['equivalence', 'text', (a: string, b: string) => a.length === b.length] as const;
  const answers = fc.array(fc.option(fc.constantFrom(...pool)), { maxLength: 40 });
  fc.assert(
    fc.property(
      answers.chain((list) =>
        fc.tuple(
          fc.constant(list),
          fc.shuffledSubarray([...list.keys()], { minLength: list.length, maxLength: list.length }),
        ),
      ),
      fc.constantFrom(...equalities),
      ([list, order], equality) => {
        const partition = (indices: readonly number[]) => {
          const own = indices.map((i) => list[i]!);
          const judge =
            typeof equality === 'function' ? (i: number, j: number) => equality(own[i]!, own[j]!) : equality;
          return clusterAnswers(own, null, judge)
            .map(({ members }) => members.map((m) => indices[m]!).sort((a, b) => a - b))
            .sort((a, b) => a[0]! - b[0]!);
        };
        const straight = partition([...list.keys()]);
        expect(partition(order)).toEqual(straight);
        expect(straight.flat().sort((a, b) => a - b)).toEqual(list.flatMap((answer, i) => (answer === null ? [] : i)));
      },
    ),
    { numRuns: 300, seed: 12 },
  );
});

test('a thousand different answers are a thousand clusters', () => {
  const answers = Array.from({ length: 1000 }, (_, i) => (i % 3 ? String(i) : `${i}x + ${i}`));
  expect(clusterAnswers(answers)).toHaveLength(1000);
});
