/** What identifies a group within its run. Without zod, since the page uses it too. */

/** In the order of their numbers in a column of phases. */
export const PHASES = ['train', 'evaluation', 'greedy', 'probe'] as const;
export type Phase = (typeof PHASES)[number];

/** The order of preference of a run's phases when none is named. */
export const PHASES_BY_INTEREST = ['train', 'probe', 'evaluation', 'greedy'] as const satisfies readonly Phase[];

/** A group's id as the key of a map. */
export function groupKey({ phase, step, problem }: { phase: Phase; step: number; problem: number }): string {
  return `${phase} ${step} ${problem}`;
}
