/** From the user's settings and what a command points at to the configuration of a run. Pure. */
import path from 'node:path';
import { RollscopeError, RunConfig, type RunConfigInput } from '../engine/protocol/index.ts';
import { isEmbedded, mergeConfig, presetFor } from '../engine/protocol/presets.ts';
import { rewardOf } from '../engine/reward/index.ts';

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
  /** Fields of a configuration that go over the settings. */
  config: Record<string, unknown>;
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

/** Fields of `rollscope.config` that something else decides, and what. */
const TAKEN: Record<string, string> = {
  job: 'The command decides between training and probing.',
  model: 'Name the model in rollscope.model.',
  'dataset.path': 'The file that the command was given decides.',
  'dataset.ids': 'The problem that the command was given decides.',
};

/**
 * The preset of the model with the settings laid upon it, and the fields of `rollscope.config` upon them.
 * @throws RollscopeError `config`, naming the setting, when a value is out of its range, no field, or not its to say
 */
export function buildConfig(target: RunTarget, settings: RunSettings): RunConfig {
  const own = settings.config;
  for (const [field, decided] of Object.entries(TAKEN)) {
    if (valueAt(own, field.split('.')) === undefined) continue;
    throw new RollscopeError('config', `${CONFIG}: ${field} cannot be set here.`, decided);
  }
  const preset = presetFor(settings.model, target.dataset === EMBEDDED);
  const given = (value: number | null) => value ?? undefined;
  const ownNumber = (field: 'batch' | 'votes' | 'group') => (typeof own[field] === 'number' ? own[field] : null);
  // One problem is a whole batch, and there is no other problem to evaluate on.
  const most = ownNumber('batch') ?? settings.batch;
  const batch = target.ids ? Math.min(target.ids.length, most ?? target.ids.length) : given(most);
  // More trained rollouts than votes cannot be: a lone setting of one brings the other along.
  const [someVotes, someGroup] = [ownNumber('votes') ?? settings.votes, ownNumber('group') ?? settings.group];
  const votes = someVotes ?? (someGroup === null ? undefined : Math.max(someGroup, preset.votes ?? 0));
  const group = someGroup ?? (someVotes === null ? undefined : Math.min(someVotes, preset.group ?? 0));
  if (someVotes !== null && someGroup !== null && someGroup > someVotes) {
    const name = (field: 'votes' | 'group') =>
      ownNumber(field) === null ? `rollscope.${field}` : `${CONFIG}: ${field}`;
    throw new RollscopeError(
      'config',
      `${name('group')}: ${someGroup} is more than ${name('votes')}, ${someVotes}: those that train are some of those that vote.`,
      'Change it in the settings.',
    );
  }
  const dataset = {
    ...preset.dataset,
    path: target.dataset,
    fields: settings.fields,
    ...(settings.promptTemplate && { template: settings.promptTemplate }),
    system: settings.systemPrompt || undefined,
    ids: target.ids,
  };
  const fromSettings: RunConfigInput = mergeConfig(
    { ...preset, dataset },
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
  const input = mergeConfig(fromSettings, { ...own, ...(batch !== undefined && { batch }) });
  shareReading(input);
  const parsed = RunConfig.safeParse(input);
  if (parsed.success) return parsed.data;
  throw errorOf(parsed.error.issues[0]!, own);
}

const CONFIG = 'rollscope.config';

type Issue = NonNullable<ReturnType<typeof RunConfig.safeParse>['error']>['issues'][number];

function errorOf(issue: Issue, own: Record<string, unknown>): RollscopeError {
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const where = [...issue.path.map(String), ...(unknown === undefined ? [] : [unknown])];
  const field = where.join('.');
  const message = (unknown === undefined ? issue.message : 'there is no such field').replace(/\.$/, '');
  const { hint } = ((issue as { params?: { hint?: string } }).params ?? {}) as { hint?: string };
  const setting = Object.entries(SETTING_OF_FIELD).find(([key]) => field === key || field.startsWith(`${key}.`))?.[1];
  const name = valueAt(own, where) !== undefined || setting === undefined ? `${CONFIG}: ${field}` : setting;
  return new RollscopeError('config', `${name}: ${message}.`, hint ?? 'Change it in the settings.');
}

function valueAt(object: unknown, where: readonly string[]): unknown {
  let value = object;
  for (const part of where) value = (value as Record<string, unknown> | null | undefined)?.[part];
  return value;
}

/** Other problems to evaluate on are read as the training problems are, unless the configuration says otherwise. */
function shareReading(input: RunConfigInput): void {
  const { evaluation } = input;
  if (!evaluation?.dataset) return;
  const { fields, template, system } = input.dataset;
  input.evaluation = mergeConfig(evaluation, {
    dataset: mergeConfig({ fields, template, system }, evaluation.dataset),
  });
}

/** Where relative paths of `rollscope.config` begin, and what is there. */
export interface Place {
  /** The folder that is open; null without one. */
  folder: string | null;
  home: string;
  exists(file: string): boolean;
}

/**
 * `rollscope.config` with absolute paths: those of programs (`rewardOptions.custom.command`: words that look like files
 * and exist, or begin with `./`, `../`, `~/`), of policies (`rewardOptions.rlccf.policies`) and of problems to
 * evaluate on. Everything else is passed through, whatever it is: `buildConfig` checks it.
 */
export function withAbsolutePaths(config: Record<string, unknown>, { folder, home, exists }: Place) {
  const absolute = (text: unknown): unknown => {
    if (typeof text !== 'string' || path.isAbsolute(text) || isEmbedded(text)) return text;
    if (/^~[/\\]/.test(text)) return path.join(home, text.slice(2));
    if (!folder) return text;
    const file = path.resolve(folder, text);
    return /^\.{1,2}[/\\]/.test(text) || (/[./\\]/.test(text) && exists(file)) ? file : text;
  };
  const change = (where: readonly string[], by: (value: unknown) => unknown, object: unknown): unknown => {
    const [key, ...rest] = where;
    if (key === undefined) return by(object);
    if (typeof object !== 'object' || object === null || !(key in object)) return object;
    return { ...object, [key]: change(rest, by, (object as Record<string, unknown>)[key]) };
  };
  const each = (list: unknown) => (Array.isArray(list) ? list.map(absolute) : list);
  let result: unknown = change(['rewardOptions', 'custom', 'command'], each, config);
  result = change(['rewardOptions', 'rlccf', 'policies'], each, result);
  return change(['evaluation', 'dataset', 'path'], absolute, result) as Record<string, unknown>;
}

/** The rewards of a run that run programs, in words; null where none does. */
export function programsOf({ reward, rewardOptions }: RunConfig): string | null {
  const names = rewardOf(reward, rewardOptions).parts.flatMap(({ name, executes }) => (executes ? [name] : []));
  return names.length > 0 ? names.join(', ') : null;
}
