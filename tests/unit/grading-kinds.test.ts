/** Kinds of answers that models write, and wrong answers near them. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { predictedAnswer } from '../../engine/cli/answers.ts';
import { clusterAnswers, equivalent, extractAnswer, referenceAnswer } from '../../engine/grading/index.ts';
import { FORMS } from '../support/grading-forms.ts';
import { KINDS } from '../support/grading-kinds.ts';
import { PHRASINGS } from '../support/grading-phrasings.ts';
import { requireOrSkip } from '../support/skip.ts';

const ALL = { ...KINDS, ...FORMS, ...PHRASINGS };

function graded(response: string, label: string): boolean {
  const reference = referenceAnswer(label) ?? '';
  const answer = predictedAnswer(response, reference, true, undefined);
  return answer !== null && equivalent(answer, reference);
}

for (const [kind, { equal, different }] of Object.entries(ALL)) {
  test.each(equal)(`${kind}: %j equals %j`, (response, reference) => expect(graded(response, reference)).toBe(true));
  test.each(different)(`${kind}: %j is not %j`, (response, reference) =>
    expect(graded(response, reference)).toBe(false),
  );
}

test('another digit in the reference makes every equal pair different', () => {
  const wrong: [string, string][] = [];
  for (const { equal } of Object.values(ALL)) {
    for (const [response, reference] of equal) {
      // a number alone: in a choice the letter decides, and in an expression the digit may not matter
      if (!/^-?\d[\d.]*$/.test(reference)) continue;
      const other = `${reference.slice(0, -1)}${(Number(reference.at(-1)) + 1) % 10}`;
      for (const near of [other, `-${reference}`, `${reference}1`])
        if (graded(response, near)) wrong.push([response, near]);
    }
  }
  expect(wrong).toEqual([]);
});

describe('votes', () => {
  const largest = (responses: string[]) => {
    const [first] = clusterAnswers(responses.map((text) => extractAnswer(text, 'strict')));
    return [first?.answer, first?.members.length];
  };

  test('of one choice in many spellings are one cluster', () => {
    const spellings = ['C', '(C)', 'C. 9 km', '(C) 9 km', '\\textbf{(C)}\\ 9', 'Option C', 'c'];
    expect(largest([...spellings, 'D', 'D'].map((answer) => `\\boxed{${answer}}`))).toEqual(['C', 7]);
  });

  test('of one value with and without unit, name and words are one cluster', () => {
    const spellings = [
      '\\boxed{y = 8 \\text{ km}}',
      '\\boxed{8}',
      '\\boxed{8\\text{ km}}',
      'The answer is 8 km, by foot.',
    ];
    expect(largest([...spellings, '\\boxed{9}'])).toEqual(['y = 8 \\text{ km}', 4]);
  });

  test('of different units are different clusters', () => {
    const clusters = clusterAnswers(['8 km', '8 m', '8000 m', '8 kg']);
    expect(clusters.map(({ members }) => members)).toEqual([[0, 2], [1], [3]]);
  });
});

const PAIRS = path.join(import.meta.dirname, '../../../shared/cases/grading/pairs.jsonl');
const pairs = requireOrSkip('pairs judged by hand', existsSync(PAIRS), '../shared/cases is not on this machine');

test.runIf(pairs)('pairs judged by hand get the same result, without exception', () => {
  const lines = readFileSync(PAIRS, 'utf8').trim().split('\n');
  const judged = lines.map((line) => JSON.parse(line) as { prediction: unknown; reference: unknown; equal: boolean });
  expect(judged.length).toBeGreaterThan(300);
  const wrong = judged.filter((pair) => graded(String(pair.prediction), String(pair.reference)) !== pair.equal);
  expect(wrong).toEqual([]);
});
