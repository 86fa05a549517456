/** Settings without an equivalent in another trainer: an error names them before anything starts. Pure. */
import type { RunConfig } from '../protocol/config.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { valueAt } from './objects.ts';
import { settingAt } from './settings.ts';

export interface Refusal {
  /** The setting in the configuration. */
  path: string;
  refused: (config: RunConfig) => boolean;
  value: (config: RunConfig) => unknown;
  why: string;
  hint: string;
}

/** The trainer, as the command line names it (`--engine trl`), and the reason in the details of the error. */
export interface Elsewhere {
  option: string;
  reason: string;
}

/**
 * Refuses the first setting that the trainer cannot honor.
 * @throws RollscopeError `config` that names the setting, its value and the reason
 */
export function refuseFirst(config: RunConfig, refusals: readonly Refusal[], where: Elsewhere): void {
  for (const { path, refused, value, why, hint } of refusals) {
    if (refused(config)) throw refusedSetting(path, value(config), why, hint, where);
  }
}

/** The refusal of one setting. */
export function refusedSetting(
  path: string,
  value: unknown,
  why: string,
  hint: string,
  { option, reason }: Elsewhere,
): RollscopeError {
  const name = settingAt(path)?.setting.flag ?? path;
  return new RollscopeError('config', `${name} ${String(value)} does not work with ${option}: ${why}.`, hint, {
    details: { reason, field: name, value },
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
