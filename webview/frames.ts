/**
 * In which frame the components of the page are told of a change. What somebody did shows as a whole in the next frame, and
 * what is seen in one pane only is told to the components of that pane. What
 * has arrived of a run in progress, ten times a second, is shown by one component after the other, as many in a frame as leave
 * time for everything else.
 */

import type { PaneName } from '../engine/runs/panel-state.ts';

/** Told of a change; the promise, if there is one, says when it is drawn. */
export type Listener = () => unknown;

/** Milliseconds of a frame after which what has arrived waits for the next one. */
const BUDGET = 6;

/** Calls the listeners, each at most once per frame. */
export class Frames {
  /** Listeners that still have to be called, the longest waiting first. */
  private readonly waiting = new Set<Listener>();
  private isWhole = false;
  /** Panes in which something has changed. */
  private readonly panes = new Set<PaneName>();
  private isScheduled = false;

  /** @param listeners with the pane that each is part of; null for what is around the panes */
  constructor(private readonly listeners: ReadonlyMap<Listener, PaneName | null>) {}

  /** Tells all of them in the next frame, or those of one pane. */
  next(pane?: PaneName): void {
    if (pane === undefined) this.isWhole = true;
    else this.panes.add(pane);
    this.schedule();
  }

  /** Calls the listeners one after another, from the next frame on. */
  spread(): void {
    for (const listener of this.listeners.keys()) this.waiting.add(listener);
    this.schedule();
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    requestAnimationFrame(() => {
      this.isScheduled = false;
      const { isWhole } = this;
      this.isWhole = false;
      for (const [listener, pane] of this.listeners) {
        if (!isWhole && (pane === null || !this.panes.has(pane))) continue;
        this.waiting.delete(listener);
        listener();
      }
      this.panes.clear();
      if (this.waiting.size > 0) void this.tellSome();
    });
  }

  /** What a listener draws appears within the same frame, and so does what follows from its promises. */
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
