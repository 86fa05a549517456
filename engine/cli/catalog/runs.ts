/** Commands that make runs and look at them. */

import { CLUSTER_TOPIC, ENGINE_TOPIC, PROBE_TOPICS, TRAIN_TOPICS } from '../../config/settings.ts';
import { PHASES } from '../../protocol/group-id.ts';
import { OPTIMUM_BETA } from '../../protocol/settings/optimum.ts';
import { EXPORT_CONTENTS, EXPORT_FORMATS, WITH_TOKENS } from '../export-formats.ts';
import { ANSWERS } from './answers.ts';
import {
  ALLOW_COMMAND,
  ALLOW_PROGRAMS,
  CONFIG,
  type CommandDefinition,
  DATASET,
  GROUP_CHOICE,
  RUN,
  SANDBOX,
  SCORE_WITH,
  WHERE,
} from './define.ts';
import { STEP_OF_CHECKPOINT } from './fork.ts';

const RUN_FOLDER = {
  title: 'Run folder',
  options: [
    { flags: '--out <folder>', help: "parent folder of the run folder (default: the user's runs folder)" },
    { flags: '--name <name>', help: 'name of the run (default: reward, dataset and time)' },
    CONFIG,
  ],
};

export const train: CommandDefinition = {
  name: 'train',
  category: 'Runs',
  summary: 'train a model on the problems of a dataset',
  arguments: [DATASET],
  settings: [...TRAIN_TOPICS, ENGINE_TOPIC],
  sections: [RUN_FOLDER],
  json: true,
  examples: [
    ['rollscope train', 'the embedded model and problems, about a minute'],
    ['rollscope train problems.jsonl --model models/SmolLM2.gguf --steps 50', ''],
    ['rollscope train problems.jsonl --model Qwen/Qwen3-0.6B --engine trl --processes 2', 'with TRL: docs/trl.md'],
    ['rollscope train problems.jsonl --votes 64 --group 32 --lr 5e-7 --no-lora', "TTRL's settings"],
  ],
  load: async () => (await import('../commands/train.ts')).train,
};

export const probe: CommandDefinition = {
  name: 'probe',
  category: 'Runs',
  summary: 'sample the problems without training: clusters, majority share, confidence, correctness',
  arguments: [DATASET],
  settings: PROBE_TOPICS,
  before: [
    {
      title: 'What to sample',
      options: [
        { flags: '--prompt <text>', help: 'one problem, as text, in place of a dataset' },
        {
          flags: '--checkpoint <run>',
          help: 'sample with a checkpoint of this run, on its problems and with its settings unless given',
        },
        STEP_OF_CHECKPOINT('of --checkpoint'),
      ],
    },
  ],
  sections: [RUN_FOLDER],
  json: true,
  examples: [
    ['rollscope probe problems.jsonl --votes 16', ''],
    ['rollscope probe problems.jsonl --id 17 --json', ''],
    ['rollscope probe --checkpoint latest --step 20 --id chain-001', 'one problem, by the weights of step 20'],
    ['rollscope probe --checkpoint latest --prompt "1+2+3="', ''],
  ],
  load: async () => (await import('../commands/probe.ts')).probe,
};

export const experiment: CommandDefinition = {
  name: 'experiment',
  category: 'Runs',
  summary:
    'test a finding of the paper in a set of runs, with a report of whether it was reproduced; the same command resumes it',
  arguments: [
    { text: '[name]', help: 'name of the experiment (default: list the experiments)' },
    { text: '[dataset]', help: "problem file (default: the experiment's own problems)" },
  ],
  before: [
    {
      title: 'Experiment',
      options: [
        {
          flags: '--against <model>',
          help: 'collapse-step: a model to rank against that of --model; repeatable',
          repeat: true,
        },
        { flags: '--seeds <n>', help: "repetitions of each run (default: the experiment's own)" },
        {
          flags: '--parallel <n>',
          help: 'runs in parallel (default: one per core, at most 4, for embedded models; 1 for others)',
        },
        {
          flags: '--out <folder>',
          help: "folder for runs and report (default: below the user's Rollscope folder)",
        },
        CONFIG,
      ],
    },
  ],
  settings: TRAIN_TOPICS,
  json: true,
  examples: [
    ['rollscope experiment', 'list the experiments'],
    ['rollscope experiment rise-then-fall', ''],
    ['rollscope experiment theory problems.jsonl --model Qwen/Qwen3-0.6B --seeds 1', 'any model and dataset'],
  ],
  load: async () => (await import('../commands/experiment.ts')).experiment,
};

