/** Rewards and values that rollouts have under names: which there are in a group, and how they read. Pure, without schemas. */
import { DASH, number } from './format.ts';
import type { ForeignValue, Rollout } from './group.ts';

/** The names that any of the rollouts has, in the order in which they come. */
export function valueNames(rollouts: readonly Pick<Rollout, 'rewards' | 'foreign'>[]) {
  const names = (of: 'rewards' | 'foreign') => [...new Set(rollouts.flatMap((rollout) => Object.keys(rollout[of])))];
  return { rewards: names('rewards'), foreign: names('foreign') };
}

/** A value as every surface writes it: whole numbers as such, others with the digits that tell them apart. */
export function valueText(value: ForeignValue | undefined): string {
  if (value === null || value === undefined) return DASH;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'number' ? number(value, Number.isInteger(value) ? 0 : 3) : value;
}
