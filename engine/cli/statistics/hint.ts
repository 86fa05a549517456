/** What to do where token statistics are needed that another trainer did not record. */

import type { RollscopeError } from '../../protocol/errors.ts';

const REASONS = ['statistics-not-recorded', 'vocabulary-not-recorded'];

/** Whether an error is about something that a model can compute. */
export function isMended({ details }: RollscopeError): boolean {
  return REASONS.includes(`${details?.reason}`);
}

export function computeHint(run: string): string {
  return `A local model can compute token statistics: rollscope statistics ${run} --score-with <model>`;
}
