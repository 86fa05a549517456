/** What the policy says of its own solutions. */

import { rewardOptionsOf } from '../../reward/index.ts';
import { askSampling, filled, type Gatherer, question, SAMPLES } from './gatherer.ts';
import { judgmentOf } from './judgment.ts';

/** Characters of a judge's response that are kept. */
const KEPT = 2000;

export const selfVerification: Gatherer<'self-verification'> = {
  async gather(groups, { config, step, compute }) {
    const options = rewardOptionsOf(config).selfVerification;
    const responses = await compute.ask({
      questions: groups.flatMap(({ problem, rollouts }) =>
        rollouts.map((rollout, i) => ({
          prompt: question(config, filled(options.template, { problem: problem.text, solution: rollout.text })),
          problem: problem.index,
          first: i * SAMPLES,
        })),
      ),
      rows: options.samples,
      sampling: { ...askSampling, temperature: options.temperature, maxTokens: options.maxTokens },
      stream: 'judge',
      step,
      policy: null,
      activity: 'judging',
    });
    let at = 0;
    return groups.map(({ rollouts }) => ({
      verdicts: rollouts.map(() =>
        (responses[at++] ?? []).map((text) => ({ text: text.slice(-KEPT), verdict: judgmentOf(text, options) })),
      ),
    }));
  },
  questionTokens: ({ selfVerification: { maxTokens } }) => maxTokens,
  require: null,
};
