/** Which rewards are compared: the one that trained, those that were named or all, and what another trainer recorded. */
import type { Rescored } from '../../analysis/rescore.ts';
import { type GroupDetail, parseReward } from '../../protocol/index.ts';
import { REWARDS } from '../../reward/index.ts';

/** A recorded reward has a name that no expression has. */
export function recordedName(reward: string | null): string {
  return `${reward ?? 'reward'} (recorded)`;
}

/** The rewards that another trainer recorded, each where all rollouts of the group have it: the one that trains, then those with names. */
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

/** The training reward, as the baseline, and the named rewards (default: all); each once. */
export function toScore(trained: string | null, named: readonly string[]): string[] {
  const seen = new Set<string>();
  return [...(trained === null ? [] : [trained]), ...(named.length > 0 ? named : REWARDS)].filter((text) => {
    const known = seen.has(meaning(text));
    seen.add(meaning(text));
    return !known;
  });
}

/** The same for expressions that differ only in spaces and parentheses. */
export function meaning(text: string): string {
  return JSON.stringify(parseReward(text, REWARDS));
}
