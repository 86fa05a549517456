/**
 * Integral verifier: the answer is checked by numbers, not by symbols. Its derivative must equal the integrand at `points`
 * points of its domain, within the relative `tolerance` at each; a definite integral is integrated numerically, and the
 * answer must be its value, within the same tolerance.
 *
 * The integrand is the column `integrand`, or is read from the problem (`\int ... dx`, with bounds or without). Points
 * follow from the integrand's text. A point counts where the integrand is real and the answer has a derivative that can
 * be told; fewer than half of `points`, or fewer than three, are not enough. Constants of integration (`+ C`) and other
 * letters get some value; they may not be the same for every branch, so a step function of x may be added to an answer.
 */

import { integer, number, section, text, type ValuesOf } from '../protocol/settings/kit.ts';
import { checkAntiderivative, checkValue, definiteValues, requireDomain } from './integral-check.ts';
import { readIntegral } from './integral-problem.ts';
import { type Group, labelFree, type Part, type Scores } from './types.ts';

const OPTIONS = section('Integrals', {
  column: text({
    title: 'Integrand column',
    help: 'column with the integrand; without it, the integrand is read from the problem (\\int ... dx)',
    placeholder: 'name',
    flag: '--integrand-field',
    default: 'integrand',
  }),
  points: integer({
    title: 'Points',
    help: "points at which the answer's derivative is compared with the integrand",
    placeholder: 'n',
    flag: '--integral-points',
    min: 3,
    max: 200,
    default: 10,
  }),
  tolerance: number({
    title: 'Tolerance',
    help: 'maximum relative error at each point',
    placeholder: 'x',
    flag: '--integral-tolerance',
    above: 0,
    max: 0.1,
    default: 1e-4,
  }),
});
type Options = ValuesOf<typeof OPTIONS.fields>;

function compute(group: Group, options: Options): Scores {
  const integral = readIntegral(group, options);
  const values = integral.bounds ? definiteValues(integral, group.problem.text) : null;
  if (!values) requireDomain(integral, group.problem.text);
  const checks = group.answers.map((answer) =>
    answer === null
      ? null
      : values
        ? checkValue(answer, integral, values, options)
        : checkAntiderivative(answer, integral, options),
  );
  const rewards = checks.map((check) => (check?.passed ? 1 : 0));
  return {
    rewards,
    explain: (index) => {
      const check = checks[index];
      const first: Part = check
        ? { kind: 'check', ...check }
        : { kind: 'no-answer', text: 'no answer extracted: reward 0' };
      return [first, { kind: 'result', reward: rewards[index]!, text: `reward ${rewards[index]}` }];
    },
  };
}

export const integral = labelFree({
  name: 'integral',
  title: 'Integral verifier',
  summary:
    'Whether the derivative of the answer equals the integrand, numerically. Reads the integrand from a column or from the problem; needs no labels.',
  scale: 'correctness',
  family: 'external',
  formula:
    '1 if the derivative of the answer equals the integrand at several points, or the answer the value of a definite integral, else 0',
  tokens: 'none: the answer only',
  temperature: 'does not apply',
  shift: 'does not apply',
  normalization: 'none',
  range: [0, 1],
  source: 'LADDER, arXiv 2503.00735',
  setup: 'The integrand comes from a column (`integrand`), or is read from the problem (`\\int ... dx`).',
  options: OPTIONS,
  columns: ({ column }) => ({ optional: [column] }),
  compute,
});
