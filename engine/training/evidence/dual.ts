/** Whether the policy finds what was hidden in a problem, told the answer. */
import { graderOf } from '../../grading/index.ts';
import type { Problem, RunConfig } from '../../protocol/index.ts';
import { rewardOptionsOf } from '../../reward/index.ts';
import { generator } from '../../rollout/philox.ts';
import { answersOf, askSampling, filled, type Gatherer, question, SAMPLES } from './gatherer.ts';

export const dual: Gatherer<'dual'> = {
  async gather(groups, { config, step, compute }) {
    const options = rewardOptionsOf(config).dual;
    const tasks = groups.map(({ problem }) => dualTask(problem, config, step));
    const asked = groups.flatMap(({ problem, clusters }, g) => {
      const task = tasks[g];
      if (!task) return [];
      return clusters.map(({ answer, members }, c) => ({
        group: g,
        members,
        question: {
          prompt: question(
            config,
            filled(options.template, { problem: problem.text, masked: task.masked, mask: options.mask, answer }),
          ),
          problem: problem.index,
          first: c * SAMPLES,
        },
      }));
    });
    const responses = await compute.ask({
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
  },
  questionTokens: ({ dual: { maxTokens } }) => maxTokens,
  require: null,
};

/** With thousands in threes; the commas of a list such as `2,5,7` part its numbers. */
const NUMBER = /\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?/g;

/** Where a text first stands by itself, not within a longer word or number; null where it does not. */
function placeOf(text: string, hidden: string): number | null {
  const literal = hidden.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  const before = /^\d/.test(hidden) ? '(?<!\\d|\\d\\.)' : /^\p{L}/u.test(hidden) ? '(?<![\\p{L}\\d])' : '';
  const behind = /\d$/.test(hidden) ? '(?!\\d|\\.\\d)' : /\p{L}$/u.test(hidden) ? '(?![\\p{L}\\d])' : '';
  return new RegExp(before + literal + behind, 'u').exec(text)?.index ?? null;
}

/**
 * What is hidden in a problem, and the problem without it; null where the problem does not hold what the data says, or
 * contains no number where the data says nothing.
 */
export function dualTask(
  { text, columns, index }: Pick<Problem, 'text' | 'columns' | 'index'>,
  config: RunConfig,
  step: number,
): { hidden: string; masked: string } | null {
  const { column, mask } = rewardOptionsOf(config).dual;
  const given = columns?.[column];
  if (typeof given === 'string' || typeof given === 'number') {
    const hidden = String(given);
    const at = placeOf(text, hidden);
    return at === null ? null : { hidden, masked: text.slice(0, at) + mask + text.slice(at + hidden.length) };
  }
  const numbers = [...text.matchAll(NUMBER)];
  if (numbers.length === 0) return null;
  const random = generator(config.seed, 'dual', step, index);
  const { 0: hidden, index: at } = numbers[Math.floor(random() * numbers.length)]!;
  return { hidden, masked: text.slice(0, at) + mask + text.slice(at + hidden.length) };
}
