/** Starts a run's Python process: its job, its command line, and its output files. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { assetPath } from '../assets.ts';
import { checkpointPath, inRun, PROMPTS_FILE, runName } from '../journal/layout.ts';
import { RollscopeError, type RunConfig } from '../protocol/index.ts';
import { writeAtomically } from '../system/aside.ts';
import { remove } from '../system/files.ts';
import type { InteractiveOptions } from '../system/interactive-program.ts';
import { PLAIN_NODE } from '../system/node-child.ts';
import { batchOf } from '../training/schedule.ts';
import { grpoFields, learningRates, loraFields, MICRO_BATCH } from './settings.ts';

/** Version of the format of the job file, which `python/rollscope_trl/job.py` reads. */
const JOB_VERSION = 2;

export interface Launch extends InteractiveOptions {
  /** Name of the run. */
  run: string;
  /** The problems of each step. */
  batches: readonly (readonly number[])[];
  eventsFile: string;
  rolloutsFolder: string;
  checkpointFolder(step: number): string;
}

export interface JobOptions {
  config: RunConfig;
  /** The run's folder. */
  folder: string;
  /** The folder of the Hugging Face model. */
  model: string;
  /** Number of training problems. */
  problems: number;
  python: string;
  /** Checkpoint to resume from; null to start from the beginning. */
  resume: string | null;
  allowPrograms: boolean;
}

/** Writes the job and returns its command line. Removes the files of an earlier part of the run. */
export async function prepareLaunch(options: JobOptions): Promise<Launch> {
  const { config, folder, model, problems, python, resume, allowPrograms } = options;
  const own = inRun(folder, 'trl');
  await remove(own);
  const batches = fixedBatches(config, problems);
  const job = {
    version: JOB_VERSION,
    model,
    folder: own,
    prompts: inRun(folder, PROMPTS_FILE),
    batches,
    group: config.group,
    micro_batch: MICRO_BATCH,
    rates: learningRates(config),
    trl: grpoFields(config),
    lora: loraFields(config),
    score: [
      process.execPath,
      assetPath('dist', 'cli.js'),
      ...['score', '-', '--run', folder],
      ...(allowPrograms ? ['--allow-programs', '--allow-command'] : []),
    ],
    resume,
  };
  const file = path.join(own, 'job.json');
  await writeAtomically(file, `${JSON.stringify(job)}\n`);
  return {
    run: runName(folder),
    command: python,
    args: [...launcherOf(config), assetPath('python', 'train_trl.py'), file],
    env: environmentOf(config),
    logFile: path.join(own, 'python.log'),
    batches,
    eventsFile: path.join(own, 'events.jsonl'),
    rolloutsFolder: path.join(own, 'rollouts'),
    checkpointFolder: (step) => inRun(folder, checkpointPath(step)),
  };
}

/**
 * The problems of each step, the same number for all steps: the batches of this engine, with duplicates at the boundary
 * of two epochs replaced by other problems.
 */
export function fixedBatches({ seed, batch, steps }: RunConfig, problems: number): number[][] {
  const size = Math.min(batch, problems);
  return Array.from({ length: steps }, (_, i) => {
    const chosen = batchOf(seed, problems, batch, i + 1);
    const taken = new Set(chosen);
    for (let at = 0; taken.size < size; at++) taken.add((i + at) % problems);
    return [...taken];
  });
}

function launcherOf({ engine }: RunConfig): string[] {
  const { accelerateConfig, processes = 1 } = engine ?? {};
  if (accelerateConfig !== undefined) {
    return ['-m', 'accelerate.commands.launch', '--config_file', accelerateFile(accelerateConfig)];
  }
  if (processes === 1) return [];
  return ['-m', 'torch.distributed.run', '--standalone', '--nproc_per_node', String(processes)];
}

/** A path, or a name in accelerate's own folder. @throws RollscopeError `config` if there is no such file */
export function accelerateFile(given: string): string {
  const cache = process.env.HF_HOME ?? path.join(homedir(), '.cache', 'huggingface');
  const own = ['', '.yaml', '.yml', '.json'].map((ending) => path.join(cache, 'accelerate', `${given}${ending}`));
  const found = [path.resolve(given), ...own].find((file) => existsSync(file));
  if (found) return found;
  throw new RollscopeError(
    'config',
    `The accelerate configuration ${given} does not exist.`,
    "Write one with 'accelerate config', or give the path of its file with --accelerate-config.",
    { details: { reason: 'no-accelerate-config', field: '--accelerate-config', value: given } },
  );
}

function environmentOf({ device, threads }: RunConfig): NodeJS.ProcessEnv {
  return {
    ...process.env,
    // This program's executable computes the rewards, and may be an editor's.
    ...PLAIN_NODE,
    PYTHONUNBUFFERED: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    TOKENIZERS_PARALLELISM: 'false',
    ...(device === 'cpu' && { ACCELERATE_USE_CPU: 'true' }),
    ...(threads > 0 && { OMP_NUM_THREADS: String(threads) }),
  };
}
