/** Validates the state that a page keeps across a reload. Pure. */
import type { ViewState } from '../../engine/runs/panel-contract.ts';

/** Folder of the run that a panel showed before the reload; null if its state contains none. */
export function runOfViewState(state: unknown): ViewState['run'] {
  if (typeof state !== 'object' || state === null) return null;
  const { run } = state as { run?: unknown };
  return typeof run === 'string' ? run : null;
}
