/** Answers to rephrasings of the problems, which the policy writes where the data has too few. */

import { rewardOptionsOf } from '../../reward/index.ts';
import type { Question } from '../policy/asks.ts';
import { answersOf, askSampling, filled, type Gatherer, question, ROLLOUTS, rephrased } from './gatherer.ts';

export const coReward: Gatherer<'co-reward'> = {
  async gather(groups, { config, step, compute }) {
    const options = rewardOptionsOf(config).coReward;
    const given = groups.map(({ problem }) => textsOf(problem.columns?.[options.column]).slice(0, options.count));
    const questions = groups.flatMap(({ problem }, g): (Question & { group: number })[] =>
      Array.from({ length: options.count - given[g]!.length }, (_, r) => ({
        group: g,
        prompt: question(config, filled(options.template, { problem: problem.text })),
        problem: problem.index,
        first: r,
      })),
    );
    const written = await compute.ask({
      questions: questions.map(({ group: _, ...q }) => q),
      rows: 1,
      sampling: { ...askSampling, stopAtAnswer: false, temperature: options.temperature, maxTokens: options.maxTokens },
      stream: 'rephrase',
      step,
      policy: null,
      activity: 'rephrasing',
    });
    written.forEach((responses, i) => {
      const text = responses?.[0]?.trim();
      if (text) given[questions[i]!.group]!.push(text);
    });
    const asked = groups.flatMap(({ problem }, g) =>
      given[g]!.map((prompt, r) => ({
        group: g,
        text: prompt,
        prompt: question(config, rephrased(config.dataset.template, prompt, problem.columns)),
        problem: problem.index,
        first: r * ROLLOUTS,
      })),
    );
    const answers = await compute.ask({
      questions: asked.map(({ group: _, text: __, ...q }) => q),
      rows: config.votes,
      sampling: config.sampling,
      stream: 'rephrasing',
      step,
      policy: null,
      activity: 'sampling-rephrasings',
    });
    return groups.map(({ grader }, g) => ({
      rephrasings: asked.flatMap(({ group, text }, i) =>
        group === g ? [{ prompt: text, answers: answersOf(answers[i]!, grader) }] : [],
      ),
    }));
  },
  questionTokens: ({ coReward: { maxTokens } }) => maxTokens,
  require: null,
};

function textsOf(value: unknown): string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.filter((item): item is string => typeof item === 'string' && item.trim() !== '');
}
