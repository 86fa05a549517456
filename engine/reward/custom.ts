/** Rewards from the user's own module or program. See `checks.ts`. */
import { RollscopeError } from '../protocol/errors.ts';
import type { Problem } from '../protocol/problem.ts';
import type { CustomRollout } from '../protocol/programs.ts';
import { number, section, texts, toggle, type ValuesOf } from '../protocol/settings/kit.ts';
import { CHECK_DESCRIPTION, CHECKS, fromChecks, splitByGroup } from './checks.ts';
import type { EvidenceContext, EvidenceGroup } from './evidence.ts';
import { labelFree } from './types.ts';

const OPTIONS = section('Your own reward', {
  command: texts({
    title: 'Reward program',
    help: 'a .js, .mjs or .ts module, or a program with its arguments',
    example: "'python3 reward.py'",
    placeholder: 'command',
    flag: '--reward-program',
    names: 'command',
    most: 64,
    absent: 'none',
    default: [],
  }),
  seconds: number({
    title: 'Time limit',
    help: 'time limit for the rollouts of one step',
    unit: 'seconds',
    example: '60',
    placeholder: 's',
    flag: '--reward-seconds',
    above: 0,
    max: 86_400,
    default: 60,
  }),
  labels: toggle({
    title: 'Give it the labels',
    help: 'pass it the reference answers',
    flag: '--reward-labels',
    default: false,
  }),
});

async function gather(
  groups: readonly EvidenceGroup[],
  { options, programs }: EvidenceContext<ValuesOf<typeof OPTIONS.fields>>,
) {
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
  return splitByGroup(groups, await programs.runCustom(options, rows));
}

function labelsOf({ answer, accepted }: Problem): Pick<CustomRollout['problem'], 'answer' | 'answers'> {
  return { answer, ...(accepted && { answers: accepted }) };
}

export const custom = labelFree({
  ...CHECK_DESCRIPTION,
  name: 'custom',
  title: 'Your own',
  summary:
    'Whatever your own module or program computes for each rollout. Named in `rollscope.config`, and runs programs: in trusted workspaces only.',
  scale: 'degree',
  formula: 'the number that your module or program returns',
  range: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  source: 'you',
  setup:
    'A JavaScript or TypeScript module, or a program that reads rollouts as JSON lines and writes rewards. It runs in a separate process with a time limit, in trusted workspaces only.',
  options: OPTIONS,
  columns: () => ({ optional: ['*'] }),
  check: ({ command }) => {
    if (command.length > 0) return;
    throw new RollscopeError(
      'config',
      'The reward custom needs a module or a program.',
      'Set it with --reward-program, such as --reward-program reward.mjs.',
      { details: { reason: 'no-program', field: '--reward-program' } },
    );
  },
  readsLabels: ({ labels }) => labels,
  evidence: { shape: CHECKS, gather, require: (options, programs) => programs.requireCustom(options) },
  compute: fromChecks(false),
});
