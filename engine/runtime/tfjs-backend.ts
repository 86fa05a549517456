/** TensorFlow.js as a backend: values are its tensors, and can stay on its device. */
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Constant, DType, ExternalData, Graph, Tensor, TensorData } from '../tensor/index.ts';
import type { Backend, CompileOptions, Executable, Value } from './backend.ts';
import type { Capabilities } from './capabilities.ts';
import { checkFeeds, checkTypes } from './feeds.ts';
import { runError } from './out-of-memory.ts';
import { Plan } from './plan.ts';
import { Frame, Interpreter, type Scope, scopeOf } from './tfjs-interpreter.ts';
import { type Tfjs, tfType } from './tfjs-operators.ts';
import { readWeight } from './weight-files.ts';

class HostValue implements Value {
  constructor(
    readonly dtype: DType,
    readonly shape: readonly number[],
    readonly data: TensorData,
  ) {}
  dispose(): void {}
}

class DeviceValue implements Value {
  readonly data = null;

  constructor(
    readonly dtype: DType,
    readonly tensor: TfTensor,
    private readonly live: Set<DeviceValue>,
  ) {
    live.add(this);
  }

  get shape(): readonly number[] {
    return this.tensor.shape;
  }

  dispose(): void {
    this.live.delete(this);
    this.tensor.dispose();
  }
}

/** Weights from files, each loaded once for all graphs that use it. */
class WeightStore {
  private readonly held = new Map<string, { tensor: TfTensor; users: number }>();

  constructor(private readonly tf: Tfjs) {}

  acquire(target: Tensor, data: ExternalData): { tensor: TfTensor; release: () => void } {
    const key = `${data.file}:${data.offset}:${target.shape}`;
    let weight = this.held.get(key);
    if (!weight) {
      const tensor = this.tf.tensor(readWeight(data, target.name), target.shape as number[], 'float32');
      weight = { tensor, users: 0 };
      this.held.set(key, weight);
    }
    const { tensor } = weight;
    weight.users++;
    const release = () => {
      if (--weight.users > 0) return;
      this.held.delete(key);
      tensor.dispose();
    };
    return { tensor, release };
  }
}

/** int64 values are stored as int32, and must fit. */
function toTfData(dtype: DType, data: TensorData): Float32Array | Int32Array | Uint8Array {
  if (data instanceof Uint16Array) throw new Error(`TensorFlow.js has no ${dtype}`);
  if (!(data instanceof BigInt64Array)) return data;
  return Int32Array.from(data, (value) => {
    if (BigInt.asIntN(32, value) !== value) throw new Error(`${value} (${dtype}) has no place in 32 bits`);
    return Number(value);
  });
}

class TfjsExecutable implements Executable {
  private readonly constants = new Map<Tensor, TfTensor>();
  private readonly inputs: readonly Tensor[];
  private readonly scope: Scope;
  private readonly releases: (() => void)[] = [];

  constructor(
    private readonly backend: TfjsBackend,
    private readonly graph: Graph,
    private readonly keep: ReadonlySet<string>,
  ) {
    const plan = new Plan(graph);
    this.inputs = graph.inputs.filter((tensor) => plan.isUsed(tensor));
    this.scope = scopeOf(plan, { inputs: this.inputs, outputs: [...graph.outputs.values()], nodes: graph.nodes });
    try {
      for (const constant of graph.constants) if (plan.isUsed(constant.tensor)) this.load(constant);
    } catch (error) {
      this.free();
      throw error;
    }
  }

  private load({ kind, tensor, data }: Constant): void {
    if (kind === 'external') {
      const weight = this.backend.weights.acquire(tensor, data);
      this.constants.set(tensor, weight.tensor);
      this.releases.push(weight.release);
    } else {
      const held = this.backend.upload(tensor.dtype, tensor.shape as number[], data);
      this.constants.set(tensor, held);
      this.releases.push(() => held.dispose());
    }
  }

