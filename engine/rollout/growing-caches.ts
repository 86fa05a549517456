/**
 * Keys and values of generated tokens in memory of the process, which grow where they lie: one array for each of a layer's
 * two, with room for the longest response. A graph that returned longer caches would hold them three times while it runs:
 * as they were, as they are, and as a copy for JavaScript.
 */
import type { LayerCache } from '../model/decoder.ts';
import type { Backend, Value } from '../runtime/backend.ts';

/** Keys and values of all layers, on the device. */
export type Caches = readonly LayerCache<Value>[];

export interface CacheSizes {
  layers: number;
  /** Key-value heads of all rows. */
  rows: number;
  headDim: number;
  /** Most tokens of a row. */
  capacity: number;
}

/**
 * Keys and values of all layers, [rows, length, headDim] each. `length` grows by appending, `rows` shrinks by
 * selecting; the capacity is fixed.
 */
export class GrowingCaches {
  private arrays: LayerCache<Float32Array>[];
  private rows: number;
  /** Tokens that each row has. */
  private length = 0;

  constructor(
    private readonly backend: Backend,
    private readonly sizes: CacheSizes,
  ) {
    const { layers, rows, headDim, capacity } = sizes;
    const room = () => new Float32Array(rows * capacity * headDim);
    this.arrays = Array.from({ length: layers }, () => ({ keys: room(), values: room() }));
    this.rows = rows;
  }

  /** [rows, length, headDim] each; valid until they grow. */
  get values(): Caches {
    const { headDim } = this.sizes;
    const shape = [this.rows, this.length, headDim];
    const value = (array: Float32Array): Value =>
      this.backend.value('float32', shape, array.subarray(0, this.rows * this.length * headDim));
    return this.arrays.map(({ keys, values }) => ({ keys: value(keys), values: value(values) }));
  }

  /** Appends `more` tokens to each row: [rows, more, headDim] each. */
  async append(grown: Caches): Promise<void> {
    const { headDim } = this.sizes;
    const more = grown[0]!.keys.shape[1]!;
    const [before, after] = [this.length * headDim, (this.length + more) * headDim];
    const put = async (array: Float32Array, fresh: Value) => {
      const data = (await this.backend.read(fresh)) as Float32Array;
      // From the last row on, so that none is overwritten before it has moved.
      for (let row = this.rows - 1; row >= 0; row--) {
        array.copyWithin(row * after, row * before, (row + 1) * before);
        array.set(data.subarray(row * more * headDim, (row + 1) * more * headDim), row * after + before);
      }
    };
    for (const [i, { keys, values }] of grown.entries()) {
      await put(this.arrays[i]!.keys, keys);
      await put(this.arrays[i]!.values, values);
    }
    this.length += more;
  }

  /**
   * Leaves out all rows but those of the index, whose places are not before their rows' new ones (`generatedRows` of
   * `pack`); a place that stays empty gets what lies there.
   */
  pack(index: readonly number[]): void {
    const size = this.length * this.sizes.headDim;
    for (const { keys, values } of this.arrays) {
      for (const array of [keys, values]) {
        index.forEach((from, to) => {
          if (from !== to) array.copyWithin(to * size, from * size, (from + 1) * size);
        });
      }
    }
    this.rows = index.length;
  }

  /** Lets go of the arrays. Returns their size in bytes, as far as it was used at most. */
  dispose(): number {
    const { rows, headDim, layers } = this.sizes;
    this.arrays = [];
    return 2 * 4 * layers * rows * this.length * headDim;
  }
}
