/** Which answers the policy takes for the same. */

import { rewardOptionsOf } from '../../reward/index.ts';
import { askSampling, filled, type Gatherer, question } from './gatherer.ts';
import { judgmentOf } from './judgment.ts';

/** Clusters that are compared with each other by the model, at most: the number of questions grows with its square. */
const COMPARED = 12;

export const empo: Gatherer<'empo'> = {
  async gather(groups, { config, step, compute }) {
    const options = rewardOptionsOf(config).empo;
    const pairs = groups.flatMap(({ problem, clusters }, g) => {
      const compared = clusters.slice(0, COMPARED);
      return compared.flatMap((first, a) =>
        compared.slice(a + 1).map((second, b) => ({
          group: g,
          pair: [a, a + 1 + b] as [number, number],
          question: {
            prompt: question(
              config,
              filled(options.template, { problem: problem.text, first: first.answer, second: second.answer }),
            ),
            problem: problem.index,
            first: a * COMPARED + b,
          },
        })),
      );
    });
    const responses = await compute.ask({
      questions: pairs.map((p) => p.question),
      rows: 1,
      sampling: { ...askSampling, temperature: 0, maxTokens: options.maxTokens },
      stream: 'equality',
      step,
      policy: null,
      activity: 'comparing-answers',
    });
    return groups.map((_, g) => ({
      equal: pairs.flatMap(({ group, pair }, i) =>
        group === g && judgmentOf(responses[i]?.[0] ?? '', options) === true ? [pair] : [],
      ),
    }));
  },
  questionTokens: ({ empo: { maxTokens } }) => maxTokens,
  require: null,
};
