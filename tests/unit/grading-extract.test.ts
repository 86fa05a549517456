import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { equivalent, extractAnswer, locateAnswer, referenceAnswer } from '../../engine/grading/index.ts';

const STRICT: [string, string | null][] = [
  // \boxed
  ['So \\boxed{5}.', '5'],
  ['\\boxed{1} or rather \\boxed{2}', '2'],
  ['$d = \\boxed{15\\frac{39}{40}},$ or $\\boxed{\\frac{639}{40}}$ inches.', '\\frac{639}{40}'],
  ['\\boxed{\\frac{1}{2}}', '\\frac{1}{2}'],
  ['\\boxed{\\{1, 2\\}}', '\\{1, 2\\}'],
  // cut in a later box: whether it would have said the same cannot be known
  ['\\boxed{1} and then \\boxed{\\frac{2}{', null],
  ['\\boxed{\\boxed{7}', '7'],
  ['\\boxed {8}', '8'],
  ['\\fbox{9}', '9'],
  ['\\boxed 5', '5'],
  ['\\boxed{}', null],
  ['\\boxed{3} \\boxed{ }', '3'],
  ['\\boxed{', null],
  ['\\boxed{\\text{east}}', '\\text{east}'],
  ['$$\\boxed{x^2 + 1}$$', 'x^2 + 1'],
  // the order: \boxed, ####, "answer is"
  ['The answer is 1. #### 2 \\boxed{3}', '3'],
  ['\\boxed{3}\n#### 2\nThe answer is 1.', '3'],
  ['The answer is 1.\n#### 2', '2'],
  ['#### 2\nThe answer is 1.', '2'],
  // headings are no answers
  ['#### 1. Understand the problem\nWhat is asked?\n**Final Answer:** 12', '12'],
  ['#### Finding the area\nIt is 2*4.\nThe answer is 8.', '8'],
  ['#### New York', 'New York'],
  ['The answer is Boston.\n#### New York', 'New York'],
  // JSON
  ['{"reasoning": "the answer is 4", "answer": "7"}', '7'],
  ['{"final_answer": -3.5}', '-3.5'],
  ['{"answer": "B", "explanation": "because the answer is B."}', 'B'],
  ['{"answer": 5}\nOr rather, the answer is 6.', '6'],
  ['{"answer": ""}', null],
  // Markdown around a heading and after it
  ['_Answer:_ 5', '5'],
  ['*Answer*: 5', '5'],
  ['**Answer:**\n* 5', '5'],
  ['Answer:\n\n- x = 3', 'x = 3'],
  ['Answer:\n-5', '-5'],
  // ####
  ['12,16 #### 16', '16'],
  ['so 5+5=10\n#### 10', '10'],
  ['#### 1,234', '1,234'],
  ['####-5', '-5'],
  ['#### $18', '$18'],
  ['#### 1\n#### 2', '2'],
  ['#### 3\n####', '3'],
  ['12,16 ####', null],
  ['#### Step 1: add\n5+5\n#### 10', '10'],
  ['#### Step 1: add', null],
  ['#### Final answer: 12', '12'],
  ['##### 7', null],
  ['#### 16<|im_end|>', '16'],
  // "answer is"
  ['The answer is 42.', '42'],
  ['The final answer is 42', '42'],
  ['the answer is: 42', '42'],
  ['The final answer is $\\frac{1}{2}$. I hope it is correct.', '\\frac{1}{2}'],
  ['The answer is 3.5.', '3.5'],
  ['The answer is 3.5 because it is.', '3.5'],
  ['The answer is \\(x+1\\).', 'x+1'],
  ['The answer is **12**.', '12'],
  ['**Answer:** 12', '12'],
  ['The answer is $18.', '$18'],
  ['The answer is:\n\n18', '18'],
  ['The answer is 1. No: the answer is 2.', '2'],
  ['The answer is 18 dollars.', '18 dollars'],
  ['Therefore the answer is thus 7', '7'],
  ['ANSWER IS 9', '9'],
  // none
  ['', null],
  ['I do not know.', null],
  ['5 + 5 = 10', null],
  ['The answer', null],
  ['answer is', null],
  // placeholders
  ['\\boxed{\\text{}}', null],
  ['\\boxed{\\textbf{ }}', null],
  ['\\boxed{...} or \\boxed{\\ldots}', null],
  ['\\boxed{?}', null],
  ['\\boxed{\\_\\_\\_}', null],
  ['\\boxed{4} \\boxed{?}', '4'],
  ['#### ?', null],
  ['the answer is ...', null],
  ['\\boxed{\\{\\}}', '\\{\\}'],
  ['\\boxed{<}', '<'],
  ['\\boxed{\\emptyset}', '\\emptyset'],
  ['\\boxed{No}', 'No'],
];

describe('strict extraction', () => {
  test.each(STRICT)('%j gives %j', (text, answer) => expect(extractAnswer(text, 'strict')).toBe(answer));
});

