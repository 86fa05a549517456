/** Hints for commands that need token statistics which another trainer did not record. */

import { RollscopeError } from '../../protocol/errors.ts';

const REASONS = ['statistics-not-recorded', 'vocabulary-not-recorded'];

/** Whether a model can compute the missing data that an error is about. */
export function isComputable({ details }: RollscopeError): boolean {
  return REASONS.includes(`${details?.reason}`);
}

/** The command that computes missing token statistics. @param run the run as the user named it */
export function computeHint(run: string): string {
  return `A local model can compute token statistics: rollscope statistics ${run} --score-with <model>`;
}

/** Adds the hint to an error about data that a model can compute. */
export function withComputeHint(error: RollscopeError, run: string): RollscopeError {
  if (!isComputable(error)) return error;
  const { code, message, details } = error;
  return new RollscopeError(code, message, computeHint(run), { ...(details && { details }) });
}
