/** How correctness is shown: a mark, and the CSS class of its color. */
import type { Verdict } from '../../../engine/protocol/verdict.ts';

/** `correct`, `wrong`, or no class if unknown. */
export function verdictClass(verdict: Verdict): string {
  return verdict === 'unknown' ? '' : verdict;
}

/** `correct`, `wrong`, or no class for null. */
export function correctnessClass(correct: boolean | null): string {
  return correct === null ? '' : correct ? 'correct' : 'wrong';
}

/** ✓ or ✗; nothing for null. */
export function correctnessMark(correct: boolean | null): string {
  return correct === null ? '' : correct ? '✓' : '✗';
}
