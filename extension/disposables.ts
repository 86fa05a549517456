/** A list of things to dispose of, once; what comes after that is disposed of at once. */
export interface DisposableLike {
  dispose(): unknown;
}

export class Disposables implements DisposableLike {
  private items: DisposableLike[] | null = [];

  get disposed(): boolean {
    return this.items === null;
  }

  /** Takes ownership of an item and returns it. */
  add<T extends DisposableLike>(item: T): T {
    if (this.items) this.items.push(item);
    else item.dispose();
    return item;
  }

  /** Disposes of everything, the latest first. */
  dispose(): void {
    const items = this.items;
    this.items = null;
    for (const item of items?.reverse() ?? []) item.dispose();
  }

  /** Disposes of everything so far and goes on taking. */
  clear(): void {
    const items = this.items;
    if (!items) return;
    this.items = [];
    for (const item of items.reverse()) item.dispose();
  }
}
