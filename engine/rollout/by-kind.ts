/** One thing for each kind of layer, made when a layer of it is first met. */
import type { DecoderConfig } from '../model/config.ts';
import { kindKey, kindOf, type LayerKind } from '../model/traits.ts';

/** Makes each thing once, even if it is asked for again while it is being made. */
export class ByKind<T> {
  private readonly made = new Map<string, Promise<T>>();

  constructor(
    private readonly config: Pick<DecoderConfig, 'kinds'>,
    private readonly make: (kind: LayerKind) => Promise<T>,
  ) {}

  /** What belongs to the kind of a layer. */
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

  /** All that were made. */
  all(): Promise<T[]> {
    return Promise.all(this.made.values());
  }
}
