/**
 * The graph: tensors, nodes and their scopes. Nothing is computed here. Each node has an operator of `operators.ts`,
 * which infers its shapes; backends (ONNX, TensorFlow.js, the float64 reference) run the graph.
 */
import { canonical, type Shape } from './dims.ts';
import { type BodyType, infer, type OperatorName, type Signatures } from './operators.ts';
import type { StoredType } from './stored.ts';
import { type DType, type Each, each, type NamedType, type TensorData, type TensorType } from './tensor.ts';

export interface Tensor extends NamedType {
  readonly graph: Graph;
}

/** The location of a weight: a slice of a file, memory-mapped, never copied. */
export interface ExternalData {
  file: string;
  offset: number;
  bytes: number;
  /** The type in the file; 16-bit formats are widened to float32 when the graph runs. */
  stored: StoredType;
  /** 16-bit matrices: widened at each use, so that they never all exist in float32 at once. */
  widenedAtUse?: boolean | undefined;
  /** Block-quantized matrices: products quantize the other factor to 8 bits, on devices that can. */
  roundsFactors?: boolean | undefined;
}

/** The body of a loop or branch. It may read tensors of enclosing scopes. */
export interface Subgraph extends BodyType {
  inputs: Tensor[];
  outputs: Tensor[];
  nodes: Node[];
}

type NodesOf = {
  [K in OperatorName]: {
    inputs: Each<Signatures[K]['inputs'], Tensor>;
    attributes: Signatures[K]['attributes'];
    outputs: Each<Signatures[K]['outputs'], Tensor>;
    bodies: Each<Signatures[K]['bodies'], Subgraph>;
  };
};

/** The nodes of each operator: tuples of tensors, typed attributes, bodies. */
export interface Operators extends NodesOf {}

interface NodeOf<K extends OperatorName> {
  readonly op: K;
  readonly inputs: Operators[K]['inputs'];
  readonly outputs: Operators[K]['outputs'];
  readonly attributes: Operators[K]['attributes'];
  /** Loop body, or the then and else branches. */
  readonly bodies: Operators[K]['bodies'];
}

/** A node of one of the operators `K`, discriminated by `op`. */
export type Node<K extends OperatorName = OperatorName> = { [P in K]: NodeOf<P> }[K];

export type Constant =
  | { kind: 'inline'; tensor: Tensor; data: TensorData }
  | { kind: 'external'; tensor: Tensor; data: ExternalData };

/** Backward rule of a node: gradients of its inputs from those of its outputs (null: no gradient). */
export type Backward = (gradients: (Tensor | null)[]) => (Tensor | null)[];

/** Several nodes with a custom gradient, which differentiation treats as one. */
export interface Block {
  inputs: readonly Tensor[];
  outputs: readonly Tensor[];
  backward: Backward;
}

/** A graph under construction. Inputs and outputs have unique names. */
export class Graph {
  readonly inputs: Tensor[] = [];
  readonly constants: Constant[] = [];
  readonly outputs = new Map<string, Tensor>();
  readonly nodes: Node[] = [];
  /** For each named size, an input axis with that size. */
  readonly sizes = new Map<string, { input: Tensor; axis: number }>();
  /** The block that produced a tensor, if any. */
  readonly blockOf = new Map<Tensor, Block>();
  private readonly scopes: Node[][] = [this.nodes];
  private readonly scalars = new Map<string, Tensor>();
  private blockDepth = 0;
  private count = 0;

  private tensor(name: string, dtype: DType, shape: Shape): Tensor {
    return { graph: this, name, dtype, shape: shape.map(canonical) };
  }

  private uniqueName(hint: string): string {
    return `${hint}.${this.count++}`;
  }

  input(name: string, dtype: DType, shape: Shape): Tensor {
    if (this.inputs.some((t) => t.name === name)) throw new Error(`the graph has an input ${name} already`);
    const tensor = this.tensor(name, dtype, shape);
    this.inputs.push(tensor);
    tensor.shape.forEach((dim, axis) => {
      if (typeof dim === 'string' && /^\w+$/.test(dim) && !this.sizes.has(dim)) {
        this.sizes.set(dim, { input: tensor, axis });
      }
    });
    return tensor;
  }

  output(name: string, tensor: Tensor): NamedType {
    if (this.outputs.has(name)) throw new Error(`the graph has an output ${name} already`);
    this.outputs.set(name, tensor);
    return { name, dtype: tensor.dtype, shape: tensor.shape };
  }

  constant(dtype: DType, shape: readonly number[], data: TensorData): Tensor {
    const tensor = this.tensor(this.uniqueName('constant'), dtype, shape);
    this.constants.push({ kind: 'inline', tensor, data });
    return tensor;
  }

  /** A weight that stays in its file. */
  external(name: string, shape: readonly number[], data: ExternalData): Tensor {
    const tensor = this.tensor(name, 'float32', shape);
    this.constants.push({ kind: 'external', tensor, data });
    return tensor;
  }

  /** Throws for a bool. */
  scalar(value: number, dtype: DType = 'float32'): Tensor {
    const key = `${dtype}:${value}`;
    let tensor = this.scalars.get(key);
    if (!tensor) {
      tensor = this.constant(dtype, [], scalarData(value, dtype));
      this.scalars.set(key, tensor);
    }
    return tensor;
  }

  /** Appends a node to the current scope. Models call the functions of `op.ts`, which call this. */
  emit<K extends OperatorName>(
    op: K,
    inputs: Operators[K]['inputs'],
    attributes: Operators[K]['attributes'],
    bodies: Operators[K]['bodies'],
  ): Operators[K]['outputs'] {
    const types = infer(op, inputs, attributes, bodies);
    const outputs = each(types, ({ dtype, shape }) => this.tensor(this.uniqueName(op), dtype, shape));
    const node: Node<K> = { op, inputs, outputs, attributes, bodies };
    // The type checker cannot relate a union to its members while K is generic.
    this.scopes.at(-1)!.push(node as Node);
    return outputs;
  }

  /** Builds a subgraph: nodes emitted by `build` land in it. */
  scope(inputs: readonly TensorType[], build: (inputs: Tensor[]) => Tensor[]): Subgraph {
    const tensors = inputs.map(({ dtype, shape }) => this.tensor(this.uniqueName('inner'), dtype, shape));
    const nodes: Node[] = [];
    this.scopes.push(nodes);
    try {
      return { inputs: tensors, outputs: build(tensors), nodes };
    } finally {
      this.scopes.pop();
    }
  }

  /** Runs `build` and declares its result as one differentiable operation on `inputs`. */
  block(inputs: readonly Tensor[], build: () => Tensor[], backward: (outputs: Tensor[]) => Backward): Tensor[] {
    this.blockDepth++;
    const outputs = build();
    this.blockDepth--;
    if (this.blockDepth === 0) {
      const block: Block = { inputs, outputs, backward: backward(outputs) };
      for (const output of outputs) this.blockOf.set(output, block);
    }
    return outputs;
  }
}

function scalarData(value: number, dtype: DType): TensorData {
  switch (dtype) {
    case 'float32':
      return Float32Array.of(value);
    case 'int32':
      return Int32Array.of(value);
    case 'int64':
      return BigInt64Array.of(BigInt(value));
    case 'bool':
    case 'float16':
    case 'uint8':
      throw new Error(`the number ${value} is combined with a ${dtype}`);
  }
}
