/** How correctness is shown: a mark, and the CSS class of its color. */
import type { Verdict } from '../../../engine/protocol/verdict.ts';

export function verdictClass(verdict: Verdict): string {
  return verdict === 'unknown' ? '' : verdict;
}

export function correctnessClass(correct: boolean | null): string {
  return correct === null ? '' : correct ? 'correct' : 'wrong';
}

export function correctnessMark(correct: boolean | null): string {
  return correct === null ? '' : correct ? '✓' : '✗';
}
