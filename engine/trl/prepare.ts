/** Checks and loads everything for a run on TRL before it is written: supported settings, Python, problems, model. */
import { type ModelSource, openModel } from '../model/source.ts';
import { parseTemplateVariables } from '../protocol/chat-choice.ts';
import { type Prompt, RollscopeError, type RunConfig } from '../protocol/index.ts';
import { rewardOf } from '../reward/index.ts';
import type { PolicyInfo } from '../training/policy/contract.ts';
import { encodePrompts } from '../training/policy/prompts.ts';
import { loadMaterial, type Material } from '../training/run/material.ts';
import { withProblemPlace } from '../training/run/open.ts';
import { requireNoPolicy } from '../training/score-group.ts';
import { accelerateFile } from './launch.ts';
import { requirePython } from './python.ts';
import { refuseForTrl, refuseUnequal } from './refusals.ts';

/** The checked parts of a run. */
export interface Prepared {
  config: RunConfig;
  material: Material;
  source: ModelSource & { folder: string };
  python: string;
  /** Package versions in the Python environment. */
  packages: Record<string, string>;
  /** Without the fields that are known once TRL has loaded the model. */
  info: Omit<PolicyInfo, 'trainable' | 'device'>;
}

/**
 * Checks everything that can be wrong.
 * @param date creation time of the run, as ISO 8601, for chat templates that contain a date
 * @param stored prompts stored with the run; null to render them
 * @param signal cancels downloads and the reading of the model
 * @throws RollscopeError `config` for settings, Python or model that do not work with TRL, `dataset` for problems
 */
export async function prepare(
  config: RunConfig,
  date: string,
  stored: readonly Prompt[] | null,
  signal: AbortSignal,
): Promise<Prepared> {
  refuseForTrl(config);
  requireNoPolicy(rewardOf(config.reward, config.rewardOptions), config);
  const { python: named, accelerateConfig, vllm } = config.engine ?? {};
  if (accelerateConfig !== undefined) accelerateFile(accelerateConfig);
  const wanted = [...(config.lora ? ['peft'] : []), ...(vllm ? ['vllm'] : [])];
  const { python, versions: found } = await requirePython(named, wanted);
  const material = await loadMaterial(config, signal);
  refuseUnequal(config, material.training.length);
  const source = await openSource(config, signal);
  const { encoded, warnings } = promptsFor(config, { date, stored, material, source });
  const { name, fingerprint, parameters } = source;
  return {
    ...{ config, material, source, python },
    packages: Object.fromEntries(Object.entries(found).flatMap(([one, version]) => (version ? [[one, version]] : []))),
    info: { name, prompts: encoded, fingerprint, parameters, vocabulary: source.config.vocabularySize, warnings },
  };
}

/** The model's prompts. Throws RollscopeError, which names the problem if one is the cause. */
function promptsFor(
  config: RunConfig,
  {
    date,
    stored,
    material,
    source,
  }: Pick<Prepared, 'material' | 'source'> & { date: string; stored: readonly Prompt[] | null },
) {
  const prompts = stored ? stored.map(({ text, tokens }) => ({ text, tokens: tokens ?? [] })) : material.prompts;
  try {
    const { sampling, chatTemplate: template } = config;
    return encodePrompts(prompts, { date: new Date(date), maxTokens: sampling.maxTokens, template }, source);
  } catch (error) {
    throw withProblemPlace(error, material.problems);
  }
}

/** @throws RollscopeError `config` for a model file that transformers cannot load */
async function openSource(
  { model, chatTemplate, chatTemplateKwargs }: RunConfig,
  signal: AbortSignal,
): Promise<Prepared['source']> {
  const chat = { template: chatTemplate, variables: parseTemplateVariables(chatTemplateKwargs) };
  const source = await openModel(model, { chat, signal });
  const { folder } = source;
  if (folder !== null) return { ...source, folder };
  throw new RollscopeError(
    'config',
    `--model ${model} does not work with --engine trl: TRL trains models in Hugging Face folders.`,
    'Choose the folder or the Hub id of the original model, or convert this one to a folder: train it for 0 steps with --no-lora --steps 0 --eval-samples 0, then run rollscope export latest --format safetensors --out <folder>',
    { details: { reason: 'not-on-trl', field: '--model', value: model } },
  );
}
