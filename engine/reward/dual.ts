/**
 * Dual reconstruction: from the answer, and the problem without one of its parts, the model must give that part back. A
 * number of the problem that is hidden is drawn by the run's seed.
 */
import { equivalent } from '../grading/index.ts';
import { shortNumber } from '../protocol/format.ts';
import { integer, section, text } from '../protocol/settings/kit.ts';
import { missingEvidence } from './evidence.ts';
import { maxTokens, temperature } from './questions.ts';
import { type Group, labelFree, type Part, type Scores } from './types.ts';

const OPTIONS = section('Dual task', {
  column: text({
    title: 'Hidden column',
    help: 'column with what is hidden; where it is missing, a number of the problem is hidden',
    placeholder: 'name',
    flag: '--hidden-field',
    default: 'hidden',
  }),
  template: text({
    title: 'Dual prompt',
    help: 'prompt of the dual task, with {{masked}}, {{mask}} and {{answer}}',
    placeholder: 'text',
    flag: '--dual-template',
    empty: true,
    default:
      'In the following problem one number was replaced by {{mask}}. The answer to the problem is {{answer}}.\n\n{{masked}}\n\nWhich number is {{mask}}? Reason step by step, and put it within \\boxed{}.',
  }),
  mask: text({
    title: 'Mask',
    help: 'placeholder of what is hidden',
    placeholder: 'text',
    flag: '--dual-mask',
    default: '[X]',
  }),
  samples: integer({
    title: 'Dual samples',
    help: 'samples per dual task',
    example: '4',
    placeholder: 'n',
    flag: '--dual-samples',
    min: 1,
    max: 64,
    default: 1,
  }),
  temperature: temperature('--dual-temperature', 'dual task', 0.5),
  maxTokens: maxTokens('--dual-max-tokens', 'reconstruction', 256),
});

function compute({ answers, evidence }: Group): Scores {
  const { hidden, reconstructions } = evidence.dual ?? missingEvidence('dual');
  const hits = reconstructions.map((of) => of.filter((answer) => answer !== null && equivalent(answer, hidden)).length);
  const rewards = hits.map((n, i) => (answers[i] === null ? 0 : n / Math.max(1, reconstructions[i]!.length)));
  return {
    rewards,
    explain: (index) => {
      const result: Part = { kind: 'result', reward: rewards[index]!, text: `reward ${shortNumber(rewards[index]!)}` };
      const answer = answers[index];
      if (answer === null)
        return [{ kind: 'no-answer', text: 'no answer extracted: nothing to reconstruct from' }, result];
      const of = reconstructions[index]!;
      if (of.length === 0)
        return [{ kind: 'check', passed: null, text: 'the problem contains nothing to hide' }, result];
      return [
        {
          kind: 'check',
          passed: hits[index]! * 2 > of.length,
          text: `from answer ${answer} the hidden ${hidden} was found ${hits[index]} of ${of.length} times (${of.map((a) => a ?? 'no answer').join(', ')})`,
        },
        result,
      ];
    },
  };
}

export const dual = labelFree({
  name: 'dual',
  title: 'Dual reconstruction',
  summary:
    'Whether a hidden part of the problem can be reconstructed from the answer. Asks the model for what was hidden; a column may name it.',
  scale: 'correctness',
  family: 'external',
  formula: 'share of the dual task’s samples that reconstruct the hidden part of the problem; no answer gives 0',
  tokens: 'none: answers only',
  temperature: 'the dual task’s own (0.5 by default)',
  shift: 'does not apply',
  normalization: 'by the number of samples',
  range: [0, 1],
  source: 'DuPO, arXiv 2508.14460',
  setup: 'What is hidden comes from a column (`hidden`); without one, a number in the problem is hidden.',
  options: OPTIONS,
  columns: ({ column }) => ({ optional: [column] }),
  evidence: () => 'dual',
  compute,
});
