/** How a problem ends, determined from its votes: the four patterns, and how stable votes are. These read labels. */
import type { JudgedGroup } from '../protocol/group.ts';
import { mean } from '../protocol/values.ts';
import type { StepGroup } from './theory.ts';

export const PATTERNS = ['amplifying-success', 'amplifying-failure', 'wrong-to-correct', 'correct-to-wrong'] as const;
export type Pattern = (typeof PATTERNS)[number];

export interface ProblemPattern {
  pattern: Pattern;
  /** Whether the last majority answer is the first one. */
  sameAnswer: boolean;
  /** How often the majority answer changed from a step to the next. */
  changes: number;
  startShare: number;
  endShare: number;
}

/**
 * Which of the paper's four patterns a problem followed, by its first and its last majority (steps without one are passed
 * over). null without a reference, or when fewer than two steps have a majority.
 * @param same whether two answers of different steps are one
 */
export function problemPattern(
  history: readonly StepGroup[],
  same: (a: string, b: string) => boolean,
): ProblemPattern | null {
  const votes = history.flatMap(({ group }) => group.majority ?? []);
  const [first, last] = [votes[0], votes.at(-1)];
  if (votes.length < 2 || !first || !last || first.correct === null || last.correct === null) return null;
  return {
    pattern: patternOf(first.correct, last.correct),
    sameAnswer: same(first.answer, last.answer),
    changes: votes.slice(1).filter((vote, i) => !same(vote.answer, votes[i]!.answer)).length,
    startShare: first.share,
    endShare: last.share,
  };
}

function patternOf(before: boolean, after: boolean): Pattern {
  if (before) return after ? 'amplifying-success' : 'correct-to-wrong';
  return after ? 'wrong-to-correct' : 'amplifying-failure';
}

/**
 * Share of problems whose majority answer is the same at two times, such as two evaluations: the stability of the vote.
 * Problems without a majority at either time are left out; null when none is left.
 */
export function voteStability(
  before: ReadonlyMap<number, Pick<JudgedGroup, 'majority'>>,
  after: ReadonlyMap<number, Pick<JudgedGroup, 'majority'>>,
  same: (a: string, b: string) => boolean,
): number | null {
  return mean(
    [...after].flatMap(([problem, { majority }]) => {
      const old = before.get(problem)?.majority;
      return old && majority ? Number(same(old.answer, majority.answer)) : [];
    }),
  );
}