  async run(feeds: Readonly<Record<string, Value>>): Promise<Record<string, Value>> {
    const { values, sizes } = checkFeeds(this.graph.inputs, feeds);
    try {
      return await this.backend.timed(async () => {
        const outputs = this.evaluate(values, sizes);
        try {
          return await this.toValues(outputs);
        } catch (error) {
          for (const tensor of outputs) tensor.dispose();
          throw error;
        }
      });
    } catch (error) {
      throw runError(error);
    }
  }

  /** The graph's outputs; all intermediate tensors are freed, even after an error. */
  private evaluate(values: ReadonlyMap<string, Value>, sizes: Map<string, number>): TfTensor[] {
    const { tf } = this.backend;
    return tf.tidy(() => {
      const given = this.inputs.map(({ name }) => this.backend.toTensor(values.get(name)!));
      return new Interpreter(tf).run(this.scope, given, new Frame(sizes, this.constants));
    });
  }

  private async toValues(outputs: readonly TfTensor[]): Promise<Record<string, Value>> {
    const values: Record<string, Value> = {};
    for (const [i, [name, { dtype }]] of [...this.graph.outputs].entries()) {
      const tensor = outputs[i]!;
      if (this.keep.has(name)) values[name] = this.backend.resident(dtype, tensor);
      else {
        values[name] = new HostValue(dtype, tensor.shape, await this.backend.download(dtype, tensor));
        tensor.dispose();
      }
    }
    return values;
  }

  private free(): void {
    for (const release of this.releases.splice(0)) release();
    this.constants.clear();
  }

  async release(): Promise<void> {
    this.free();
  }
}

class TfjsBackend implements Backend {
  readonly device = 'tfjs';
  readonly controlFlow: boolean;
  seconds = 0;
  readonly weights: WeightStore;
  private readonly live = new Set<DeviceValue>();

  constructor(
    readonly tf: Tfjs,
    private readonly capabilities: Capabilities,
  ) {
    this.controlFlow = capabilities.controlFlow;
    this.weights = new WeightStore(tf);
  }

  async timed<T>(work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.seconds += (performance.now() - start) / 1000;
    }
  }

  async compile(graph: Graph, options: CompileOptions = {}): Promise<Executable> {
    checkTypes(graph, this.capabilities);
    return this.timed(async () => new TfjsExecutable(this, graph, new Set(options.keepOnDevice)));
  }

  upload(dtype: DType, shape: readonly number[], data: TensorData): TfTensor {
    return this.tf.tensor(toTfData(dtype, data), [...shape], tfType(dtype));
  }

  async download(dtype: DType, tensor: TfTensor): Promise<TensorData> {
    const data = await tensor.data<'float32' | 'int32' | 'bool'>();
    return dtype === 'int64' ? BigInt64Array.from(data, BigInt) : data;
  }

  resident(dtype: DType, tensor: TfTensor): Value {
    return new DeviceValue(dtype, tensor, this.live);
  }

  /** A tensor owned by the run. */
  toTensor(value: Value): TfTensor {
    if (value instanceof DeviceValue) return this.tf.clone(value.tensor);
    if (!value.data) throw new Error('a value on another device cannot be used here');
    return this.upload(value.dtype, value.shape, value.data);
  }

  async read(value: Value): Promise<TensorData> {
    if (!(value instanceof DeviceValue)) return value.data!;
    return this.timed(() => this.download(value.dtype, value.tensor));
  }

  value(dtype: DType, shape: readonly number[], data: TensorData): Value {
    return new HostValue(dtype, shape, data);
  }

  async release(): Promise<void> {
    for (const value of this.live) value.dispose();
  }
}

/** A backend on a loaded TensorFlow.js. */
export function tfjsBackend(tf: Tfjs, capabilities: Capabilities): Backend {
  return new TfjsBackend(tf, capabilities);
}
