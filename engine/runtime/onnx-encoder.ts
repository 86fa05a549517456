/**
 * Encodes a graph as an ONNX model. Scopes become ONNX subgraphs; named sizes are read with `Shape` if a shape is not
 * constant; nodes that no output depends on are omitted.
 */
import {
  type Constant,
  type Dim,
  type DType,
  type Graph,
  type Node,
  type OperatorName,
  type Subgraph,
  symbols,
  type Tensor,
  type TensorData,
  terms,
} from '../tensor/index.ts';
import { type Attribute, ELEMENT, graphProto, inlineTensor, modelBytes, nodeProto, valueInfo } from './onnx-format.ts';
import { type Dialect, OnnxWeights } from './onnx-weights.ts';
import { Plan } from './plan.ts';
import type { Message } from './protobuf.ts';

/** Encodes a node of one operator. */
export type EncodeOperator<K extends OperatorName> = (e: Encoder, node: Node<K>) => void;
export type OnnxEncoders = { readonly [K in OperatorName]: EncodeOperator<K> };

/** Name of a graph's output in the ONNX model: unlike a graph, ONNX forbids one name for an input and an output. */
export function outputName(name: string): string {
  return `>${name}`;
}

/** One ONNX graph under construction. */
class Scope {
  readonly nodes: Message[] = [];
  /**
   * Shapes of the nodes' outputs. onnxruntime cannot infer products of named sizes; given these, it reuses buffers of
   * equal size, and plans a large graph in seconds instead of a minute.
   */
  readonly values: Message[] = [];
  /** The source of a size: any axis of that size of a tensor in this scope. */
  readonly sources = new Map<Dim, { tensor: Tensor; axis: number }>();
  /** Sizes and shapes that were already read: int64 vectors. */
  readonly sizes = new Map<Dim, string>();
  readonly shapes = new Map<string, string>();

  constructor(readonly parent: Scope | null) {}

  remember(tensor: Tensor): void {
    tensor.shape.forEach((dim, axis) => {
      if (typeof dim === 'string' && !this.sources.has(dim)) this.sources.set(dim, { tensor, axis });
    });
  }

  chain(): Scope[] {
    return this.parent ? [this, ...this.parent.chain()] : [this];
  }
}

/** Encodes the nodes of a graph as ONNX nodes. */
export class Encoder {
  private readonly initializers: Message[] = [];
  private readonly names = new Map<Tensor, string>();
  private readonly inlined = new Map<string, string>();
  readonly plan: Plan;
  /** The weights that stay in their files. */
  readonly weights: OnnxWeights;
  private scope = new Scope(null);
  private count = 0;

  constructor(
    private readonly graph: Graph,
    readonly dialect: Dialect,
    folder: string,
    files: ReadonlyMap<string, string>,
    private readonly operators: OnnxEncoders,
  ) {
    this.plan = new Plan(graph);
    this.weights = new OnnxWeights({
      dialect,
      folder,
      files,
      add: (initializer) => this.initializers.push(initializer),
    });
  }

  encode(): Uint8Array {
    const { graph } = this;
    for (const input of graph.inputs) {
      this.names.set(input, input.name);
      this.scope.remember(input);
    }
    const produced = new Set(graph.nodes.flatMap((node) => node.outputs));
    for (const [name, tensor] of graph.outputs) {
      if (produced.has(tensor) && !this.names.has(tensor)) this.names.set(tensor, outputName(name));
    }
    for (const constant of graph.constants) this.constant(constant);
    for (const node of graph.nodes) this.node(node);
    for (const [name, tensor] of graph.outputs) {
      if (this.value(tensor) !== outputName(name)) this.emit('Identity', [this.value(tensor)], [outputName(name)]);
    }
    return modelBytes(
      graphProto({
        name: 'graph',
        nodes: this.scope.nodes,
        values: this.scope.values,
        inputs: graph.inputs.map((t) => valueInfo(t.name, t.dtype, t.shape)),
        outputs: [...graph.outputs].map(([name, t]) => valueInfo(outputName(name), t.dtype, t.shape)),
        initializers: this.initializers,
      }),
    );
  }

  private constant(constant: Constant): void {
    const { tensor } = constant;
    if (!this.plan.isUsed(tensor)) return;
    if (constant.kind === 'inline') {
      this.names.set(tensor, this.inline(tensor.dtype, tensor.shape as number[], constant.data));
      return;
    }
    const stored = this.weights.write(tensor, constant.data);
    if (stored === null) return;
    if (stored !== tensor.name) this.emit('Cast', [stored], [tensor.name], { to: { int: ELEMENT.float32 } });
    this.names.set(tensor, tensor.name);
  }

  /** A constant; equal constants are shared. */
  inline(dtype: DType, shape: readonly number[], data: TensorData): string {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const key = `${dtype}:${shape}:${Buffer.from(bytes).toString('latin1')}`;
    let name = this.inlined.get(key);
    if (name === undefined) {
      name = this.fresh('constant');
      this.inlined.set(key, name);
      this.initializers.push(inlineTensor(name, dtype, shape, bytes));
    }
    return name;
  }

  private fresh(hint: string): string {
    return `${hint}#${this.count++}`;
  }

  /** The ONNX name of a tensor. */
  value(tensor: Tensor): string {
    if (this.weights.blocksOf(tensor))
      throw new Error(`${tensor.name} lies in blocks: only its rows and products can be used`);
    const halves = this.weights.halvesOf(tensor);
    if (halves) return this.emit('Cast', [halves.whole()], undefined, { to: { int: ELEMENT.float32 } });
    let name = this.names.get(tensor);
    if (name === undefined) {
      name = tensor.name;
      this.names.set(tensor, name);
    }
    return name;
  }

