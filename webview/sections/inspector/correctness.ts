/** The CSS class of the color of a verdict. */
import type { Verdict } from '../../../engine/protocol/verdict.ts';

/** `correct`, `wrong`, or no class if unknown. */
export function verdictClass(verdict: Verdict): string {
  return verdict === 'unknown' ? '' : verdict;
}

/** `correct`, `wrong`, or no class for null. */
export function correctnessClass(correct: boolean | null): string {
  return correct === null ? '' : correct ? 'correct' : 'wrong';
}
