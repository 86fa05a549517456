/**
 * Runs graphs with TensorFlow.js, node by node. Values on the device are its tensors; what a run makes and nothing reads
 * any more is freed at once, so that a run needs no more memory than it must.
 */
import fs from 'node:fs';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import { RollscopeError } from '../protocol/errors.ts';
import {
  type Constant,
  type ControlName,
  type Dim,
  type DType,
  type Each,
  type ExternalData,
  each,
  evaluate,
  type Graph,
  type Node,
  type OperatorName,
  type Operators,
  type PlainName,
  type Shape,
  type Tensor,
  type TensorData,
  toFloat32,
} from '../tensor/index.ts';
import type { Backend, CompileOptions, Executable, Value } from './backend.ts';
import { TFJS_CAPABILITIES } from './devices/tfjs.ts';
import { checkFeeds, checkTypes, runError } from './feeds.ts';
import { Plan } from './plan.ts';
import { compute, type Tfjs, tfType } from './tfjs-operators.ts';

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

/** Largest read at a time: one call never gives more than 2 GiB. */
const READ_BYTES = 2 ** 30;

function readWeight({ file, offset, bytes, stored }: ExternalData, name: string): Float32Array {
  const buffer = Buffer.allocUnsafe(bytes);
  let filled = 0;
  try {
    const descriptor = fs.openSync(file, 'r');
    try {
      while (filled < bytes) {
        const read = fs.readSync(descriptor, buffer, filled, Math.min(bytes - filled, READ_BYTES), offset + filled);
        if (read === 0) break;
        filled += read;
      }
    } finally {
      fs.closeSync(descriptor);
    }
  } catch (cause) {
    throw new RollscopeError('model', `The weights file ${file} cannot be read.`, 'Choose the model again.', { cause });
  }
  if (filled < bytes) {
    const hint = 'It was probably not downloaded or copied to its end: get it again.';
    throw new RollscopeError('model', `The weights file ${file} ends before the tensor ${name}.`, hint);
  }
  return toFloat32(buffer, stored);
}

/** Weights of files, each held once for all the graphs that read it. */
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

/** A node that is computed, and what nothing reads after it. */
interface StepOf<K extends OperatorName> {
  node: Node<K>;
  operands: Operators[K]['inputs'];
  /** One for each body. */
  bodies: Each<Operators[K]['bodies'], Scope>;
  frees: readonly Tensor[];
}
type Step<K extends OperatorName = OperatorName> = { [P in K]: StepOf<P> }[K];

/** The graph, a loop's body or a branch. */
interface Scope {
  inputs: readonly Tensor[];
  outputs: readonly Tensor[];
  steps: readonly Step[];
}

type Part = Pick<Scope, 'inputs' | 'outputs'> & { nodes: readonly Node[] };

function scopeOf(plan: Plan, { inputs, outputs, nodes }: Part): Scope {
  const live = nodes.filter((node) => plan.isLive(node));
  const own = new Set([...inputs, ...live.flatMap((node) => node.outputs)]);
  const lastRead = new Map<Tensor, number>();
  live.forEach((node, i) => {
    for (const tensor of [...node.outputs, ...reads(plan, node)]) if (own.has(tensor)) lastRead.set(tensor, i);
  });
  for (const tensor of outputs) lastRead.delete(tensor);
  const frees: Tensor[][] = live.map(() => []);
  for (const [tensor, i] of lastRead) frees[i]!.push(tensor);
  return { inputs, outputs, steps: live.map((node, i) => stepOf(plan, node, frees[i]!)) };
}

function stepOf<K extends OperatorName>(plan: Plan, node: Node<K>, frees: readonly Tensor[]): Step {
  const bodies = each(node.bodies, (body) => scopeOf(plan, body));
  const step: StepOf<K> = { node, operands: plan.operands(node), bodies, frees };
  return step as Step;
}

