/** The state that the page keeps across a reload where there is no VS Code to keep it, per tab. */
import type { ViewState } from '../../engine/runs/panel-contract.ts';
import type { Host } from '../host.ts';

const KEY = 'rollscope';

/** Reads and writes the session storage of the tab; without one, nothing is kept. */
export function sessionState(): Pick<Host, 'getState' | 'setState'> {
  let state = readState();
  return {
    getState: () => state,
    setState: (next) => {
      state = next;
      try {
        sessionStorage.setItem(KEY, JSON.stringify(next));
      } catch {
        // Storage that is full or blocked: a reload starts at the beginning.
      }
    },
  };
}

function readState(): ViewState | undefined {
  try {
    const text = sessionStorage.getItem(KEY);
    return text === null ? undefined : (JSON.parse(text) as ViewState);
  } catch {
    return undefined;
  }
}