  /** Makes `tensor` an alias of the value called `name`. */
  alias(tensor: Tensor, name: string): void {
    if (this.names.has(tensor)) this.emit('Identity', [name], [this.value(tensor)]);
    else this.names.set(tensor, name);
  }

  /** Appends an ONNX node; by default it has one output, whose name is returned. */
  emit(
    type: string,
    inputs: readonly string[],
    outputs: readonly string[] = [this.fresh(type)],
    attributes: Readonly<Record<string, Attribute>> = {},
    domain = '',
  ): string {
    this.scope.nodes.push(nodeProto(type, inputs, outputs, attributes, domain));
    return outputs[0]!;
  }

  /** A constant int64 vector. */
  ints(values: readonly number[]): string {
    return this.inline('int64', [values.length], BigInt64Array.from(values, BigInt));
  }

  /** A float32 scalar. */
  float(value: number): string {
    return this.inline('float32', [], Float32Array.of(value));
  }

  /** Runs `emit` with its nodes appended to an outer scope, so that their outputs can be shared. */
  private within<T>(scope: Scope, emit: () => T): T {
    const before = this.scope;
    this.scope = scope;
    try {
      return emit();
    } finally {
      this.scope = before;
    }
  }

  /** The innermost scope in which a size can be read. */
  private home(dim: Dim): Scope {
    const chain = this.scope.chain();
    if (typeof dim === 'number') return chain.at(-1)!;
    const direct = chain.find((scope) => scope.sources.has(dim));
    if (direct) return direct;
    const names = symbols(dim);
    if (names.length === 1 && names[0] === dim) throw new Error(`no tensor tells the size ${dim}`);
    const homes = names.map((name) => this.home(name));
    return chain.find((scope) => homes.includes(scope))!;
  }

  /** A size as an int64 vector of one element. */
  size(dim: Dim): string {
    if (typeof dim === 'number') return this.ints([dim]);
    const home = this.home(dim);
    const known = home.sizes.get(dim);
    if (known !== undefined) return known;
    const name = this.within(home, () => {
      const source = home.sources.get(dim);
      if (source) {
        const attributes = { start: { int: source.axis }, end: { int: source.axis + 1 } };
        return this.emit('Shape', [this.value(source.tensor)], undefined, attributes);
      }
      const parts = terms(dim).map(({ coefficient, names }) => {
        const factors = [...(coefficient === 1 && names.length > 0 ? [] : [coefficient]), ...names];
        return factors.map((f) => this.size(f)).reduce((a, b) => this.emit('Mul', [a, b]));
      });
      return parts.reduce((a, b) => this.emit('Add', [a, b]));
    });
    home.sizes.set(dim, name);
    return name;
  }

  /** A shape as an int64 vector. */
  shape(dims: readonly Dim[]): string {
    if (dims.every((d) => typeof d === 'number')) return this.ints(dims);
    const chain = this.scope.chain();
    const homes = dims.filter((d) => typeof d === 'string').map((d) => this.home(d));
    const home = chain.find((scope) => homes.includes(scope))!;
    const key = dims.join(',');
    let name = home.shapes.get(key);
    if (name === undefined) {
      name = this.within(home, () => {
        const parts = dims.map((d) => this.size(d));
        return parts.length === 1 ? parts[0]! : this.emit('Concat', parts, undefined, { axis: { int: 0 } });
      });
      home.shapes.set(key, name);
    }
    return name;
  }

  private operator<K extends OperatorName>(node: Node<K>): void {
    const encode: EncodeOperator<K> = this.operators[node.op];
    encode(this, node);
  }

  private node(node: Node): void {
    if (!this.plan.isLive(node)) return;
    this.operator(node);
    for (const tensor of node.outputs) {
      if (!this.plan.isUsed(tensor)) continue;
      this.scope.remember(tensor);
      if (this.value(tensor) === tensor.name)
        this.scope.values.push(valueInfo(tensor.name, tensor.dtype, tensor.shape));
    }
  }

  /** A loop's body or a branch. ONNX requires distinct outputs that are produced inside. */
  subgraph(body: Subgraph, name: string, extraInputs: readonly { name: string; dtype: DType }[] = []): Message {
    const scope = new Scope(this.scope);
    return this.within(scope, () => {
      for (const tensor of body.inputs) scope.remember(tensor);
      for (const inner of body.nodes) this.node(inner);
      const inside = new Set(body.nodes.flatMap((inner) => inner.outputs));
      const taken = new Set<string>();
      const outputs = body.outputs.map((tensor) => {
        const direct = inside.has(tensor) && this.value(tensor) === tensor.name && !taken.has(tensor.name);
        const value = direct ? tensor.name : this.emit('Identity', [this.value(tensor)]);
        taken.add(value);
        return valueInfo(value, tensor.dtype);
      });
      const [first, ...rest] = body.inputs;
      const inputs = [
        ...(first ? [valueInfo(this.value(first), first.dtype, first.shape)] : []),
        ...extraInputs.map((t) => valueInfo(t.name, t.dtype, [])),
        ...rest.map((t) => valueInfo(this.value(t), t.dtype)),
      ];
      return graphProto({ name, nodes: scope.nodes, values: scope.values, inputs, outputs });
    });
  }
}
