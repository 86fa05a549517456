/** How right and wrong look: a sign, and the class that gives it its color. */
import type { Verdict } from '../../../engine/protocol/verdict.ts';

export function verdictClass(verdict: Verdict): string {
  return verdict === 'unknown' ? '' : verdict;
}

export function truthClass(correct: boolean | null): string {
  return correct === null ? '' : correct ? 'correct' : 'wrong';
}

export function truthMark(correct: boolean | null): string {
  return correct === null ? '' : correct ? '✓' : '✗';
}
