/** From the user's settings and what a command points at to the configuration of a run. Pure. */
import { RollscopeError, RunConfig, type RunConfigInput } from '../engine/protocol/index.ts';
import { mergeConfig, presetFor } from '../engine/protocol/presets.ts';

/** Name of the dataset that comes with Rollscope. */
export const EMBEDDED = 'embedded';

/** What the settings say about runs; null leaves the choice to the model's preset. */
export interface RunSettings {
  model: string;
  reward: RunConfig['reward'];
  device: RunConfig['device'];
  threads: number;
  /** GiB of resident memory; null leaves it to the engine. */
  memoryLimit: number | null;
  steps: number | null;
  batch: number | null;
  votes: number | null;
  group: number | null;
  temperature: number | null;
  maxTokens: number | null;
  learningRate: number | null;
  /** 0: full fine-tuning. */
  loraRank: number | null;
  evaluationSamples: number | null;
  seed: number;
  fields: RunConfigInput['dataset']['fields'];
  promptTemplate: string;
  systemPrompt: string;
}

/** What a run works on. */
export interface RunTarget {
  job: RunConfig['job'];
  /** Absolute path of a problem file, or `embedded`. */
  dataset: string;
  /** Only these problems, by id. */
  ids?: string[];
}

/** Where each number of the settings goes in a configuration; also how a message names the setting to change. */
export const SETTING_OF_FIELD: Record<string, string> = {
  model: 'rollscope.model',
  reward: 'rollscope.reward',
  device: 'rollscope.device',
  threads: 'rollscope.threads',
  memoryLimit: 'rollscope.memoryLimit',
  steps: 'rollscope.steps',
  batch: 'rollscope.batch',
  votes: 'rollscope.votes',
  group: 'rollscope.group',
  'sampling.temperature': 'rollscope.temperature',
  'sampling.maxTokens': 'rollscope.maxTokens',
  'optimizer.lr': 'rollscope.learningRate',
  'lora.rank': 'rollscope.loraRank',
  'evaluation.samples': 'rollscope.evaluationSamples',
  seed: 'rollscope.seed',
  'dataset.fields': 'rollscope.fields',
  'dataset.template': 'rollscope.promptTemplate',
  'dataset.system': 'rollscope.systemPrompt',
};

/**
 * The preset of the model with the settings laid upon it.
 * @throws RollscopeError `config`, naming the setting, when a value is out of its range.
 */
export function buildConfig(target: RunTarget, settings: RunSettings): RunConfig {
  const preset = presetFor(settings.model, target.dataset === EMBEDDED);
  const given = (value: number | null) => value ?? undefined;
  // One problem is a whole batch, and there is no other problem to evaluate on.
  const batch = target.ids ? Math.min(target.ids.length, settings.batch ?? target.ids.length) : given(settings.batch);
  // More trained rollouts than votes cannot be: a lone setting of one brings the other along.
  const votes = settings.votes ?? (settings.group === null ? undefined : Math.max(settings.group, preset.votes ?? 0));
  const group = settings.group ?? (settings.votes === null ? undefined : Math.min(settings.votes, preset.group ?? 0));
  const input: RunConfigInput = mergeConfig(
    {
      ...preset,
      dataset: {
        ...preset.dataset,
        path: target.dataset,
        fields: settings.fields,
        ...(settings.promptTemplate && { template: settings.promptTemplate }),
        system: settings.systemPrompt || undefined,
        ids: target.ids,
      },
    },
    {
      job: target.job,
      model: settings.model,
      reward: settings.reward,
      device: settings.device,
      threads: settings.threads,
      memoryLimit: settings.memoryLimit === null ? null : Math.round(settings.memoryLimit * 2 ** 30),
      steps: given(settings.steps),
      batch,
      votes,
      group: group || undefined,
      sampling: { temperature: given(settings.temperature), maxTokens: given(settings.maxTokens) },
      optimizer: { lr: given(settings.learningRate) },
      lora: settings.loraRank === 0 ? null : settings.loraRank === null ? undefined : { rank: settings.loraRank },
      evaluation: { samples: given(settings.evaluationSamples) },
      seed: settings.seed,
    },
  );
  if (settings.votes !== null && settings.group !== null && settings.group > settings.votes) {
    throw new RollscopeError(
      'config',
      `rollscope.group: ${settings.group} is more than rollscope.votes, ${settings.votes}: those that train are some of those that vote.`,
      'Change it in the settings.',
    );
  }
  const parsed = RunConfig.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const field = issue.path.map(String).join('.');
  const setting = Object.entries(SETTING_OF_FIELD).find(([key]) => field === key || field.startsWith(`${key}.`))?.[1];
  throw new RollscopeError('config', `${setting ?? field}: ${issue.message}.`, 'Change it in the settings.');
}
