/** A list of items that are disposed of together, once; items added later are disposed of immediately. */
export interface DisposableLike {
  dispose(): unknown;
}

/** Disposes in reverse order, so that a part can use those before it until the end. */
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

  /** Disposes of all items so far; new ones can still be added. */
  clear(): void {
    const items = this.items;
    if (!items) return;
    this.items = [];
    for (const item of items.reverse()) item.dispose();
  }
}
