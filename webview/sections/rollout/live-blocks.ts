/**
 * Which blocks of a response are drawn token by token: the visible ones and their neighbors. Each other block is one
 * text.
 */
import type { LitElement, ReactiveController } from 'lit';

/** Distance from the visible part, in CSS pixels, up to which tokens are drawn individually. */
const MARGIN = 250;

/** Watches the blocks (`data-block`, their first token) that its host renders, in the pane that the host is in. */
export class LiveBlocks implements ReactiveController {
  private live = new Set<number>([0]);
  private about = '';
  /** The blocks that are watched. */
  private watched = '';
  /** Their first tokens. */
  private order: number[] = [];
  private observer: IntersectionObserver | null = null;

  constructor(private readonly host: LitElement) {
    host.addController(this);
  }

  /** First tokens of the blocks that are drawn token by token. */
  get starts(): ReadonlySet<number> {
    return this.live;
  }

  /** Begins at the top of another response. */
  restart(about: string): void {
    this.about = about;
    this.live = new Set([0]);
  }

  /**
   * Draws a block and its neighbors token by token before they are visible, so that the page can scroll to one of the
   * tokens. They replace the blocks that were visible; otherwise both sets would be laid out, now and once more when
   * the observer reports.
   */
  include(start: number): void {
    if (this.live.has(start)) return;
    const place = this.order.indexOf(start);
    this.live = new Set(place < 0 ? [start] : this.order.slice(Math.max(0, place - 1), place + 2));
  }

  hostUpdated(): void {
    const blocks = [...this.host.renderRoot.querySelectorAll<HTMLElement>('[data-block]')];
    const key = [this.about, ...blocks.map(({ dataset }) => dataset.block)].join(' ');
    if (this.observer && key === this.watched) return;
    this.watched = key;
    this.order = blocks.map(({ dataset }) => Number(dataset.block));
    this.observer?.disconnect();
    this.observer = new IntersectionObserver((entries) => this.updateVisible(entries), {
      root: this.host.parentElement,
      rootMargin: `${MARGIN}px 0px`,
    });
    for (const block of blocks) this.observer.observe(block);
  }

  hostDisconnected(): void {
    this.observer?.disconnect();
    this.observer = null;
  }

  private updateVisible(entries: readonly IntersectionObserverEntry[]): void {
    let changed = false;
    for (const { target, isIntersecting } of entries) {
      const block = Number((target as HTMLElement).dataset.block);
      if (isIntersecting === this.live.has(block)) continue;
      changed = true;
      if (isIntersecting) this.live.add(block);
      else this.live.delete(block);
    }
    if (changed) this.host.requestUpdate();
  }
}
