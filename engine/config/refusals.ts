/** Settings without an equivalent in another trainer: an error names them before anything starts. Pure. */
import type { RunConfig } from '../protocol/config.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { valueAt } from './objects.ts';
import { settingAt } from './settings.ts';

export interface Refusal {
  /** The setting in the configuration. */
  path: string;
  refused: (config: RunConfig) => boolean;
  /** The refused value as the error shows it (default: the setting's value). */
  value?: (config: RunConfig) => unknown;
  why: string;
  hint: string;
}

/** The trainer, as the command line names it (`--engine trl`), and the reason in the details of the error. */
export interface OtherTrainer {
  option: string;
  reason: string;
}

/**
 * Refuses the first setting that the trainer cannot honor.
 * @throws RollscopeError `config` that names the setting, its value and the reason
 */
export function refuseFirst(config: RunConfig, refusals: readonly Refusal[], where: OtherTrainer): void {
  for (const { path, refused, value = (given: RunConfig) => valueAt(given, path), why, hint } of refusals) {
    if (refused(config)) throw refusedSetting(path, value(config), why, hint, where);
  }
}

/**
 * What no trainer but this engine can honor.
 * @param trainer its name, for people
 */
export function commonRefusals(trainer: string): Refusal[] {
  const stops = `${trainer} stops sampling only at the end-of-sequence token or the length limit`;
  return [
    {
      path: 'votes',
      refused: ({ votes, group }) => votes !== group,
      why: `${trainer} trains on every rollout that it samples, so the two must be equal`,
      hint: 'Give --votes and --group the same number.',
    },
    {
      path: 'group',
      refused: ({ group }) => group < 2,
      why: `${trainer} needs at least 2 rollouts per problem`,
      hint: 'Raise --group and --votes.',
    },
    {
      path: 'steps',
      refused: ({ steps }) => steps === 0,
      why: `${trainer} trains for at least 1 step`,
      hint: 'To measure without training, use rollscope probe.',
    },
    {
      path: 'sampling.stop',
      refused: ({ sampling }) => sampling.stop.length > 0,
      value: ({ sampling }) => sampling.stop.join(', '),
      why: stops,
      hint: 'Leave it out.',
    },
    {
      path: 'sampling.stopAtAnswer',
      refused: ({ sampling }) => sampling.stopAtAnswer,
      why: stops,
      hint: 'Leave it out.',
    },
  ];
}

/**
 * Precisions, which a trainer with its own weights and caches does not share.
 * @param trainer its name, for people
 */
export function precisionRefusals(trainer: string): Refusal[] {
  const hint = 'Leave it out.';
  return [
    {
      path: 'basePrecision',
      refused: ({ basePrecision }) => basePrecision !== 'float32',
      why: `${trainer} loads the model in the precision of its files`,
      hint,
    },
    {
      path: 'rolloutPrecision',
      refused: ({ rolloutPrecision }) => rolloutPrecision !== 'base',
      why: `${trainer} determines the precision of sampling itself`,
      hint,
    },
    {
      path: 'cachePrecision',
      refused: ({ cachePrecision }) => cachePrecision !== 'float32',
      why: `${trainer} determines the precision of its caches itself`,
      hint,
    },
  ];
}

/** The refusal of one setting. */
export function refusedSetting(
  path: string,
  value: unknown,
  why: string,
  hint: string,
  { option, reason }: OtherTrainer,
): RollscopeError {
  const name = settingAt(path)?.setting.flag ?? path;
  return new RollscopeError('config', `${name} ${String(value)} does not work with ${option}: ${why}.`, hint, {
    details: { reason, field: name, settings: [path], value },
  });
}

/**
 * Refuses the first of these settings that is for another engine than the run's.
 * @param paths of the settings that the user gave for this run
 * @throws RollscopeError `config` that names the setting and the engine that it is for
 */
export function refuseOtherEngines(config: RunConfig, paths: Iterable<string>): void {
  const kind = config.engine?.kind ?? 'rollscope';
  for (const path of paths) {
    const engines = settingAt(path)?.setting.engines;
    if (!engines || engines.includes(kind)) continue;
    const [only] = engines;
    throw refusedSetting(
      path,
      valueAt(config, path),
      `it is for --engine ${only}`,
      `Add --engine ${only}, or leave it out.`,
      {
        option: `--engine ${kind}`,
        reason: 'other-engine',
      },
    );
  }
}
