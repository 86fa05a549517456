/** What the user's own module or program says of each rollout. See `checks.ts`. */
import { RollscopeError } from '../protocol/errors.ts';
import { number, section, texts, toggle } from '../protocol/settings/kit.ts';
import { CHECKED, fromChecks } from './checks.ts';
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
    help: 'also give it the reference answers',
    flag: '--reward-labels',
    default: false,
  }),
});

export const custom = labelFree({
  ...CHECKED,
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
  evidence: () => 'custom',
  compute: fromChecks('custom'),
});
