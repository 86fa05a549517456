/** The options of all rewards as one described section. Without zod: `--help` loads it. */
import { type AnySection, type Fields, type SettingSection, section } from '../protocol/settings/kit.ts';
import { rewards } from './registry.ts';

/** Key of a reward's options in `rewardOptions`: its name in camel case. */
export function optionsKey(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** One section for each reward that has options, by its key. */
export const REWARD_OPTIONS: SettingSection<Record<string, AnySection>, 'plain'> = section(
  'Options of rewards',
  Object.fromEntries(
    rewards.flatMap(({ name, options }) =>
      options ? [[optionsKey(name), options as SettingSection<Fields, 'plain'>]] : [],
    ),
  ),
);
