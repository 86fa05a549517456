/** A run that is being prepared, in the panel: it has no folder yet that could be shown. Does not import VS Code. */
import type { ShownStart } from '../../engine/view/conversation.ts';

interface PreparingParts {
  panel: { readonly shownStart: ShownStart | null; tellStart(start: ShownStart | null): void };
  session: { stop(): Promise<void> };
}

/** Shows that a run is being prepared until it is there, or is not. @param what as it continues "Preparing to …" */
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
  panel.tellStart(preparing);
  try {
    return await begin();
  } finally {
    // A run that is there has taken its place.
    if (panel.shownStart === preparing) panel.tellStart(null);
  }
}
