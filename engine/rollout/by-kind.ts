/** One value per kind of layer, created when a layer of that kind first occurs. */
import type { DecoderConfig } from '../model/config.ts';
import { kindKey, kindOf, type LayerKind } from '../model/traits.ts';

/** Creates each value once, even if it is requested again while it is being created. */
export class ByKind<T> {
  private readonly made = new Map<string, Promise<T>>();

  constructor(
    private readonly config: Pick<DecoderConfig, 'kinds'>,
    private readonly make: (kind: LayerKind) => Promise<T>,
  ) {}

  /** The value for the kind of a layer. */
  of(layer: number): Promise<T> {
    const kind = kindOf(this.config, layer);
    const key = kindKey(kind);
    let found = this.made.get(key);
    if (!found) {
      found = this.make(kind);
      this.made.set(key, found);
    }
    return found;
  }

  /** All values created so far. */
  all(): Promise<T[]> {
    return Promise.all(this.made.values());
  }
}
