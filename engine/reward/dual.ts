/**
 * Dual reconstruction: from the answer, and the problem without one of its parts, the model must give that part back. A
 * number of the problem that is hidden is drawn by the run's seed.
 */
import { equivalent, graderOf } from '../grading/index.ts';
import { plural, shortNumber } from '../protocol/format.ts';
import type { Problem } from '../protocol/problem.ts';
import { integer, section, text, type ValuesOf } from '../protocol/settings/kit.ts';
import { ANSWERS, answersOf, askSampling, fillTemplate, question, SAMPLES } from './asking.ts';
import type { EvidenceContext, EvidenceGroup } from './evidence.ts';
import { maxTokens, temperature } from './questions.ts';
import { listOf, record, type ShapeValue, textShape } from './shape.ts';
import { type Group, labelFree, type Part, type Scores } from './types.ts';

const OPTIONS = section('Dual task', {
  column: text({
    title: 'Hidden column',
    help: 'column with the part of the problem to hide; without it, a number in the problem is hidden',
    placeholder: 'name',
    flag: '--hidden-field',
    default: 'hidden',
  }),
  template: text({
    title: 'Dual prompt',
    help: 'prompt of the dual task; contains {{masked}}, {{mask}} and {{answer}}',
    placeholder: 'text',
    flag: '--dual-template',
    empty: true,
    default:
      'In the following problem one number was replaced by {{mask}}. The answer to the problem is {{answer}}.\n\n{{masked}}\n\nWhich number is {{mask}}? Reason step by step, and put it within \\boxed{}.',
  }),
  mask: text({
    title: 'Mask',
    help: 'placeholder for the hidden part',
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

type Options = ValuesOf<typeof OPTIONS.fields>;

/** The hidden part, and for each rollout the values that the model reconstructed. */
const EVIDENCE = record({ hidden: textShape, question: textShape, reconstructions: listOf(ANSWERS) });
type Reconstructed = ShapeValue<typeof EVIDENCE>;

/** Whether the policy can reconstruct the hidden part of a problem, given the answer. */
async function gather(
  groups: readonly EvidenceGroup[],
  { options, config, step, policy, random }: EvidenceContext<Options>,
): Promise<Reconstructed[]> {
  const tasks = groups.map(({ problem }) => dualTask(problem, options, random('dual', problem.index)));
  const asked = groups.flatMap(({ problem, clusters }, g) => {
    const task = tasks[g];
    if (!task) return [];
    return clusters.map(({ answer, members }, c) => ({
      group: g,
      members,
      question: {
        prompt: question(
          config,
          fillTemplate(options.template, { problem: problem.text, masked: task.masked, mask: options.mask, answer }),
        ),
        problem: problem.index,
        first: c * SAMPLES,
      },
    }));
  });
  const responses = await policy.ask({
    questions: asked.map((a) => a.question),
    rows: options.samples,
    sampling: { ...askSampling, temperature: options.temperature, maxTokens: options.maxTokens },
    stream: 'dual',
    step,
    policy: null,
    activity: 'reconstructing',
  });
  const reconstructions = groups.map(({ rollouts }) => rollouts.map((): (string | null)[] => []));
  asked.forEach(({ group, members }, i) => {
    for (const member of members) reconstructions[group]![member] = answersOf(responses[i]!, graderOf());
  });
  return groups.map((_, g) => ({
    hidden: tasks[g]?.hidden ?? '',
    question: tasks[g]?.masked ?? '',
    reconstructions: reconstructions[g]!,
  }));
}

/** With thousands in threes; the commas of a list such as `2,5,7` part its numbers. */
const NUMBER = /\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?/g;

/** Where a text first stands by itself, not within a longer word or number; null where it does not. */
function placeOf(text: string, hidden: string): number | null {
  const before = /^\d/.test(hidden) ? /\d\.?$/ : /^\p{L}/u.test(hidden) ? /[\p{L}\d]$/u : /(?!)/;
  const behind = /\d$/.test(hidden) ? /^\.?\d/ : /\p{L}$/u.test(hidden) ? /^[\p{L}\d]/u : /(?!)/;
  for (let at = text.indexOf(hidden); at >= 0; at = text.indexOf(hidden, at + 1)) {
    const end = at + hidden.length;
    if (!before.test(text.slice(Math.max(0, at - 2), at)) && !behind.test(text.slice(end, end + 2))) return at;
  }
  return null;
}

/**
 * What is hidden in a problem, and the problem without it; null where the problem does not hold what the data says, or
 * contains no number where the data says nothing.
 */
export function dualTask(
  { text, columns }: Pick<Problem, 'text' | 'columns'>,
  { column, mask }: Pick<Options, 'column' | 'mask'>,
  random: () => number,
): { hidden: string; masked: string } | null {
  const given = columns?.[column];
  if (typeof given === 'string' || typeof given === 'number') {
    const hidden = String(given);
    const at = placeOf(text, hidden);
    return at === null ? null : { hidden, masked: text.slice(0, at) + mask + text.slice(at + hidden.length) };
  }
  const numbers = [...text.matchAll(NUMBER)];
  if (numbers.length === 0) return null;
  const { 0: hidden, index: at } = numbers[Math.floor(random() * numbers.length)]!;
  return { hidden, masked: text.slice(0, at) + mask + text.slice(at + hidden.length) };
}

function compute({ answers }: Group, _: Options, evidence: () => Reconstructed): Scores {
  const { hidden, reconstructions } = evidence();
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
          text: `from answer ${answer} the hidden ${hidden} was found ${hits[index]} of ${plural(of.length, 'time')} (${of.map((a) => a ?? 'no answer').join(', ')})`,
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
    'Whether a hidden part of the problem can be reconstructed from the answer. Asks the model for the hidden part, which a column may specify.',
  scale: 'correctness',
  family: 'external',
  formula: "share of the dual task's samples that reconstruct the hidden part of the problem; no answer gives 0",
  tokens: 'none: answers only',
  temperature: "the dual task's own (0.5 by default)",
  shift: 'does not apply',
  normalization: 'by the number of samples',
  range: [0, 1],
  source: 'DuPO, arXiv 2508.14460',
  setup: 'What is hidden comes from a column (`hidden`); without one, a number in the problem is hidden.',
  options: OPTIONS,
  columns: ({ column }) => ({ optional: [column] }),
  evidence: { shape: EVIDENCE, gather, questionTokens: ({ maxTokens }) => maxTokens },
  compute,
});
