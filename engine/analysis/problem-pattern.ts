/** How a problem ends, from its votes: the four patterns, and the stability of votes. Uses labels. */
import type { JudgedGroup } from '../protocol/group.ts';
import { mean } from '../protocol/values.ts';
import type { StepGroup } from './theory.ts';

export const PATTERNS = ['amplifying-success', 'amplifying-failure', 'wrong-to-correct', 'correct-to-wrong'] as const;
export type Pattern = (typeof PATTERNS)[number];

export interface ProblemPattern {
  pattern: Pattern;
  /** Whether the last majority answer equals the first one. */
  sameAnswer: boolean;
  /** How often the majority answer changed between consecutive steps. */
  changes: number;
  startShare: number;
  endShare: number;
}

/**
 * Which of the paper's four patterns a problem followed, by its first and its last majority (steps without one are skipped).
 * null without a reference, or if fewer than two steps have a majority.
 * @param same whether answers of two steps are equal
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
 * Stability of the vote: share of problems whose majority answer is the same at two times, such as two evaluations. Problems
 * without a majority at either time are left out; null if none is left.
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
