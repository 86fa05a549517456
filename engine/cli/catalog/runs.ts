/** Commands that create runs, and jobs for other trainers. */
import { CLUSTER_TOPIC, ENGINE_TOPIC, PROBE_TOPICS, TRAIN_TOPICS } from '../../config/settings.ts';
import {
  ALLOW_COMMAND,
  ALLOW_PROGRAMS,
  CONFIG,
  type CommandDefinition,
  DATASET,
  RUN,
  SANDBOX,
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
    'activationPrecision',
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
        { flags: '--prompt <text>', help: 'one problem, as text, instead of a dataset' },
        {
          flags: '--checkpoint <run>',
          help: 'sample with a checkpoint of this run, on its problems and with its settings unless others are given',
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
    ['rollscope probe --checkpoint latest --step 20 --id chain-001', 'one problem, with the weights of step 20'],
    ['rollscope probe --checkpoint latest --prompt "1+2+3="', ''],
  ],
  load: async () => (await import('../commands/probe.ts')).probe,
};

export const experiment: CommandDefinition = {
  name: 'experiment',
  category: 'Runs',
  summary:
    'test a finding of the paper in a set of runs, with a report that says whether it was reproduced; the same command resumes it',
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
