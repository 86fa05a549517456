/** Evaluations: when, on which problems, with how many rollouts. */
import { DATASET } from './dataset.ts';
import { choice, type Fields, integer, number, optional, section, toggle } from './kit.ts';

/**
 * The problems of an evaluation are described like those of training, but only the file has an option and other names.
 */
const EVALUATION_DATASET = optional(
  section('Evaluation problems', {
    ...withoutNames(DATASET.fields),
    path: {
      ...withoutNames(DATASET.fields).path,
      title: 'Evaluation problems',
      help: 'problems to evaluate on',
      example: 'test.jsonl',
      placeholder: 'file',
      flag: '--eval-dataset' as const,
      aliases: ['--val-files'] as const,
      absent: 'the training problems',
      trl: 'eval_dataset',
      verl: 'data.val_files',
    },
    split: {
      ...withoutNames(DATASET.fields).split,
      title: 'Evaluation split',
      help: 'split to evaluate on, of --eval-dataset or else of the training dataset',
      absent: 'the only one, or train',
      flag: '--eval-split' as const,
      aliases: ['--dataset-test-split'] as const,
      trl: 'dataset_test_split',
    },
  }),
);

/** Removes the names that other trainers give a setting, since here they would be those of training. */
function withoutNames<F extends Fields>(fields: F): F {
  const bare = ([key, node]: [string, F[string]]): [string, unknown] => {
    if ('fields' in node) return [key, { ...node, fields: withoutNames(node.fields) }];
    const { flag: _, aliases: _aliases, former: _former, editor: _editor, trl: _trl, verl: _verl, ...rest } = node;
    return [key, rest];
  };
  return Object.fromEntries(Object.entries(fields).map((entry) => bare(entry as [string, F[string]]))) as F;
}

export const EVALUATION = section('Evaluation', {
  dataset: EVALUATION_DATASET,
  every: integer({
    title: 'Evaluation interval',
    help: 'evaluate every n steps, as well as before step 1 and after the last step (0 = only before and after)',
    example: '25',
    placeholder: 'n',
    flag: '--eval-every',
    aliases: ['--eval-steps', '--test-freq'],
    min: 0,
    default: 0,
    trl: 'eval_steps',
    verl: 'trainer.test_freq',
  }),
  samples: integer({
    title: 'Evaluation rollouts',
    help: 'rollouts per problem for avg@k, maj@k and pass@k (0 = no evaluation)',
    example: '8',
    placeholder: 'k',
    flag: '--eval-samples',
    aliases: ['--num-generations-eval'],
    min: 0,
    max: 4096,
    default: 8,
    trl: 'num_generations_eval',
    verl: 'rollout.val_kwargs.n',
    editor: {
      id: 'evaluationSamples',
      section: 'Training',
      text: 'Rollouts per problem in an evaluation, for avg@k, maj@k and pass@k (0 = no evaluation).',
    },
  }),
  temperature: number({
    title: 'Evaluation temperature',
    help: 'sampling temperature of evaluations',
    example: '0.6',
    placeholder: 't',
    flag: '--eval-temperature',
    min: 0,
    max: 10,
    default: 0.6,
    verl: 'rollout.val_kwargs.temperature',
  }),
  topP: number({
    title: 'Evaluation top-p',
    help: 'top-p of evaluations (1 = off)',
    example: '0.95',
    placeholder: 'p',
    flag: '--eval-top-p',
    above: 0,
    max: 1,
    default: 0.95,
    verl: 'rollout.val_kwargs.top_p',
  }),
  greedy: toggle({
    title: 'Greedy evaluation',
    help: 'do not also evaluate with greedy decoding',
    flag: '--no-eval-greedy',
    default: true,
  }),
  limit: integer({
    title: 'Number of evaluation problems',
    help: 'evaluate on n of the problems only',
    example: '100',
    placeholder: 'n',
    flag: '--eval-limit',
    aliases: ['--val-max-samples'],
    min: 1,
    max: 1_000_000,
    absent: 'all',
    verl: 'data.val_max_samples',
  }),
  draw: choice(
    {
      random: 'A random sample, the same in every run on these problems.',
      first: 'The first of the file.',
    },
    {
      title: 'Selection of evaluation problems',
      help: 'which evaluation problems to use if not all: a random sample (the same in every run on these problems), or the first',
      placeholder: 'how',
      flag: '--eval-draw',
      // Runs of earlier versions have no value, and evaluated on the first problems.
      absent: 'first',
    },
  ),
});
