import { describe, expect, test } from 'vitest';
import { extractAnswer, referenceAnswer } from '../../engine/grading/index.ts';

const STRICT: [string, string | null][] = [
  // \boxed
  ['So \\boxed{5}.', '5'],
  ['\\boxed{1} or rather \\boxed{2}', '2'],
  ['\\boxed{\\frac{1}{2}}', '\\frac{1}{2}'],
  ['\\boxed{\\{1, 2\\}}', '\\{1, 2\\}'],
  ['\\boxed{1} and then \\boxed{\\frac{2}{', '1'],
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

test('the last number counts in the lenient mode only', () => {
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

test('extraction is linear in the length of a hostile text', () => {
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
  for (const text of texts) {
    const started = performance.now();
    extractAnswer(text, 'lenient');
    expect([text.slice(0, 12), performance.now() - started < 1500]).toEqual([text.slice(0, 12), true]);
  }
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
