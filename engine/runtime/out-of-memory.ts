/** Distinguishes out-of-memory errors from other failures of a device. */
import { RollscopeError } from '../protocol/errors.ts';

/** The error of a run: insufficient memory is for the user to solve, everything else is a bug. */
export function runError(error: unknown): unknown {
  const message = error instanceof Error ? error.message : String(error);
  if (!/Failed to allocate memory|bad_alloc|out of memory|\bOOM\b/i.test(message)) return error;
  const hint = 'Lower the memory limit (--memory) for smaller micro-batches, or use fewer or shorter rollouts.';
  return new RollscopeError('memory', 'Not enough memory for one micro-batch.', hint, {
    cause: error,
    details: { reason: 'out-of-memory' },
  });
}
