/** The base of every component: reads the store and renders again when the store changes, at most once per frame. */
import { type CSSResultGroup, LitElement } from 'lit';
import type { PaneName } from '../engine/runs/panel-state.ts';
import { onResize } from './resize.ts';
import type { Store } from './store.ts';
import { shared } from './styles.ts';

let current: Store | null = null;

/** Sets the store of all components; called once, before the first is created. */
export function provideStore(store: Store): void {
  current = store;
}

/** Renders again when the store or its own width changes. */
export abstract class Component extends LitElement {
  static override styles: CSSResultGroup = shared;
  /** The pane that it is part of: it is not told of what is seen in another one only. */
  protected readonly pane: PaneName | null = null;
  private unsubscribe: (() => void) | null = null;
  private endResize: (() => void) | null = null;
  /** Width of the component in CSS pixels; charts are drawn to fit it. */
  protected width = 0;

  protected get store(): Store {
    if (!current) throw new Error('no store was provided');
    return current;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.unsubscribe = this.store.subscribe(() => {
      this.requestUpdate();
      return this.updateComplete;
    }, this.pane);
    this.endResize = onResize(this, (size) => {
      const width = Math.floor(size.width);
      if (width === this.width) return;
      this.width = width;
      this.requestUpdate();
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.unsubscribe?.();
    this.endResize?.();
  }
}