/** Everything that a node reads, also inside its bodies. */
function reads(plan: Plan, node: Node): Tensor[] {
  const inside = node.bodies.flatMap((body) => [
    ...body.nodes.filter((inner) => plan.isLive(inner)).flatMap((inner) => reads(plan, inner)),
    ...body.outputs,
  ]);
  return [...plan.operands(node), ...inside];
}

/** Tensors of a scope and sizes known in it. A loop's turn or a branch has a frame of its own. */
class Frame {
  private readonly values = new Map<Tensor, TfTensor>();
  private readonly numbers = new Map<string, number>();

  constructor(
    private readonly sizes: Map<string, number>,
    private readonly outer: { get(tensor: Tensor): TfTensor | undefined },
  ) {}

  inner(): Frame {
    return new Frame(new Map(this.sizes), this);
  }

  get(tensor: Tensor): TfTensor {
    const value = this.values.get(tensor) ?? this.outer.get(tensor);
    if (!value) throw new Error(`${tensor.name} has no value`);
    return value;
  }

  /** Takes a value over. */
  set(tensor: Tensor, value: TfTensor): void {
    this.values.set(tensor, value);
  }

  /** Learns named sizes that no input of the graph has: how far a loop went, or an axis that it lets grow. */
  learn({ graph, shape }: Tensor, actual: readonly number[]): void {
    shape.forEach((dim, axis) => {
      if (typeof dim === 'string' && /^\w+$/.test(dim) && !graph.sizes.has(dim)) this.sizes.set(dim, actual[axis]!);
    });
    this.numbers.clear();
  }

  resolve(dim: Dim): number {
    if (typeof dim === 'number') return dim;
    let number = this.numbers.get(dim);
    if (number === undefined) {
      number = evaluate(dim, this.sizes);
      this.numbers.set(dim, number);
    }
    return number;
  }

  shape(shape: Shape): number[] {
    return shape.map((dim) => this.resolve(dim));
  }

  free(tensor: Tensor): void {
    this.values.get(tensor)?.dispose();
    this.values.delete(tensor);
  }

  release(): void {
    for (const value of this.values.values()) value.dispose();
    this.values.clear();
  }
}

/** How operators with bodies are run. */
type ControlRuns = { readonly [K in ControlName]: (step: Step<K>, frame: Frame) => TfTensor[] };

function isControl(step: Step): step is Step<ControlName> {
  return step.bodies.length > 0;
}

class Interpreter {
  constructor(private readonly tf: Tfjs) {}

  /** A scope's outputs. `inputs` become the frame's, which is empty afterwards. */
  run({ inputs, outputs, steps }: Scope, given: readonly TfTensor[], frame: Frame): TfTensor[] {
    inputs.forEach((tensor, i) => {
      frame.set(tensor, given[i]!);
    });
    for (const step of steps) {
      const results = this.step(step, frame);
      step.node.outputs.forEach((tensor, i) => {
        frame.set(tensor, results[i]!);
      });
      for (const tensor of step.frees) frame.free(tensor);
    }
    const results = outputs.map((tensor) => this.tf.clone(frame.get(tensor)));
    frame.release();
    return results;
  }

  private step(step: Step, frame: Frame): TfTensor[] {
    return isControl(step) ? this.control(step, frame) : this.compute(step, frame);
  }

  private compute<K extends PlainName>({ node, operands }: Step<K>, frame: Frame): TfTensor[] {
    const shapes = each(node.outputs, (tensor) => frame.shape(tensor.shape));
    // Several operators of TensorFlow.js refuse axes of length 0.
    if (shapes.every((shape) => shape.includes(0))) {
      return shapes.map((shape, i) => this.tf.zeros(shape, tfType(node.outputs[i]!.dtype)));
    }
    const values = each(operands, (tensor) => frame.get(tensor));
    const resolve = (dim: Dim) => frame.resolve(dim);
    return this.tf.tidy(() => compute(this.tf, node, values, { shapes, resolve }));
  }

