/** The state of an optimizer: the trained parameters with their moments, on the device and copied from it. */
import type { Backend, Value } from '../../runtime/backend.ts';
import { dispose } from '../../runtime/function.ts';
import type { Named } from '../../tensor/index.ts';
import type { AdamwState, Parameter } from '../../tensor/optimizer.ts';
import { elementsOf } from '../../tensor/tensor.ts';

/** A tensor on the host. */
export interface HostTensor {
  shape: readonly number[];
  data: Float32Array;
}

/** The parameters of one trainer in float32, from their initial values on. */
export class TrainedParameters {
  private current: AdamwState<Value>;
  private count = 0;

  constructor(
    private readonly backend: Backend,
    readonly list: readonly Parameter[],
    initial: ReadonlyMap<string, Float32Array>,
  ) {
    this.current = { parameters: this.toValues(initial), first: this.zeros(), second: this.zeros() };
  }

  /** Arrays as values for the parameters that train. */
  toValues(arrays: ReadonlyMap<string, Float32Array>, prefix = ''): Named<Value> {
    return Object.fromEntries(
      this.list.map(({ name, shape }) => [name, this.backend.value('float32', shape, arrays.get(prefix + name)!)]),
    );
  }

  /** Zeros in the shapes of the parameters: sums of gradients before the first, moments before the first step. */
  zeros(): Named<Value> {
    return Object.fromEntries(
      this.list.map(({ name, shape }) => [
        name,
        this.backend.value('float32', shape, new Float32Array(elementsOf(shape))),
      ]),
    );
  }

  get values(): Named<Value> {
    return this.current.parameters;
  }

  /** Parameters and moments. */
  get state(): AdamwState<Value> {
    return this.current;
  }

  /** Optimizer steps so far. */
  get updates(): number {
    return this.count;
  }

  /** Replaces the parameters by the result of an optimizer step. */
  advance(next: AdamwState<Value>): void {
    dispose(this.current);
    this.current = next;
    this.count++;
  }

  /** Parameters by name, read back to the host. */
  async weights(): Promise<Map<string, HostTensor>> {
    return this.read(this.current.parameters);
  }

  /** The optimizer's state: `m.<name>`, `v.<name>` and the number of updates. */
  async optimizerState(): Promise<{ updates: number; tensors: Map<string, HostTensor> }> {
    const tensors = new Map<string, HostTensor>();
    for (const [name, tensor] of await this.read(this.current.first)) tensors.set(`m.${name}`, tensor);
    for (const [name, tensor] of await this.read(this.current.second)) tensors.set(`v.${name}`, tensor);
    return { updates: this.count, tensors };
  }

  /** Restores parameters and optimizer state as returned by `weights` and `optimizerState`. */
  restore(weights: ReadonlyMap<string, Float32Array>, state: ReadonlyMap<string, Float32Array>, updates: number): void {
    dispose(this.current);
    this.current = {
      parameters: this.toValues(weights),
      first: this.toValues(state, 'm.'),
      second: this.toValues(state, 'v.'),
    };
    this.count = updates;
  }

  private async read(values: Named<Value>): Promise<Map<string, HostTensor>> {
    const result = new Map<string, HostTensor>();
    for (const { name, shape } of this.list) {
      result.set(name, { shape, data: (await this.backend.read(values[name]!)) as Float32Array });
    }
    return result;
  }
}
