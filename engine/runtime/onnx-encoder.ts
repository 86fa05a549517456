/**
 * A graph as an ONNX model under construction. Scopes become ONNX subgraphs; named sizes are read with `Shape` where a
 * shape cannot be given by constants; nodes that no output needs are left out.
 */
import path from 'node:path';
import {
  BLOCK,
  type BlockParts,
  type BlockType,
  blockSlices,
  type Constant,
  type Dim,
  type DType,
  type ExternalData,
  type Graph,
  isBlockType,
  type Node,
  type OperatorName,
  type Slice,
  type StoredType,
  type Subgraph,
  symbols,
  type Tensor,
  type TensorData,
  terms,
} from '../tensor/index.ts';
import {
  type Attribute,
  ELEMENT,
  type Element,
  externalTensor,
  graphProto,
  inlineTensor,
  modelBytes,
  nodeProto,
  valueInfo,
} from './onnx-format.ts';
import { Plan } from './plan.ts';
import type { Message } from './protobuf.ts';

/**
 * `fused` uses onnxruntime's own operators where they save copies (CPU, CUDA); `portable` keeps to what the WebGPU
 * provider runs on the device.
 */
export type Dialect = 'fused' | 'portable';

/** ONNX values of a weight [rows, width] in blocks; `engine/tensor/blocks.ts` says what they mean. */
export interface EncodedBlocks extends BlockParts<string> {
  readonly rows: number;
  readonly width: number;
}

/** ONNX values of a weight [rows, width] of 16 bits that is widened for each use; each is written when it is asked for. */
export interface EncodedHalves {
  readonly rows: number;
  readonly width: number;
  readonly whole: () => string;
  /** Rows `from` to `to`. */
  readonly part: (from: number, to: number) => string;
}

/** How an operator is written. */
export type EncodeOperator<K extends OperatorName> = (e: Encoder, node: Node<K>) => void;
export type OnnxEncoders = { readonly [K in OperatorName]: EncodeOperator<K> };

/** Name of a graph's output in the ONNX model: a graph may use one name for an input and an output, ONNX may not. */
export function outputName(name: string): string {
  return `>${name}`;
}

/** One ONNX graph under construction. */
class Scope {
  readonly nodes: Message[] = [];
  /**
   * Shapes of what the nodes make. onnxruntime cannot infer products of named sizes; told them, it reuses buffers of the
   * same size, and plans a large graph in seconds instead of a minute.
   */
  readonly values: Message[] = [];
  /** Where to read a size: any axis of a tensor of this scope that has it. */
  readonly sources = new Map<Dim, { tensor: Tensor; axis: number }>();
  /** Sizes and shapes read already: int64 vectors. */
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

/** Writes the nodes of a graph as those of an ONNX model. */
export class Encoder {
  private readonly initializers: Message[] = [];
  private readonly names = new Map<Tensor, string>();
  private readonly blocks = new Map<Tensor, EncodedBlocks>();
  private readonly halves = new Map<Tensor, EncodedHalves>();
  private readonly inlined = new Map<string, string>();
  readonly plan: Plan;
  private scope = new Scope(null);
  private count = 0;

  constructor(
    private readonly graph: Graph,
    readonly dialect: Dialect,
    private readonly folder: string,
    private readonly files: ReadonlyMap<string, string>,
    private readonly operators: OnnxEncoders,
  ) {
    this.plan = new Plan(graph);
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
    } else if (isBlockType(constant.data.stored)) {
      this.blocks.set(tensor, this.externalBlocks(tensor, constant.data, constant.data.stored));
    } else if (this.staysHalf(tensor, constant.data)) {
      this.halves.set(tensor, this.externalHalves(tensor, constant.data));
    } else {
      this.names.set(tensor, this.external(tensor, constant.data, constant.data.stored));
    }
  }

  /** Whether a weight is widened for each use. WebGPU has no bfloat16, and widens both kinds when a session is opened. */
  private staysHalf({ shape }: Tensor, { widenedAtUse, stored }: ExternalData): boolean {
    return widenedAtUse === true && stored !== 'F32' && shape.length === 2 && this.dialect === 'fused';
  }

  /** Whether the graph has weights that are widened for each use. */
  get widensAtUse(): boolean {
    return this.halves.size > 0;
  }