export const resume: CommandDefinition = {
  name: 'resume',
  category: 'Runs',
  summary: 'resume a stopped, killed or failed run from its last checkpoint',
  arguments: [RUN],
  sections: [{ title: '', options: [ALLOW_PROGRAMS, ALLOW_COMMAND, SANDBOX, WHERE] }],
  json: true,
  examples: [['rollscope resume latest', '']],
  load: async () => (await import('../commands/resume.ts')).resume,
};

export const runs: CommandDefinition = {
  name: 'runs',
  category: 'Runs',
  summary: 'list the runs',
  sections: [{ title: '', options: [WHERE] }],
  json: true,
  load: async () => (await import('../commands/runs.ts')).runs,
};

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
          help: "run folder to write or continue; an existing folder that is not a run contains it (default: the user's runs folder)",
        },
        { flags: '--name <name>', help: 'name of the run, in the folder of --out (default: source and time)' },
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
  summary: 'compute the token statistics of an imported run that its trainer did not record, with a local model',
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
  notes: `The model reads each stored prompt and response and adds log-probability, entropy, logsumexp, mean logit and the two largest
probabilities of each token. What the trainer recorded stays as it is. After Ctrl+C or a kill, the same command continues.`,
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

export const job: CommandDefinition = {
  name: 'job',
  category: 'Runs',
  summary: 'write a training job as a folder for another trainer, for example on a cluster',
  arguments: [DATASET],
  settings: [...TRAIN_TOPICS, CLUSTER_TOPIC],
  refused: [
    'basePrecision',
    'rolloutPrecision',
    'cachePrecision',
    'device',
    'threads',
    'memoryLimit',
    'sampling.stop',
    'sampling.stopAtAnswer',
    'forecast',
  ],
  remarks: {
    'loss.maskTruncated': 'with --for trl only',
    'evaluation.dataset.path': 'with --for verl only',
    'evaluation.samples': 'with --for verl only',
  },
  sections: [
    {
      title: 'Job',
      options: [
        {
          flags: '--for <trainer>',
          help: 'trl (with accelerate) or verl (on Ray)',
          choices: ['trl', 'verl'],
          required: true,
        },
        { flags: '--out <folder>', help: 'folder to write; must be empty or not exist', required: true },
        CONFIG,
      ],
    },
  ],
  json: true,
  examples: [
    ['rollscope job problems.jsonl --for verl --model Qwen/Qwen3-8B --votes 16 --group 16 --out job', ''],
    ['rollscope job problems.jsonl --for trl --model Qwen/Qwen3-0.6B --gpus 2 --out job', ''],
    ['rollscope job problems.jsonl --for verl --model Qwen/Qwen3-32B --nodes 4 --tensor-parallel 4 --out job', ''],
  ],
  notes:
    'The folder contains data, configuration, reward code and a README with the commands that start the job; it can be copied to other machines, which do not need Rollscope. A setting that the trainer does not support is refused with an error that names it: see docs/beside.md and docs/trl.md.',
  load: async () => (await import('../commands/job.ts')).job,
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
          help: `the problem's rollouts of ${PHASES.slice(0, -1).join(', ')} or ${PHASES.at(-1)} (default: the latest that vote)`,
        },
        { flags: '--report', help: 'as a report in Markdown, in which every claim cites the place that shows it' },
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
  summary: 'confidence vs. correctness, theory vs. measurement, and the outcome of a run',
  arguments: [RUN],
  sections: [
    {
      title: '',
      options: [
        {
          flags: '--beta <x>',
          help: `temperature of the optimum pi* that the rollouts are reweighted for (default: ${OPTIMUM_BETA})`,
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
