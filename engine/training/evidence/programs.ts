/** What programs outside say of the rollouts: the data's tests, Lean, the user's own reward. */
import {
  type CustomRollout,
  checkLean,
  checkPrograms,
  requireCustom,
  requireInterpreter,
  requireLean,
  runCustom,
  testsIn,
} from '../../external/index.ts';
import type { Check, Problem } from '../../protocol/index.ts';
import { rewardOptionsOf } from '../../reward/index.ts';
import type { Judged } from '../stages.ts';
import type { Gatherer } from './gatherer.ts';

export const program: Gatherer<'program'> = {
  async gather(groups, { config, signal }) {
    const options = rewardOptionsOf(config).program;
    const items = groups.flatMap(({ problem, rollouts }) => {
      const tests = testsIn(problem.columns?.[options.tests], options.tests, problem.text);
      return rollouts.map(({ text }) => ({ response: text, tests }));
    });
    return byGroup(groups, await checkPrograms(options, items, signal));
  },
  questionTokens: null,
  require: ({ program: { language } }) => requireInterpreter(language),
};

export const lean: Gatherer<'lean'> = {
  async gather(groups, { config, signal }) {
    const options = rewardOptionsOf(config).lean;
    const items = groups.flatMap(({ problem, rollouts }) => {
      const statement = problem.columns?.[options.column];
      return rollouts.map(({ text }) => ({
        response: text,
        ...(typeof statement === 'string' && { statement }),
      }));
    });
    return byGroup(groups, await checkLean(options, items, signal));
  },
  questionTokens: null,
  require: () => requireLean(),
};

function labelsOf({ answer, accepted }: Problem): Pick<CustomRollout['problem'], 'answer' | 'answers'> {
  return { answer, ...(accepted && { answers: accepted }) };
}

export const custom: Gatherer<'custom'> = {
  async gather(groups, { config, signal }) {
    const options = rewardOptionsOf(config).custom;
    const rows = groups.flatMap(({ problem, rollouts, facts }, g) =>
      rollouts.map((rollout, index): CustomRollout => {
        const { answer, cluster, finish, tokens, logprob, entropy } = facts[index]!;
        const { id, text: prompt, columns = {} } = problem;
        return {
          problem: { id, prompt, columns, ...(options.labels && labelsOf(problem)) },
          group: g,
          index,
          response: rollout.text,
          answer,
          cluster,
          finish,
          tokens,
          logprob,
          entropy,
        };
      }),
    );
    return byGroup(groups, await runCustom(options, rows, { signal }));
  },
  questionTokens: null,
  require: ({ custom: options }) => requireCustom(options),
};

/** Checks of all rollouts in a row, dealt out to their groups. */
function byGroup(groups: readonly Judged[], checks: readonly Check[]): { checks: Check[] }[] {
  let at = 0;
  return groups.map(({ rollouts }) => {
    const own = checks.slice(at, at + rollouts.length);
    at += rollouts.length;
    return { checks: own };
  });
}
