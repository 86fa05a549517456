import type { DisposableLike } from './disposables.ts';

/** Same shape as the editor's events, so that they can be handed to it; usable without it. */
export type Listen<T> = (listener: (value: T) => unknown) => DisposableLike;

export class Emitter<T> implements DisposableLike {
  private readonly listeners = new Set<(value: T) => unknown>();

  readonly event: Listen<T> = (listener) => {
    // A listener added twice counts twice.
    const own = (value: T) => listener(value);
    this.listeners.add(own);
    return { dispose: () => this.listeners.delete(own) };
  };

  fire(value: T): void {
    for (const listener of [...this.listeners]) listener(value);
  }

  dispose(): void {
    this.listeners.clear();
  }
}
