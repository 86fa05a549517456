/**
 * In which frame the components of the page are told of a change. What somebody did shows as a whole in the next frame. What
 * has arrived of a run in progress, ten times a second, is shown by one component after the other, as many in a frame as leave
 * time for everything else.
 */

/** Told of a change; the promise, if there is one, says when it is drawn. */
export type Listener = () => unknown;

/** Milliseconds of a frame after which what has arrived waits for the next one. */
const BUDGET = 6;

/** Tells the listeners, each at most once per frame. */
export class Frames {
  /** Those that are to be told, the longest waiting first. */
  private readonly waiting = new Set<Listener>();
  private isWhole = false;
  private isScheduled = false;

  constructor(private readonly listeners: ReadonlySet<Listener>) {}

  /** Tells all of them in the next frame. */
  next(): void {
    this.isWhole = true;
    this.schedule();
  }

  /** Tells them one after the other, from the next frame on. */
  spread(): void {
    for (const listener of this.listeners) this.waiting.add(listener);
    this.schedule();
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    requestAnimationFrame(() => {
      this.isScheduled = false;
      if (!this.isWhole) {
        void this.tellSome();
        return;
      }
      this.isWhole = false;
      this.waiting.clear();
      for (const listener of this.listeners) listener();
    });
  }

  /** What components draw when they are told is drawn before the frame ends, as are promises that follow from it. */
  private async tellSome(): Promise<void> {
    const begun = performance.now();
    for (const listener of this.waiting) {
      this.waiting.delete(listener);
      if (!this.listeners.has(listener)) continue;
      await listener();
      if (performance.now() - begun > BUDGET) break;
    }
    if (this.waiting.size > 0) this.schedule();
  }
}
