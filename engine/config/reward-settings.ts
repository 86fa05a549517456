/**
 * The names of all rewards, and their options as settings of a run. The build of the command line (`scripts/build.mjs`) evaluates this file
 * and inlines its values: with the rewards themselves, `--help` would load the grading of answers.
 */
import { type PlacedSetting, settingsIn } from '../protocol/settings/kit.ts';
import { optionsKey } from '../reward/option-tree.ts';
import { rewards } from '../reward/registry.ts';

export interface RewardSetting extends PlacedSetting {
  /** The reward whose option it is. */
  reward: string;
}

export const REWARD_NAMES: readonly string[] = rewards.map(({ name }) => name);

export const REWARD_SETTINGS: readonly RewardSetting[] = rewards.flatMap(({ name, options }) =>
  options
    ? settingsIn(options, `rewardOptions.${optionsKey(name)}.`).map((placed) => ({ ...placed, reward: name }))
    : [],
);
