/** Shows in the panel that a run is being prepared, while it has no folder yet. Does not import VS Code. */
import type { ShownStart } from '../../engine/view/conversation.ts';

interface PreparingParts {
  panel: { readonly shownStart: ShownStart | null; showStart(start: ShownStart | null): void };
  session: { stop(): Promise<void> };
}

/**
 * Shows that a run is being prepared until it is there or has failed.
 * @param what completes the sentence "Preparing to …"
 */
export async function whilePreparing<T>(
  { panel, session }: PreparingParts,
  what: string,
  begin: () => Promise<T>,
): Promise<T> {
  const preparing: ShownStart = {
    state: { state: 'preparing', what },
    answer: () => session.stop(),
    openSetting: async () => undefined,
  };
  panel.showStart(preparing);
  try {
    return await begin();
  } finally {
    // Unless the run has taken its place already.
    if (panel.shownStart === preparing) panel.showStart(null);
  }
}
