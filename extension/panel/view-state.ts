/** What a page keeps over a reload comes from outside: the guard for it. Pure. */
import type { ViewState } from '../../engine/runs/panel-contract.ts';

/** The run that a panel showed before the window was reloaded; null when its state says nothing. */
export function runOfViewState(state: unknown): ViewState['run'] {
  if (typeof state !== 'object' || state === null) return null;
  const { run } = state as { run?: unknown };
  return typeof run === 'string' ? run : null;
}
