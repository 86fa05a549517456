/** Words, signs and marks around a value, and what looks like them but says something else. */
import { describe, expect, test } from 'vitest';
import { clusterAnswers, equivalent, extractAnswer, graderOf } from '../../engine/grading/index.ts';

const EQUAL: [answer: string, reference: string][] = [
  ['answer choice B', 'B'],
  ['0.\\dot{1}\\dot{2}', '4/33'],
  ['0.1\\dot{4}285\\dot{7}', '0.1\\overline{42857}'],
  ['the 3rd', '3'],
  ['March 5th', 'March 5'],
  ['May 1st, 2020', 'May 1, 2020'],
  ['\\{x_1, x_2\\} = \\{1, 2\\}', '1, 2'],
  // hedges and reasons
  ['probably 6', '6'],
  ['most likely 7', '7'],
  ['maybe 6', '6'],
  ['I think 6', '6'],
  ['I think it is 6', '6'],
  ["it's 6", '6'],
  ['I think Paris', 'Paris'],
  ['probably A', 'A'],
  ['6, which is even', '6'],
  ['6 as required', '6'],
  ['6 (since it must be even)', '6'],
  ['6 because 2*3=6', '6'],
  ['x=3 (because x>0)', '3'],
  ['(1,2), which is the vertex', '(1,2)'],
  ['\\frac{1}{2} \\text{ since } x>0', '1/2'],
  // numbers in words
  ['third', '3'],
  ['1st', 'first'],
  ['twenty-first', '21'],
  ['sixtieth', '60'],
  ['minus seven', '-7'],
  ['negative five apples', '-5'],
  ['a third', '1/3'],
  ['two thirds', '2/3'],
  // shares, binomials
  ['3 out of 4', '3/4'],
  ['1 in 4', '0.25'],
  ['5C2', '10'],
  // money and times
  ['75¢', '$0.75'],
  ['12 US dollars', '$12'],
  ['8:00 a.m.', '8 am'],
  ['8 am', '8'],
  ['8 pm', '20:00'],
  ['12 am', '0:00'],
  // alternatives, parts, units
  ['either 8 or 9', '8 or 9'],
  ['both 8 and 9', '8, 9'],
  ['10 per cent', '10%'],
  ['3 remainder 2', '3 R 2'],
  ['5 sq ft', '5 ft^2'],
  ['10 cu cm', '10 mL'],
  ['three and a half', '3.5'],
  ['two and three quarters', '11/4'],
  // Chinese
  ['十二', '12'],
  ['三百零五', '305'],
  ['两万三千', '23000'],
  ['二〇二四', '2024'],
  ['负三点一四', '-3.14'],
  // several choices
  ['ACD', 'A, C, D'],
  ['\\text{BD}', '(B) and (D)'],
  ['\\textbf{C}: 12', 'C'],
  // fractions of TeX
  ['{1 \\over 2}', '0.5'],
  ['{\\sqrt{2} \\over 2}', '\\frac{\\sqrt2}{2}'],
  ['x+1 \\over x-1', '\\frac{x+1}{x-1}'],
  ['{1 \\over 2} + {1 \\over 3}', '5/6'],
  // marks
  ['5<|im_end|>', '5'],
  ['<|endoftext|>5', '5'],
  ['<s>5</s>', '5'],
  ['*5*', '5'],
  ['_5_', '5'],
  ['\\fcolorbox{black}{yellow}{$x+1$}', 'x+1'],
  ['Ⓑ', '(B)'],
  ['[1, [2, 3]]', '[1,[2,3]]'],
  ['[[1, 2], [3, 4]]', '[[1,2],[3,4]]'],
  ['NaN', 'nan'],
];
const DIFFERENT: [answer: string, reference: string][] = [
  ['0.\\dot{1}\\dot{2}', '0.12'],
  ['the 3rd', '2'],
  ['March 5th', 'March 6'],
  ['March 5th', 'May 5'],
  ['It is not 6', '6'],
  ['maybe', '6'],
  ['unlikely', 'likely'],
  ['no, because 5', '5'],
  ['3 because 4', '4'],
  ['2-digit numbers which are prime', '2-digit numbers which are even'],
  ['third', '1/3'],
  ['three and a half', '3'],
  ['二十', '12'],
  ['百', '100'],
  ['一二百', '12'],
  ['AD', 'A, C'],
  ['ABC', 'A, B'],
  ['DA', 'A, B'],
  ['{1 \\over 2}', '12'],
  ['one hundredth', '100'],
  ['hundredth', '100'],
  ['negative', '-'],
  ['month', '1'],
  ['both', '2'],
  ['1 in 4', '4'],
  ['0x5C', '5C'],
  ['2*3*', '6'],
  ['*a*b*', 'a*b'],
  ['8 am', '8 pm'],
  ['8 am', '20:00'],
  ['50 US dollars', '50 euros'],
  ['75¢', '$75'],
  ['<|5|>', '5'],
  ['[1, [2, 3]]', '[1, 2, 3]'],
  ['[0, 1[', '[0, 1]'],
];

test.each(EQUAL)('%s is %s', (a, b) => expect([equivalent(a, b), equivalent(b, a)]).toEqual([true, true]));
test.each(DIFFERENT)('%s is not %s', (a, b) => expect([equivalent(a, b), equivalent(b, a)]).toEqual([false, false]));

describe('votes', () => {
  test('are for the value, whatever is said around it', () => {
    const answers = ['6', 'probably 6', '6, which is even', '7', 'six', '7 as required', '6<|im_end|>'];
    expect(clusterAnswers(answers).map(({ members }) => members)).toEqual([
      [0, 1, 2, 4, 6],
      [3, 5],
    ]);
  });
});

test.each([
  ['The answer is J. K. Rowling.', 'J. K. Rowling'],
  ['The answer is U.S. dollars.', 'U.S. dollars'],
  ['The answer is B. It is the largest.', 'B'],
  ['The answer is B. A is too small.', 'B'],
  ['The answer is 5 m. So we are done.', '5 m'],
])('%s: %s', (text, answer) => expect(extractAnswer(text, 'strict')).toBe(answer));

test('letters with and without periods are the same, as text', () => {
  const { equal } = graderOf({ answer: 'auto', compare: 'text' });
  expect([equal('The U.S.A.', 'USA'), equal('U.S.', 'us'), equal('a.b', 'ab'), equal('5.', '5')]).toEqual([
    true,
    true,
    false,
    true,
  ]);
});
