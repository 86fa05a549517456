/** Commands that import runs of other trainers, add missing statistics, and repair damaged runs. */
import { ANSWERS } from './answers.ts';
import { type CommandDefinition, RUN, SCORE_WITH, WHERE } from './define.ts';

export const importing: CommandDefinition = {
  name: 'import',
  category: 'Runs',
  summary: "turn another trainer's rollouts into a run, and follow it while it trains",
  arguments: [
    {
      text: '<path>',
      help: "a trainer's output folder, a folder of its rollouts, or a file with one rollout per row (.jsonl, .json, .csv, .parquet)",
    },
  ],
  sections: [
    {
      title: '',
      options: [
        {
          flags: '--format <name>',
          help: 'auto, trl, verl, prime-rl, miles, tinker-cookbook, tensorboard, or rollouts (any file with one rollout per row)',
          default: 'auto',
        },
        {
          flags: '--find',
          help: 'list what can be imported from a folder and its subfolders, without importing',
        },
        { flags: '--follow', help: 'keep importing what the trainer writes, until Ctrl+C' },
        { flags: '--dataset <path>', help: 'problem file of the trainer, for ids, references and line numbers' },
        {
          flags: '--map <columns>',
          help: 'column names, such as prompt=question,response=text,reward=score,reference=gold',
        },
        ...ANSWERS,
        ...SCORE_WITH(false),
        {
          flags: '--out <folder>',
          help: "run folder to write or to continue; a folder that exists and is not a run becomes the parent folder of the run (default: in the user's runs folder)",
        },
        {
          flags: '--name <name>',
          help: 'name of the run folder, if --out is the parent folder (default: source and time)',
        },
        { flags: '--progress', help: 'also print progress as JSON lines on stdout' },
      ],
    },
  ],
  json: true,
  examples: [
    ['rollscope import outputs/grpo', "TRL's output folder; then: rollscope show latest"],
    ['rollscope import dumps --follow', "verl's rollout_data_dir, while it trains"],
    ['rollscope import rollouts.csv --map prompt=question,response=text', ''],
  ],
  notes:
    'The same command continues an import that was stopped, and imports nothing twice. Rows that cannot be read are skipped, counted and listed.',
  load: async () => (await import('../commands/import.ts')).importFile,
};

export const statistics: CommandDefinition = {
  name: 'statistics',
  category: 'Runs',
  summary: 'compute the token statistics that an imported run lacks, with a local model',
  arguments: [RUN],
  sections: [
    {
      title: '',
      options: [
        ...SCORE_WITH(true),
        { flags: '--progress', help: 'also print progress as JSON lines on stdout' },
        WHERE,
      ],
    },
  ],
  json: true,
  examples: [['rollscope statistics latest --score-with Qwen/Qwen2.5-0.5B-Instruct', 'then: rollscope rescore latest']],
  notes: `The model reads each stored prompt and response and adds log-probability, entropy, logsumexp, mean logit and the two largest probabilities of each token. What the trainer recorded stays as it is. After Ctrl+C or a kill, the same command continues.`,
  load: async () => (await import('../commands/statistics.ts')).statistics,
};

export const repair: CommandDefinition = {
  name: 'repair',
  category: 'Runs',
  summary: 'write a readable copy of a damaged run next to it, and report what is missing',
  arguments: [RUN],
  sections: [{ title: '', options: [WHERE] }],
  json: true,
  load: async () => (await import('../commands/repair.ts')).repair,
};
