/** What every component is: it reads the store, and renders anew, at most once a frame, when that has changed. */
import { type CSSResultGroup, LitElement } from 'lit';
import type { Store } from './store.ts';
import { shared } from './styles.ts';

let current: Store | null = null;

/** Gives the components their store; called once, before any is made. */
export function provideStore(store: Store): void {
  current = store;
}

export abstract class Component extends LitElement {
  static override styles: CSSResultGroup = shared;
  private unsubscribe: (() => void) | null = null;
  private observer: ResizeObserver | null = null;
  /** Width of the component, CSS pixels; charts are drawn for it. */
  protected width = 0;

  protected get store(): Store {
    if (!current) throw new Error('no store was provided');
    return current;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.unsubscribe = this.store.subscribe(() => this.requestUpdate());
    this.observer = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry!.contentRect.width);
      if (width === this.width) return;
      this.width = width;
      this.requestUpdate();
    });
    this.observer.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.unsubscribe?.();
    this.observer?.disconnect();
  }
}
