/**
 * Keys and values of generated tokens in memory of the process, which grow where they are: one array for each of a layer's
 * two, with room for the longest response. A graph that returned longer caches would hold them three times while it runs:
 * as they were, as they are, and as a copy for JavaScript.
 */
import type { LayerCache } from '../model/decoder.ts';
import type { Backend, Value } from '../runtime/backend.ts';
import {
  allocateCache,
  type CachePrecision,
  type Numbers,
  type StoredCache,
  storedCacheBytes,
  writeTokens,
} from './cache-precision.ts';

/** Keys and values of all layers, on the device. */
export type Caches = readonly LayerCache<Value>[];

export interface CacheSizes {
  layers: number;
  /** Key-value heads of all rows. */
  rows: number;
  headDim: number;
  /** Most tokens of a row. */
  capacity: number;
  /** float32 by default. */
  precision?: CachePrecision;
}

/** Keys and values as inputs of a graph. */
export type StoredCaches = readonly LayerCache<StoredCache<Value>>[];

/**
 * Keys and values of all layers, [rows, length, headDim] each. `length` grows by appending, `rows` shrinks by
 * selecting; the capacity is fixed.
 */
export class GrowingCaches {
  private arrays: LayerCache<StoredCache<Numbers>>[];
  private rows: number;
  /** Tokens that each row has. */
  private length = 0;

  constructor(
    private readonly backend: Backend,
    private readonly sizes: CacheSizes,
  ) {
    const { layers, rows, headDim, capacity, precision = 'float32' } = sizes;
    const room = () => allocateCache(precision, rows * capacity, headDim);
    this.arrays = Array.from({ length: layers }, () => ({ keys: room(), values: room() }));
    this.rows = rows;
  }

  /** [rows, length, headDim] each; valid until they grow. */
  get values(): StoredCaches {
    const value = (array: Numbers, width: number): Value => {
      const type = array instanceof Float32Array ? 'float32' : array instanceof Uint16Array ? 'float16' : 'uint8';
      return this.backend.value(
        type,
        [this.rows, this.length, width],
        array.subarray(0, this.rows * this.length * width),
      );
    };
    const held = ({ numbers, scales }: StoredCache<Numbers>): StoredCache<Value> => ({
      numbers: value(numbers, this.sizes.headDim),
      scales: scales && value(scales, 1),
    });
    return this.arrays.map(({ keys, values }) => ({ keys: held(keys), values: held(values) }));
  }

  /** Appends `more` tokens to each row: [rows, more, headDim] each. */
  async append(grown: Caches): Promise<void> {
    const { headDim } = this.sizes;
    const more = grown[0]!.keys.shape[1]!;
    const [before, after] = [this.length, this.length + more];
    const put = async (held: StoredCache<Numbers>, fresh: Value) => {
      const data = (await this.backend.read(fresh)) as Float32Array;
      // From the last row on, so that none is overwritten before it was moved.
      for (let row = this.rows - 1; row >= 0; row--) {
        for (const [array, width] of partsOf(held, headDim))
          array.copyWithin(row * after * width, row * before * width, (row + 1) * before * width);
        const own = data.subarray(row * more * headDim, (row + 1) * more * headDim);
        writeTokens(held, own, row * after + before, headDim);
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
   * `pack`); a place that stays empty gets what is there.
   */
  pack(index: readonly number[]): void {
    const { headDim } = this.sizes;
    for (const { keys, values } of this.arrays) {
      for (const [array, width] of [...partsOf(keys, headDim), ...partsOf(values, headDim)]) {
        const size = this.length * width;
        index.forEach((from, to) => {
          if (from !== to) array.copyWithin(to * size, from * size, (from + 1) * size);
        });
      }
    }
    this.rows = index.length;
  }

  /** Frees the arrays. Returns the greatest size that was used, in bytes. */
  dispose(): number {
    const { rows, headDim, layers, precision = 'float32' } = this.sizes;
    this.arrays = [];
    return 2 * layers * rows * this.length * storedCacheBytes(precision, headDim);
  }
}

/** The arrays of a cache, each with the elements that a token of a head has in it. */
function partsOf({ numbers, scales }: StoredCache<Numbers>, headDim: number): [array: Numbers, width: number][] {
  return scales
    ? [
        [numbers, headDim],
        [scales, 1],
      ]
    : [[numbers, headDim]];
}
