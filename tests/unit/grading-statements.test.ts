/** Ends of responses as models write them; votes of answers with a parameter, an article or a number. */
import { describe, expect, test } from 'vitest';
import { clusterAnswers, extractAnswer, graderOf, locateAnswer } from '../../engine/grading/index.ts';
import { STATED, UNSTATED } from '../support/stated-answers.ts';

test.each(STATED)('%j states %j', (response, answer) => {
  expect(extractAnswer(response, 'strict')).toBe(answer);
  const place = locateAnswer(response, 'strict')!;
  expect(response.slice(place.start, place.end)).toBe(answer);
});

test.each(UNSTATED)('%j states nothing', (response) => expect(extractAnswer(response, 'strict')).toBeNull());

test('a chosen tag matches that tag only', () => {
  const { extract } = graderOf({ answer: 'tag:final-answer', compare: 'math' });
  expect(extract('<answer>1</answer><final-answer>2</final-answer><final_answer>3</final_answer>')).toBe('2');
});

describe('votes', () => {
  const members = (answers: string[]) => clusterAnswers(answers).map((cluster) => cluster.members);

  test('of one family are one, whatever its parameter is called and where it starts', () => {
    const families = [
      'n = 2k + 1, k \\in \\mathbb{Z}',
      '2m - 1 \\text{ for integer } m',
      '\\{2t + 3 : t \\in \\mathbb{Z}\\}',
      '2k, k \\in \\mathbb{Z}',
      '2k + 1, k \\in \\mathbb{R}',
      '2k + 1, k \\in \\mathbb{N}',
    ];
    expect(members(families)).toEqual([[0, 1, 2], [3], [4], [5]]);
  });

  test('of names with and without article are one, but not of other numbered things', () => {
    expect(members(['the Nile', 'Nile', 'The Nile.', 'the Amazon'])).toEqual([[0, 1, 2], [3]]);
    expect(members(['Day 25', 'Week 25', 'the 25th day', '25 days'])).toEqual([[0, 2], [1], [3]]);
    expect(members(['1h30', '90 min', '1.5 h', '1h20'])).toEqual([[0, 1, 2], [3]]);
  });

  test('for a choice in a sentence are for its letter', () => {
    expect(members(['C', 'Option C is correct', '(C) is the right answer', 'C is wrong'])).toEqual([[0, 1, 2], [3]]);
  });
});
