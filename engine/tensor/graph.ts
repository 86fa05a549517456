/**
 * The graph: tensors, nodes and the scopes they live in. Nothing here computes. Every node names an operator of
 * `operators.ts`, which knows its shapes and its gradient; a backend (ONNX, the float64 interpreter) knows how to run it.
 */
import { canonical, type Dim, type Shape } from './dims.ts';
import type { Port } from './ports.ts';
import type { StoredType } from './stored.ts';

export type DType = 'float32' | 'int32' | 'int64' | 'bool';
export type TensorData = Float32Array | Int32Array | BigInt64Array | Uint8Array;

/** Where the bytes of a weight lie: a slice of a file, mapped, never copied. */
export interface ExternalData {
  file: string;
  offset: number;
  bytes: number;
  /** As stored; 16-bit formats are widened when the graph runs. */
  stored: StoredType;
}

export interface Tensor extends Port {
  readonly graph: Graph;
}

export type Attributes = Readonly<Record<string, unknown>>;

/** A loop's or branch's inside. It may read tensors of the scopes around it. */
export interface Subgraph {
  inputs: Tensor[];
  outputs: Tensor[];
  nodes: Node[];
}

export interface Node {
  readonly op: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly attributes: Attributes;
  /** Loop body, or the then and else branches. */
  readonly bodies: readonly Subgraph[];
}

export type Constant =
  | { kind: 'inline'; tensor: Tensor; data: TensorData }
  | { kind: 'external'; tensor: Tensor; data: ExternalData };

/** Backward rule of a node: gradients of its inputs from those of its outputs (null: no gradient). */
export type Backward = (gradients: (Tensor | null)[]) => (Tensor | null)[];

/** Several nodes with a gradient of their own, which differentiation treats as one. */
export interface Block {
  inputs: readonly Tensor[];
  outputs: readonly Tensor[];
  backward: Backward;
}

export class Graph {
  readonly inputs: Tensor[] = [];
  readonly constants: Constant[] = [];
  readonly outputs = new Map<string, Tensor>();
  readonly nodes: Node[] = [];
  /** For every named size, an input axis that has it. */
  readonly sizes = new Map<string, { input: Tensor; axis: number }>();
  /** The block that made a tensor, when one did. */
  readonly blockOf = new Map<Tensor, Block>();
  private readonly scopes: Node[][] = [this.nodes];
  private readonly scalars = new Map<string, Tensor>();
  private blockDepth = 0;
  private count = 0;

  private tensor(name: string, dtype: DType, shape: Shape): Tensor {
    return { graph: this, name, dtype, shape: shape.map(canonical) };
  }

  private fresh(hint: string): string {
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

  output(name: string, tensor: Tensor): Port {
    if (this.outputs.has(name)) throw new Error(`the graph has an output ${name} already`);
    this.outputs.set(name, tensor);
    return { name, dtype: tensor.dtype, shape: tensor.shape };
  }

  constant(dtype: DType, shape: readonly number[], data: TensorData, name = this.fresh('constant')): Tensor {
    const tensor = this.tensor(name, dtype, shape);
    this.constants.push({ kind: 'inline', tensor, data });
    return tensor;
  }

  /** A weight that stays in its file. */
  external(name: string, shape: readonly number[], data: ExternalData): Tensor {
    const tensor = this.tensor(name, 'float32', shape);
    this.constants.push({ kind: 'external', tensor, data });
    return tensor;
  }

  scalar(value: number, dtype: 'float32' | 'int32' | 'int64' = 'float32'): Tensor {
    const key = `${dtype}:${value}`;
    let tensor = this.scalars.get(key);
    if (!tensor) {
      const data =
        dtype === 'float32'
          ? Float32Array.of(value)
          : dtype === 'int32'
            ? Int32Array.of(value)
            : BigInt64Array.of(BigInt(value));
      tensor = this.constant(dtype, [], data);
      this.scalars.set(key, tensor);
    }
    return tensor;
  }

  /** Appends a node to the current scope. Operators call this; models call operators. */
  emit(
    op: string,
    inputs: readonly Tensor[],
    outputs: readonly { dtype: DType; shape: Shape }[],
    attributes: Attributes = {},
    bodies: readonly Subgraph[] = [],
  ): Tensor[] {
    const made = outputs.map(({ dtype, shape }) => this.tensor(this.fresh(op), dtype, shape));
    this.scopes.at(-1)!.push({ op, inputs, outputs: made, attributes, bodies });
    return made;
  }

  /** Builds a subgraph: nodes emitted by `build` land in it. */
  scope(inputs: readonly { dtype: DType; shape: Shape }[], build: (inputs: Tensor[]) => Tensor[]): Subgraph {
    const tensors = inputs.map(({ dtype, shape }) => this.tensor(this.fresh('inner'), dtype, shape));
    const nodes: Node[] = [];
    this.scopes.push(nodes);
    try {
      return { inputs: tensors, outputs: build(tensors), nodes };
    } finally {
      this.scopes.pop();
    }
  }

  /** Runs `build` and declares its result to be one differentiable operation on `inputs`. */
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

/** Size of an axis; negative axes count from the end. */
export function dimOf(tensor: Tensor, axis: number): Dim {
  const dim = tensor.shape.at(axis);
  if (dim === undefined) throw new Error(`${tensor.name} of shape [${tensor.shape}] has no axis ${axis}`);
  return dim;
}