  private externalHalves({ name, shape }: Tensor, data: ExternalData): EncodedHalves {
    const [rows, width] = shape as [number, number];
    const location = this.location(data);
    const element: Element = data.stored === 'F16' ? 'float16' : 'bfloat16';
    const written = new Set<string>();
    const add = (part: string, from: number, to: number) => {
      if (!written.has(part)) {
        const slice = { location, offset: data.offset + 2 * width * from, bytes: 2 * width * (to - from) };
        this.initializers.push(externalTensor(part, element, [to - from, width], slice));
        written.add(part);
      }
      return part;
    };
    return {
      ...{ rows, width },
      whole: () => add(`${name}:${data.stored}`, 0, rows),
      part: (from, to) => add(`${name}:${from}`, from, to),
    };
  }

  /** What a weight that is widened for each use is written as; null for other tensors. */
  halvesOf(tensor: Tensor): EncodedHalves | null {
    return this.halves.get(tensor) ?? null;
  }

  /** A matrix in blocks as ONNX values: only products with it and rows of it are written. */
  private externalBlocks({ name, shape }: Tensor, data: ExternalData, type: BlockType): EncodedBlocks {
    const [rows, width] = shape as [number, number];
    const location = this.location(data);
    const add = (part: string, element: Element, inner: number[], { offset, bytes }: Slice) => {
      const slice = { location, offset: data.offset + offset, bytes };
      this.initializers.push(externalTensor(`${name}:${part}`, element, [rows, width / BLOCK, ...inner], slice));
      return `${name}:${part}`;
    };
    const { numbers, low, scales, offsets } = blockSlices(type, rows * width);
    return {
      ...{ rows, width },
      numbers: add('numbers', 'uint8', [BLOCK / 2], numbers),
      low: low && add('low', 'uint8', [BLOCK / 2], low),
      scales: add('scales', 'float32', [], scales),
      offsets: offsets && add('offsets', 'float32', [], offsets),
    };
  }

  /** What a weight in blocks is written as; null for other tensors. */
  blocksOf(tensor: Tensor): EncodedBlocks | null {
    return this.blocks.get(tensor) ?? null;
  }

  /** A constant; equal ones are written once. */
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

  private location({ file }: ExternalData): string {
    return path.relative(this.folder, this.files.get(file)!).split(path.sep).join('/');
  }

  private external(tensor: Tensor, data: ExternalData, format: Exclude<StoredType, BlockType>): string {
    const element: Element = { F32: 'float32', BF16: 'bfloat16', F16: 'float16' }[format] as Element;
    const location = this.location(data);
    const stored = element === 'float32' ? tensor.name : `${tensor.name}:${data.stored}`;
    this.initializers.push(externalTensor(stored, element, tensor.shape as number[], { location, ...data }));
    if (element !== 'float32') this.emit('Cast', [stored], [tensor.name], { to: { int: 1 } });
    return tensor.name;
  }

  private fresh(hint: string): string {
    return `${hint}#${this.count++}`;
  }

  /** The ONNX name of a tensor. */
  value(tensor: Tensor): string {
    if (this.blocks.has(tensor))
      throw new Error(`${tensor.name} lies in blocks: only its rows and products can be used`);
    const halves = this.halves.get(tensor);
    if (halves) return this.emit('Cast', [halves.whole()], undefined, { to: { int: ELEMENT.float32 } });
    let name = this.names.get(tensor);
    if (name === undefined) {
      name = tensor.name;
      this.names.set(tensor, name);
    }
    return name;
  }

  /** Declares that `tensor` is the value called `name`. */
  alias(tensor: Tensor, name: string): void {
    if (this.names.has(tensor)) this.emit('Identity', [name], [this.value(tensor)]);
    else this.names.set(tensor, name);
  }

  /** Appends an ONNX node; without given outputs it has one, whose name is returned. */
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

  /** An int64 vector of constants. */
  ints(values: readonly number[]): string {
    return this.inline('int64', [values.length], BigInt64Array.from(values, BigInt));
  }

  /** A float32 scalar. */
  float(value: number): string {
    return this.inline('float32', [], Float32Array.of(value));
  }

  /** Runs `emit` with its nodes appended to an outer scope, where what it makes can be shared. */
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

  /** A loop's body or a branch. ONNX wants each output to be made inside, and once. */
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
