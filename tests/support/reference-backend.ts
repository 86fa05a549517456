/**
 * Runs graphs in float64, one element at a time: the oracle for other backends and the gradients. Plain loops without
 * optimizations; far too slow for anything but tests.
 */
import fs from 'node:fs';
import type { Backend, Executable, Value } from '../../engine/runtime/backend.ts';
import {
  type Constant,
  type Dim,
  type DType,
  each,
  evaluate,
  type Graph,
  type Node,
  type OperatorName,
  type Subgraph,
  type Tensor,
  type TensorData,
} from '../../engine/tensor/index.ts';
import { type Doubles, PLAIN_KERNELS, type Run } from './reference-operators.ts';

export type ReferenceKernels = { readonly [K in OperatorName]: Run<K, Frame> };

export const REFERENCE_KERNELS: ReferenceKernels = {
  ...PLAIN_KERNELS,
  Loop: ([trips, ...initial], { outputs, bodies: [body] }, frame) => {
    let carried = initial;
    const stacked: Doubles[][] = [];
    for (let turn = 0; turn < trips.data[0]!; turn++) {
      const scalar = { shape: [], data: Float64Array.of(turn) };
      const [condition, ...results] = runSubgraph(body, [scalar, ...carried], frame);
      carried = results.slice(0, initial.length);
      stacked.push(results.slice(initial.length));
      if (condition!.data[0] === 0) break;
    }
    const pieces = outputs.slice(initial.length).map((_, i) => stacked.map((turn) => turn[i]!));
    return [
      ...carried,
      ...pieces.map((turns) => ({
        shape: [turns.length, ...(turns[0]?.shape ?? [])],
        data: Float64Array.from(turns.flatMap((t) => [...t.data])),
      })),
    ];
  },
  If: ([condition], { bodies: [then, otherwise] }, frame) =>
    runSubgraph(condition.data[0] === 1 ? then : otherwise, [], frame),
};

/** Values of tensors and named sizes; each loop iteration or branch has its own frame. */
class Frame {
  readonly values = new Map<Tensor, Doubles>();
  readonly sizes: Map<string, number>;

  constructor(readonly outer?: Frame) {
    this.sizes = new Map(outer?.sizes);
  }

  get(tensor: Tensor): Doubles {
    const value = this.values.get(tensor) ?? this.outer?.get(tensor);
    if (!value) throw new Error(`${tensor.name} has no value`);
    return value;
  }

  /** Records the named sizes in a tensor's shape. */
  learn(tensor: Tensor, value: Doubles): void {
    tensor.shape.forEach((dim, axis) => {
      if (typeof dim === 'string' && /^\w+$/.test(dim) && !this.sizes.has(dim)) this.sizes.set(dim, value.shape[axis]!);
    });
  }

  /** Stores a value whose shape must match the tensor's. */
  set(tensor: Tensor, value: Doubles): void {
    this.learn(tensor, value);
    const shape = this.shape(tensor);
    if (shape.join() !== value.shape.join()) throw new Error(`${tensor.name} [${tensor.shape}] got [${value.shape}]`);
    this.values.set(tensor, value);
  }

  resolve(dim: Dim): number {
    return evaluate(dim, this.sizes);
  }

  shape(tensor: Tensor): number[] {
    return tensor.shape.map((dim) => this.resolve(dim));
  }
}

function runSubgraph(body: Subgraph, inputs: Doubles[], outer: Frame): Doubles[] {
  const frame = new Frame(outer);
  // Sizes that a loop carries are new in every iteration.
  for (const tensor of body.inputs) {
    for (const dim of tensor.shape) if (typeof dim === 'string' && !isGiven(tensor.graph, dim)) frame.sizes.delete(dim);
  }
  body.inputs.forEach((tensor, i) => {
    frame.set(tensor, inputs[i]!);
  });
  for (const node of body.nodes) runNode(node, frame);
  return body.outputs.map((tensor) => frame.get(tensor));
}

const isGiven = (graph: Graph, dim: string) => graph.sizes.has(dim);

function runNode<K extends OperatorName>(node: Node<K>, frame: Frame): void {
  const run: Run<K, Frame> = REFERENCE_KERNELS[node.op];
  const results = run(
    each(node.inputs, (tensor) => frame.get(tensor)),
    node,
    frame,
  );
  node.outputs.forEach((tensor, i) => {
    frame.set(tensor, results[i]!);
  });
}

function constantValue({ kind, tensor, data }: Constant): Doubles {
  const shape = tensor.shape as number[];
  if (kind === 'inline') return { shape, data: toDoubles(data) };
  const bytes = fs.readFileSync(data.file).subarray(data.offset, data.offset + data.bytes);
  const width = data.stored === 'F32' ? 4 : 2;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const element = (i: number) => {
    if (data.stored === 'F32') return view.getFloat32(4 * i, true);
    const bits = view.getUint16(2 * i, true);
    return data.stored === 'BF16' ? fromBits(bits * 65536) : fromHalf(bits);
  };
  return { shape, data: Float64Array.from({ length: bytes.length / width }, (_, i) => element(i)) };
}

function fromBits(bits: number): number {
  return new Float32Array(Uint32Array.of(bits).buffer)[0]!;
}

function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function toDoubles(data: TensorData): Float64Array {
  return data instanceof BigInt64Array ? Float64Array.from(data, Number) : Float64Array.from(data);
}

/** The graph's outputs for these inputs, in float64. */
export function evaluateGraph(graph: Graph, feeds: Readonly<Record<string, Doubles>>): Record<string, Doubles> {
  const frame = new Frame();
  for (const constant of graph.constants) frame.set(constant.tensor, constantValue(constant));
  for (const input of graph.inputs) {
    const value = feeds[input.name];
    if (!value) throw new Error(`input ${input.name} is missing`);
    frame.learn(input, value);
  }
  for (const input of graph.inputs) frame.set(input, feeds[input.name]!);
  for (const node of graph.nodes) runNode(node, frame);
  return Object.fromEntries([...graph.outputs].map(([name, tensor]) => [name, frame.get(tensor)]));
}

class ReferenceValue implements Value {
  constructor(
    readonly dtype: DType,
    readonly doubles: Doubles,
  ) {}
  get shape(): readonly number[] {
    return this.doubles.shape;
  }
  get data(): TensorData {
    const { data } = this.doubles;
    if (this.dtype === 'float32') return Float32Array.from(data);
    if (this.dtype === 'int32') return Int32Array.from(data);
    if (this.dtype === 'int64') return BigInt64Array.from(Array.from(data, BigInt));
    return Uint8Array.from(data);
  }
  dispose(): void {}
}

/** The reference as a backend; its output values keep their float64 precision when they are fed back. */
export function referenceBackend(): Backend {
  const doubles = (value: Value): Doubles =>
    value instanceof ReferenceValue ? value.doubles : { shape: value.shape, data: toDoubles(value.data!) };
  return {
    device: 'reference',
    controlFlow: true,
    seconds: 0,
    async compile(graph): Promise<Executable> {
      const dtypes = new Map([...graph.outputs].map(([name, tensor]) => [name, tensor.dtype]));
      return {
        async run(feeds) {
          const given = Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, doubles(value)]));
          const results = Object.entries(evaluateGraph(graph, given));
          return Object.fromEntries(
            results.map(([name, value]) => [name, new ReferenceValue(dtypes.get(name)!, value)]),
          );
        },
        async release() {},
      };
    },
    async read(value) {
      return value.data!;
    },
    value(dtype, shape, data) {
      return new ReferenceValue(dtype, { shape, data: toDoubles(data) });
    },
    async release() {},
  };
}
