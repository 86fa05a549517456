/** The options of all rewards, as `rewardOptions` of a configuration holds them: their types, and the check with defaults. */
import type * as z from 'zod';
import type { RewardOptionsInput } from '../protocol/config.ts';
import type { SettingSection, ValuesOf } from '../protocol/settings/kit.ts';
import { schemaOf } from '../protocol/settings/schema.ts';
import { optionsKey, REWARD_OPTIONS } from './option-tree.ts';
import type { RegisteredReward } from './registry.ts';
import type { Reward } from './types.ts';

type Camel<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Name;
type FieldsOf<R extends RegisteredReward> = R extends { options?: SettingSection<infer F, 'plain'> } ? F : never;
type WithOptions = { [R in RegisteredReward as keyof FieldsOf<R> extends never ? never : R['name']]: FieldsOf<R> };

/** Options by reward, in camel case; rewards without any are not there. */
export type RewardOptions = { [Name in keyof WithOptions as Camel<Name>]: ValuesOf<WithOptions[Name]> };

/** Strict: unknown rewards and options are errors. */
export const RewardOptions = schemaOf(REWARD_OPTIONS) as unknown as z.ZodType<RewardOptions, RewardOptionsInput>;

const Stored = schemaOf(REWARD_OPTIONS, { unknown: 'drop' }) as unknown as z.ZodType<RewardOptions, RewardOptionsInput>;
const known = new WeakMap<object, RewardOptions>();

/**
 * The options of a configuration, typed and with defaults where it says nothing. Unknown options (of a newer version)
 * are ignored here; a configuration from a person has already been checked strictly.
 * @throws ZodError where a value is not allowed
 */
export function rewardOptionsOf({ rewardOptions }: { rewardOptions: RewardOptionsInput }): RewardOptions {
  const before = known.get(rewardOptions);
  if (before) return before;
  const options = Stored.parse(rewardOptions);
  known.set(rewardOptions, options);
  return options;
}

/** The options of one reward. */
export function ownOptions({ name }: Reward, options: RewardOptions): Record<string, never> {
  return ((options as Record<string, unknown>)[optionsKey(name)] ?? {}) as Record<string, never>;
}
