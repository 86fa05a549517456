/** Frozen weights that are read from their files whenever they are needed, one layer at a time. */
import type { Weights } from '../model/weights.ts';
import type { Backend, Value } from '../runtime/backend.ts';
import { readWeightInto } from '../runtime/weight-files.ts';
import { type Named, product } from '../tensor/index.ts';

/** The name in another layer of what layer 0 calls `name`; other names stay. */
export function nameInLayer(name: string, layer: number): string {
  return name.replace(/^model\.layers\.0\./, `model.layers.${layer}.`);
}

/**
 * Reading a layer replaces the one that was read before: its arrays are used again. What is in the system's file cache
 * costs a copy; it does not count as memory of the process.
 */
export class StreamedWeights {
  private readonly arrays = new Map<string, Float32Array>();
  /** Name of the tensor that an array contains. */
  private readonly held = new Map<string, string>();
  private sliced: Float32Array | null = null;

  constructor(
    private readonly backend: Backend,
    private readonly weights: Weights,
  ) {}

  /** Weights that layer 0 calls by these names, as `layer` has them. Throws RollscopeError `model` where a file is gone. */
  read(names: readonly string[], layer = 0): Named<Value> {
    return Object.fromEntries(names.map((name) => [name, this.readOne(name, nameInLayer(name, layer))]));
  }

  /** Rows `from` to `to` of a matrix [N, width], in an array that the next slices use again. */
  slice(name: string, from: number, to: number): Value {
    const { file, offset, bytes, dtype, shape } = this.weights.stored(name);
    const width = shape[1]!;
    const size = (to - from) * width;
    if (!this.sliced || this.sliced.length < size) this.sliced = new Float32Array(size);
    const values = this.sliced.subarray(0, size);
    readWeightInto({ file, offset, bytes, stored: dtype }, name, values, from * width);
    return this.backend.value('float32', [to - from, width], values);
  }

  /** Rows of a matrix [N, width], by index: [index.length, width]. */
  rows(name: string, index: Int32Array): Value {
    const { file, offset, dtype, shape, bytes } = this.weights.stored(name);
    const width = shape[1]!;
    const values = new Float32Array(index.length * width);
    index.forEach((row, i) => {
      const data = { file, offset, bytes, stored: dtype };
      readWeightInto(data, name, values.subarray(i * width, (i + 1) * width), row * width);
    });
    return this.backend.value('float32', [index.length, width], values);
  }

  private readOne(name: string, wanted: string): Value {
    const { file, offset, bytes, dtype, shape } = this.weights.stored(wanted);
    let array = this.arrays.get(name);
    if (!array) {
      array = new Float32Array(product(...shape) as number);
      this.arrays.set(name, array);
    }
    if (this.held.get(name) !== wanted) {
      this.held.delete(name);
      readWeightInto({ file, offset, bytes, stored: dtype }, wanted, array);
      this.held.set(name, wanted);
    }
    return this.backend.value('float32', shape, array);
  }

  /** Lets go of the arrays. */
  forget(): void {
    this.arrays.clear();
    this.held.clear();
    this.sliced = null;
  }
}
