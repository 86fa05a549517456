/** Commands that read runs: the list, summaries, analyses, exports. */
import { PHASES } from '../../protocol/group-id.ts';
import { OPTIMUM_BETA } from '../../protocol/settings/optimum.ts';
import { EXPORT_CONTENTS, EXPORT_FORMATS, WITH_TOKENS } from '../export-formats.ts';
import { ANSWERS } from './answers.ts';
import { type CommandDefinition, GROUP_CHOICE, RUN, WHERE } from './define.ts';

export const runs: CommandDefinition = {
  name: 'runs',
  category: 'Runs',
  summary: 'list the runs, the newest first',
  sections: [
    {
      title: '',
      options: [
        { flags: '--limit <n>', help: 'list the newest n runs (default: 100; with --json all)' },
        { flags: '--all', help: 'list all runs' },
        WHERE,
      ],
    },
  ],
  json: true,
  load: async () => (await import('../commands/runs.ts')).runs,
};

export const show: CommandDefinition = {
  name: 'show',
  category: 'Runs',
  summary: 'show a run: summary, curves, problems; or one problem with its rollouts',
  arguments: [
    { text: '<run>', help: "a run's name, its folder, 'latest', or a link copied from the panel or a report" },
  ],
  sections: [
    {
      title: '',
      options: [
        { flags: '--problem <id>', help: 'show this problem and its rollouts' },
        { flags: '--rollout <n>', help: 'show this rollout of the problem, counted from 1' },
        { flags: '--step <n>', help: 'at this step (default: the last one)' },
        {
          flags: '--phase <name>',
          help: `the problem's rollouts of ${PHASES.slice(0, -1).join(', ')} or ${PHASES.at(-1)} (default: the latest ones that vote)`,
        },
        { flags: '--report', help: 'print a Markdown report in which every claim links to its evidence' },
        { flags: '--disagreements', help: "rollouts on which the trainer's own grader disagrees (imported runs)" },
        WHERE,
      ],
    },
  ],
  json: true,
  examples: [
    ['rollscope show latest', ''],
    ['rollscope show latest --problem chain-001', 'clusters and rollouts'],
    ['rollscope show latest --problem chain-001 --rollout 3', 'one response and why it got its reward'],
  ],
  load: async () => (await import('../commands/show.ts')).show,
};

export const analyze: CommandDefinition = {
  name: 'analyze',
  alias: 'analyse',
  category: 'Runs',
  summary: 'analyze a run: confidence vs. correctness, theory vs. measurement, outcome',
  arguments: [RUN],
  sections: [
    {
      title: '',
      options: [
        {
          flags: '--beta <x>',
          help: `temperature of the KL-regularized optimum pi*, estimated by reweighting the rollouts (default: ${OPTIMUM_BETA})`,
        },
        ...GROUP_CHOICE('the first one'),
        WHERE,
      ],
    },
  ],
  json: true,
  examples: [
    ['rollscope analyze latest', ''],
    ['rollscope analyze latest --step 50 --json', 'one step, all numbers'],
  ],
  load: async () => (await import('../commands/analyze.ts')).analyze,
};

export const rescore: CommandDefinition = {
  name: 'rescore',
  category: 'Runs',
  summary: 'compute other rewards on the stored rollouts, without the model',
  arguments: [RUN],
  sections: [
    {
      title: '',
      options: [
        {
          flags: '--reward <expression>',
          help: 'a reward, or a sum or gate of rewards; repeatable (default: every reward that can be computed)',
          repeat: true,
        },
        ...ANSWERS,
        { flags: '--problem <id>', help: 'this problem only, with the rewards of its rollouts' },
        ...GROUP_CHOICE('all'),
        WHERE,
      ],
    },
  ],
  json: true,
  examples: [
    ['rollscope rescore latest', 'every reward that can be computed'],
    [
      'rollscope rescore latest --reward majority-vote --answer last-number',
      'as if answers had been extracted by another rule',
    ],
    ['rollscope rescore latest --reward self-certainty --reward empo', ''],
    ['rollscope rescore latest --problem chain-001', 'rewards and top-ranked answers of one problem'],
  ],
  load: async () => (await import('../commands/rescore.ts')).rescore,
};

export const compare: CommandDefinition = {
  name: 'compare',
  category: 'Runs',
  summary: 'compare two to six runs on the same problems, or steps of one run',
  arguments: [
    { text: '<run>', help: "the run that the others are compared with: a name, a folder, or 'latest'" },
    { text: '<other...>', help: 'the others; the same run again to compare its steps' },
  ],
  sections: [
    {
      title: '',
      options: [
        {
          flags: '--step <n>',
          help: 'step of the runs; one for all, or one per run: 0,50 (default: the latest; 0: before training)',
        },
        {
          flags: '--phase <name>',
          help: "rollouts of this phase (default: evaluation where all runs have one, else each problem's latest)",
        },
        WHERE,
      ],
    },
  ],
  json: true,
  examples: [
    ['rollscope compare first second', 'paired differences, settings and problems that differ'],
    ['rollscope compare latest latest --step 0,50', 'step 50 against the state before training'],
    ['rollscope compare first second third --json', 'all numbers, all problems that differ'],
  ],
  load: async () => (await import('../commands/compare.ts')).compare,
};

export const exporting: CommandDefinition = {
  name: 'export',
  category: 'Runs',
  summary: 'write a run in the format of another tool',
  arguments: [RUN],
  sections: [
    {
      title: '',
      options: [
        {
          flags: '--format <name>',
          help: EXPORT_CONTENTS,
          choices: Object.keys(EXPORT_FORMATS),
          required: true,
        },
        { flags: '--out <path>', help: 'file or folder to write; trackio: address of the dashboard', required: true },
        {
          flags: '--per-token',
          help: `${WITH_TOKENS}: also the tokens of each rollout with their log-probabilities and entropies`,
        },
        { flags: '--runs <folder>', help: "folder that contains the runs (default: the user's runs folder)" },
      ],
    },
  ],
  json: true,
  examples: [
    ['rollscope export latest --format peft --out adapter', 'for peft.PeftModel.from_pretrained'],
    ['rollscope export latest --format parquet --out rollouts.parquet', ''],
    ['rollscope export latest --format inspect --out logs', 'then: inspect view --log-dir logs'],
  ],
  notes: 'Rollouts are counted from 1, as in show.',
  load: async () => (await import('../commands/export.ts')).exportRun,
};
