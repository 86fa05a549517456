/** The way through what an editor shows, asked for faster than it opens. */

/** Goes one step after the other, each from where the one before has led. `Place`: what can be shown. */
export class Way<Place> {
  /** The last step, which has not arrived yet; null while nothing is under way. */
  private last: Promise<Place | null> | null = null;

  /**
   * Resolves once it has arrived; where there was no place to go from, without a step. Rejects with what the step throws; the
   * next one then begins at what is shown.
   *
   * @param shown what is shown now; null if it is nothing to go from
   * @param step shows another place and returns it; null where it leads nowhere
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
