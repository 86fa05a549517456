/** A start or a resume that the user has canceled. */
import { RollscopeError } from '../../protocol/errors.ts';

/** Throws RollscopeError `canceled` once the preparation of a run was canceled. */
export function stopIfCanceled(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new RollscopeError('canceled', 'Canceled before the run started.', undefined, {
    details: { reason: 'not-started' },
  });
}
