/** Extraction and comparison of answers: no text of a model makes them throw, whatever it says. */
import { describe } from 'vitest';
import { clusterAnswers } from '../../engine/grading/cluster.ts';
import { equivalent, extractAnswer, referenceAnswer } from '../../engine/grading/index.ts';
import { fuzz } from './support/fuzz.ts';
import { mutateText } from './support/mutate.ts';

const TEXTS = [
  'The answer is \\boxed{\\frac{3}{4}}.',
  '#### 1,234.50',
  'x = \\sqrt{2} + 3\\pi',
  '(B) 12 apples',
  '\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}',
  '{1, 2, 3} \\cup [4, \\infty)',
  '2^{10} \\cdot 5! - \\binom{5}{2}',
  '12 km/h',
  'So the final answer is **twenty-three** percent.',
  '<think>maybe 7</think> <answer>[1, 2]</answer>',
  'x_1 = 2, x_2 = -3',
  '0.\\overline{36}',
  '3:45 p.m.',
  '１２３',
];

describe('grading', () => {
  fuzz({
    name: 'extract',
    share: 150,
    make: (random) => Buffer.from(mutateText(random, TEXTS)),
    run: (input) => {
      const text = input.toString();
      extractAnswer(text, 'strict');
      extractAnswer(text, 'lenient');
      referenceAnswer(text);
    },
  });

  fuzz({
    name: 'equivalent',
    share: 150,
    make: (random) => Buffer.from(JSON.stringify([mutateText(random, TEXTS), mutateText(random, TEXTS)])),
    run: (input) => {
      const [a, b] = JSON.parse(input.toString()) as [string, string];
      if (equivalent(a, b) !== equivalent(b, a)) throw new Error('The order of two answers matters.');
      clusterAnswers([a, b, null, a]);
    },
  });
});
