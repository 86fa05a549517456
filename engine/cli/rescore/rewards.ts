/** The rewards to compare: the training reward, the named ones or all, and those recorded by another trainer. */
import type { Rescored } from '../../analysis/rescore.ts';
import { type GroupDetail, parseReward } from '../../protocol/index.ts';
import { REWARDS } from '../../reward/index.ts';

/** A name for a recorded reward that is distinct from every expression. */
export function recordedName(reward: string | null): string {
  return `${reward ?? 'reward'} (recorded)`;
}

/** Rewards recorded by another trainer for all rollouts of the group: the training reward, then named ones. */
export function recordedScores(trained: string, { rollouts }: GroupDetail): Record<string, Rescored> {
  const scores: Record<string, Rescored> = {};
  const add = (name: string, values: (number | null | undefined)[]) => {
    const numbers = values.filter((value) => value !== null && value !== undefined);
    if (numbers.length > 0 && numbers.length === rollouts.length) scores[name] ??= { rewards: numbers };
  };
  add(
    trained,
    rollouts.map(({ reward }) => reward),
  );
  for (const name of new Set(rollouts.flatMap(({ rewards }) => Object.keys(rewards)))) {
    add(
      recordedName(name),
      rollouts.map(({ rewards }) => rewards[name]),
    );
  }
  return scores;
}

/** The training reward as the baseline, and the named rewards (default: all), without duplicates. */
export function rewardsToScore(trained: string | null, named: readonly string[]): string[] {
  const seen = new Set<string>();
  return [...(trained === null ? [] : [trained]), ...(named.length > 0 ? named : REWARDS)].filter((text) => {
    const known = seen.has(canonicalExpression(text));
    seen.add(canonicalExpression(text));
    return !known;
  });
}

/** A canonical form: expressions that differ only in spaces and parentheses are equal. */
export function canonicalExpression(text: string): string {
  return JSON.stringify(parseReward(text, REWARDS));
}
