/** The command that starts a run from a checkpoint of another one. */
import { TRAIN_TOPICS } from '../../config/settings.ts';
import { CONFIG, type CommandDefinition, RUN } from './define.ts';

/** Selects a checkpoint. @param of completes "step of the checkpoint" in the help */
export const STEP_OF_CHECKPOINT = (of: string) => ({
  flags: '--step <n>',
  help: `step of the checkpoint ${of}, or 'healthy': the last one before the first sign of collapse (default: the last one)`,
});

export const fork: CommandDefinition = {
  name: 'fork',
  category: 'Runs',
  summary: 'start a new run from a checkpoint of another one, with changed settings',
  arguments: [RUN, { text: '[dataset]', help: "problem file (default: the run's own problems)" }],
  before: [
    {
      title: 'Fork',
      options: [
        STEP_OF_CHECKPOINT('to start from'),
        { flags: '--out <folder>', help: "folder that contains the runs (default: the user's runs folder)" },
        { flags: '--name <name>', help: 'name of the new run (default: reward, dataset and time)' },
        CONFIG,
      ],
    },
  ],
  settings: TRAIN_TOPICS,
  json: true,
  examples: [
    ['rollscope fork latest --step healthy --lr 1e-5', 'restart from before the collapse, with a lower learning rate'],
    ['rollscope fork latest --step 20 --reward self-certainty', ''],
  ],
  notes:
    "The new run inherits the settings of the other run, which replace the defaults shown above; model and adapter stay the same. It starts from the checkpoint's weights and optimizer state, trains the remaining steps, and counts its steps from 1; the learning-rate schedule starts over.",
  load: async () => (await import('../commands/fork.ts')).fork,
};