  private control<K extends ControlName>(step: Step<K>, frame: Frame): TfTensor[] {
    const run: ControlRuns[K] = this.controls[step.node.op];
    return run(step, frame);
  }

  private readonly controls: ControlRuns = {
    Loop: (step, frame) => this.loop(step, frame),
    If: (step, frame) => this.branch(step, frame),
  };

  private loop({ node, operands, bodies: [body] }: Step<'Loop'>, frame: Frame): TfTensor[] {
    const [trips, ...initial] = each(operands, (tensor) => frame.get(tensor));
    const turns = trips.dataSync()[0]!;
    let carried = initial.map((x) => this.tf.clone(x));
    const stacked: TfTensor[][] = node.outputs.slice(initial.length).map(() => []);
    for (let turn = 0; turn < turns; turn++) {
      const inner = frame.inner();
      body.inputs.slice(1).forEach((tensor, i) => {
        inner.learn(tensor, carried[i]!.shape);
      });
      const [goOn, ...results] = this.run(body, [this.tf.scalar(turn, 'int32'), ...carried], inner);
      carried = results.slice(0, initial.length);
      results.slice(initial.length).forEach((x, i) => {
        stacked[i]!.push(x);
      });
      const ended = goOn!.dataSync()[0] === 0;
      goOn!.dispose();
      if (ended) break;
    }
    const results = [
      ...carried,
      ...stacked.map((pieces, i) => this.stack(pieces, node.outputs[initial.length + i]!, frame)),
    ];
    node.outputs.forEach((tensor, i) => {
      frame.learn(tensor, results[i]!.shape);
    });
    return results;
  }

  /** What the turns of a loop gave, one below the other. */
  private stack(pieces: TfTensor[], { shape, dtype }: Tensor, frame: Frame): TfTensor {
    if (pieces.length === 0) return this.tf.zeros([0, ...frame.shape(shape.slice(1))], tfType(dtype));
    const result =
      pieces[0]!.size === 0
        ? this.tf.zeros([pieces.length, ...pieces[0]!.shape], tfType(dtype))
        : this.tf.stack(pieces);
    for (const piece of pieces) piece.dispose();
    return result;
  }

  private branch({ operands: [condition], bodies: [then, otherwise] }: Step<'If'>, frame: Frame): TfTensor[] {
    const holds = frame.get(condition).dataSync()[0] !== 0;
    return this.run(holds ? then : otherwise, [], frame.inner());
  }
}

/** int64 values are held as int32, and must fit. */
function toTfData(dtype: DType, data: TensorData): Float32Array | Int32Array | Uint8Array {
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
          return await this.hand(outputs);
        } catch (error) {
          for (const tensor of outputs) tensor.dispose();
          throw error;
        }
      });
    } catch (error) {
      throw runError(error);
    }
  }

  /** The graph's outputs; whatever else comes to be is gone afterwards, also after an error. */
  private evaluate(values: ReadonlyMap<string, Value>, sizes: Map<string, number>): TfTensor[] {
    const { tf } = this.backend;
    return tf.tidy(() => {
      const given = this.inputs.map(({ name }) => this.backend.toTensor(values.get(name)!));
      return new Interpreter(tf).run(this.scope, given, new Frame(sizes, this.constants));
    });
  }

  private async hand(outputs: readonly TfTensor[]): Promise<Record<string, Value>> {
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
  readonly controlFlow = TFJS_CAPABILITIES.controlFlow;
  seconds = 0;
  readonly weights: WeightStore;
  private readonly live = new Set<DeviceValue>();

  constructor(readonly tf: Tfjs) {
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
    checkTypes(graph, TFJS_CAPABILITIES);
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

  /** A tensor of its own for a run. */
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
export function tfjsBackend(tf: Tfjs): Backend {
  return new TfjsBackend(tf);
}
