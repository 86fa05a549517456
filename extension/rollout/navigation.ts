/** Runs navigation steps one after another, since they can be requested faster than documents open. */

/** Each step begins where the previous one ended. `Place`: what can be shown. */
export class Navigation<Place> {
  /** The last pending step; null while none is pending. */
  private last: Promise<Place | null> | null = null;

  /**
   * Resolves when the step is done, or at once if there is no place to start from. Rejects with the error of the step;
   * the next one then begins at what is shown.
   * @param shown the place that is shown now; null if there is none to start from
   * @param step shows another place and returns it; null if it leads nowhere
   */
  async go(shown: () => Place | null, step: (from: Place) => Promise<Place | null>): Promise<void> {
    const before = this.last;
    const gone = (async () => {
      const from = (await before?.catch(() => null)) ?? shown();
      return from === null ? null : ((await step(from)) ?? from);
    })();
    this.last = gone;
    try {
      await gone;
    } finally {
      if (this.last === gone) this.last = null;
    }
  }
}