describe('the place of an answer', () => {
  test.each([
    ['So \\boxed{ 5 }.', 11, 12],
    ['\\boxed{1} or \\boxed 23,', 20, 22],
    ['1 #### the answer is: 10<|im_end|>', 22, 24],
    ['\n####   **Answer:** 12 \n', 20, 22],
    ['answer is 1. The answer is "two".', 28, 31],
    ['The answer is $\\frac{1}{2}$.', 15, 26],
    ['The answer is **12**.', 16, 18],
  ])('%j: %i to %i', (text, start, end) => expect(locateAnswer(text, 'strict')).toEqual({ start, end }));

  test('of a last number excludes a hyphen that is not a sign', () => {
    const padding = 'x'.repeat(5000);
    expect(locateAnswer(`${padding} pages 10-12.`, 'lenient')).toEqual({ start: 5010, end: 5012 });
    expect(locateAnswer('pages 10-12', 'strict')).toBeNull();
  });

  test('is that of the extracted text, and contains the same answer when it is boxed', () => {
    const pieces = fc.constantFrom(
      ...[
        '\\boxed{',
        '\\boxed 4',
        '}',
        '{',
        '#### ',
        '\n',
        ' ',
        '$',
        '**',
        '"',
        '.',
        ',',
        ':',
        ' answer is ',
        ' final ',
      ],
      ...['1', '-2', '3.5', '1/2', '\\frac{1}{2}', 'x+1', 'cm', '\\text{east}', '<|im_end|>', 'é', '😀', 'because'],
    );
    const texts = fc.array(pieces, { maxLength: 25 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(texts, fc.constantFrom('strict', 'lenient'), (text, mode) => {
        const answer = extractAnswer(text, mode);
        const place = locateAnswer(text, mode);
        const there = place && text.slice(place.start, place.end);
        // several boxes of one statement are listed
        if (!there?.startsWith('\\boxed')) expect(there).toBe(answer);
        if (answer === null || !balanced(answer)) return;
        expect(answer).toBe(answer.trim());
        expect(extractAnswer(`${text} \\boxed{${answer}}`, 'strict')).toBe(
          extractAnswer(`\\boxed{${answer}}`, 'strict'),
        );
        const again = extractAnswer(`\\boxed{${answer}}`, 'strict');
        expect([again, answer, again !== null && equivalent(again, answer)]).toEqual([again, answer, true]);
      }),
      { numRuns: 3000, seed: 21 },
    );
  });
});

function balanced(text: string): boolean {
  let depth = 0;
  for (const brace of text.replace(/\\./gs, '').match(/[{}]/g) ?? []) {
    depth += brace === '{' ? 1 : -1;
    if (depth < 0) return false;
  }
  return depth === 0 && !text.endsWith('\\');
}

test('the last number counts only in lenient mode', () => {
  const rows: [string, string | null][] = [
    ['5 + 5 = 10', '10'],
    ['It costs $1,234.50 in total.', '1,234.50'],
    ['from 3 to -4', '-4'],
    ['pages 10-12', '12'],
    ['one half, 1/2', '1/2'],
    ['about 25%', '25%'],
    ['none', null],
    ['\\boxed{7} then 8', '7'],
  ];
  for (const [text, answer] of rows) expect([text, extractAnswer(text, 'lenient')]).toEqual([text, answer]);
});

test('extraction copes with a long and hostile text', () => {
  const n = 40_000;
  const texts = [
    '\\boxed{'.repeat(n),
    `${'\\boxed{1'.repeat(n)}${'}'.repeat(n)}`,
    '#'.repeat(4 * n),
    '#### \n'.repeat(n),
    'answer is '.repeat(n),
    `answer is ${'$'.repeat(n)}`,
    '1,111,'.repeat(n),
    '{'.repeat(n),
    `answer${' '.repeat(n)}is 5`,
  ];
  // quadratic work on any of them would take minutes, and fail by the time-out of the test
  for (const text of texts) {
    const place = locateAnswer(text, 'lenient');
    if (place) expect(place.end - place.start).toBeLessThanOrEqual(1000);
  }
  expect(extractAnswer(texts.at(-1)!, 'strict')).toBe('5');
});

test.each([
  'The answer is not 42.',
  "The answer isn't 42.",
  'The answer is definitely not 42.',
  'The answer cannot be 42.',
  'The answer is never 42',
  'So 42 is not the answer.',
  'So $42$ is clearly wrong.',
  'It is not the case that the answer is 42.',
  "I don't think the answer is 42.",
  'x is not equal to 42',
  'It is **not** 42.',
])('a denied value is not an answer: %s', (text) => {
  for (const mode of ['strict', 'lenient'] as const) expect(extractAnswer(text, mode)).toBeNull();
});

test.each([
  ['The answer is not 42, it is 43.', '43'],
  ['The final answer is not 7 but 8.', '8'],
  ['If n is not 3, the answer is 42.', '42'],
  ['I first thought 7, which is wrong. So we get 42.', '42'],
  ['That is not right. The answer is 42.', '42'],
  ['It is not more than 42', '42'],
  ['This is not a triangle: 42', '42'],
])('a denial of something else does not matter: %s', (text, answer) => {
  expect(extractAnswer(text, 'lenient')).toBe(answer);
});

test('a label is a solution or a bare value', () => {
  const rows: [string, string | null][] = [
    ['142.0', '142.0'],
    [' 18 ', '18'],
    ['\\frac{1}{2}', '\\frac{1}{2}'],
    ['Janet sells 9 eggs.\nShe makes 18.\n#### 18', '18'],
    ['We get $\\boxed{\\sqrt{51}}$.', '\\sqrt{51}'],
    ['He runs 9 times.\nHe runs 540 meters.\nA: 540', '540'],
    ['Two steps.\nThe answer is 7.', '7'],
    ['The answer is 7', '7'],
    ['Answer: 7', '7'],
    ['x \\in [-2,7]', 'x \\in [-2,7]'],
    ['', null],
    ['  ', null],
  ];
  for (const [label, answer] of rows) expect([label, referenceAnswer(label)]).toEqual([label, answer]);
});
