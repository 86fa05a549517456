/**
 * The one way to a run's configuration: the preset of its model, and on top of it what a person gave in several places.
 * Each layer knows where it comes from, so that a message names the place and what to change there.
 */
import { checkVotes, RunConfig } from '../protocol/config.ts';
import { EMBEDDED } from '../protocol/embedded.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { mergeConfig, presetFor, presetForEngine } from '../protocol/presets.ts';
import { parseReward } from '../protocol/reward-expression.ts';
import { isObject } from '../protocol/values.ts';
import { RewardOptions } from '../reward/options.ts';
import { REWARDS } from '../reward/registry.ts';
import type { Layer } from './layer.ts';
import { issueError, nameOf, remedyOf } from './messages.ts';
import { type ConfigValues, objectAt, setAt, valueAt } from './objects.ts';

/** What the command determines. */
export interface RunTarget {
  job: RunConfig['job'];
  /** Absolute path of a problem file, or `embedded`; undefined leaves it to the layers. */
  dataset?: string | undefined;
  /** Only these problems, by id. */
  ids?: string[] | undefined;
}

/**
 * @param layers in order of precedence, the weakest first, without the preset
 * @throws RollscopeError `config`, naming where the value came from, for what is out of range, unknown or contradictory
 */
export function buildRunConfig(target: RunTarget, layers: readonly Layer[]): RunConfig {
  const given = layers.reduce<ConfigValues>((below, layer) => applyLayer(below, layer), {});
  // What is given with another type stays for the check below, which names it.
  const model = valueAt(given, 'model') ?? EMBEDDED;
  const dataset = target.dataset ?? valueAt(given, 'dataset.path') ?? EMBEDDED;
  const engine = presetForEngine(valueAt(given, 'engine.kind'));
  const start = mergeConfig(presetFor(`${model}`, dataset === EMBEDDED), engine);
  const preset: Layer = { source: { kind: 'preset' }, values: { ...start } };
  const all = [preset, ...layers];

  const input = all.reduce<ConfigValues>((below, layer) => applyLayer(below, layer), {});
  // A configuration of the other job is taken over; what is not a job stays for the check.
  if ([undefined, 'train', 'probe'].includes(input.job as undefined)) setAt(input, 'job', target.job);
  setAt(input, 'model', model);
  // A dataset that is a text rather than an object stays for the check, which names it.
  const isWhole = input.dataset === undefined || isObject(input.dataset);
  if (isWhole) setAt(input, 'dataset.path', dataset);
  if (target.ids) {
    // Chosen problems are a batch of their own.
    if (isWhole) setAt(input, 'dataset.ids', target.ids);
    const most = valueAt(given, 'batch');
    input.batch = typeof most === 'number' ? Math.min(most, target.ids.length) : target.ids.length;
  }
  // Another trainer trains; problems are probed by this engine.
  if (target.job === 'probe') delete input.engine;
  matchVotesAndGroup(input, given, all);
  inheritDatasetReading(input);
  return parseRunConfig(input, all);
}

/**
 * The strict check of a whole configuration, options of rewards and names of rewards included.
 * @throws RollscopeError `config`
 */
export function parseRunConfig(input: unknown, layers: readonly Layer[] = []): RunConfig {
  const parsed = RunConfig.safeParse(input);
  if (!parsed.success) throw issueError(parsed.error.issues[0]!, input, layers);
  const config = parsed.data;
  const options = RewardOptions.safeParse(config.rewardOptions);
  if (!options.success) {
    const [issue] = options.error.issues;
    throw issueError({ ...issue!, path: ['rewardOptions', ...issue!.path] }, input, layers);
  }
  try {
    parseReward(config.reward, REWARDS);
  } catch (error) {
    const { message, hint } = error as RollscopeError;
    throw issueError({ code: 'custom', path: ['reward'], message, params: { hint }, input }, input, layers);
  }
  return { ...config, rewardOptions: options.data };
}

function applyLayer(below: ConfigValues, { values, absolute = [] }: Layer): ConfigValues {
  const result = mergeConfig(below, values);
  for (const { path, of, value, name } of absolute) {
    const whole = valueAt(result, of);
    if (typeof whole !== 'number') continue;
    if (value > whole) {
      throw new RollscopeError('config', `${name} ${value} exceeds the learning rate, ${whole}.`, `Lower ${name}.`, {
        details: { reason: 'exceeds', field: name, settings: [path], value, most: whole },
      });
    }
    setAt(result, path, value / whole);
  }
  return result;
}

/** More rollouts cannot train than vote: where only one of the two numbers was given, the preset's other one follows. */
function matchVotesAndGroup(input: ConfigValues, given: ConfigValues, layers: readonly Layer[]): void {
  const { votes, group } = input;
  if (typeof votes !== 'number' || typeof group !== 'number' || group <= votes) return;
  if (given.group === undefined) input.group = votes;
  else if (given.votes === undefined) input.votes = group;
  else checkVotes({ votes, group }, (setting) => nameOf(setting, layers), remedyOf('group', layers));
}

/**
 * The evaluation problems are read as the training problems are, unless the configuration says otherwise. A split alone is
 * another one of the same dataset.
 */
function inheritDatasetReading(input: ConfigValues): void {
  const evaluation = objectAt(input, 'evaluation.dataset');
  if (Object.keys(evaluation).length === 0) return;
  const { path, fields, template, system } = objectAt(input, 'dataset');
  const usual = evaluation.split === undefined ? { fields, template, system } : { path, fields, template, system };
  setAt(input, 'evaluation.dataset', mergeConfig(usual, evaluation));
}
