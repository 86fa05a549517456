/**
 * The operators: a small, orthogonal set from which models, losses and optimizers are built. Each is declared once, here:
 * its inputs, attributes and bodies as types, and a function that checks them and infers output types and shapes.
 * `OperatorName` and `Operators` derive from the table, and code that covers every operator is a record over them:
 * gradients, ONNX, TensorFlow.js, the float64 reference. A new operator only compiles once all of them support it. Models
 * call the functions in `op.ts`.
 */
import { broadcast, canonical, type Dim, product, type Shape, sameShape, sum } from './dims.ts';
import { type DType, dimOf, type Each, type NamedType, type TensorType } from './tensor.ts';

/** The types of a body's inputs and outputs. */
export interface BodyType {
  readonly inputs: readonly TensorType[];
  readonly outputs: readonly TensorType[];
}

/** The declaration of an operator. */
interface Operator<
  Inputs extends readonly NamedType[],
  Attributes,
  Outputs extends readonly NamedType[],
  Bodies extends readonly BodyType[],
> {
  /** Types of the outputs. Throws for invalid inputs. */
  readonly infer: (inputs: Inputs, attributes: Attributes, bodies: Bodies) => Each<Outputs, TensorType>;
  /** Whether the inputs are broadcast to the shape of the output. */
  readonly broadcasts: boolean;
}

type None = Readonly<Record<never, never>>;

/** Declares an operator, with one output by default. */
function operator<
  Inputs extends readonly NamedType[],
  Attributes = None,
  Outputs extends readonly NamedType[] = readonly [NamedType],
  Bodies extends readonly BodyType[] = readonly [],
>(
  infer: Operator<Inputs, Attributes, Outputs, Bodies>['infer'],
  broadcasts = false,
): Operator<Inputs, Attributes, Outputs, Bodies> {
  return { infer, broadcasts };
}

/** The type of a single output. */
function singleOutput(dtype: DType, shape: Shape): readonly [TensorType] {
  return [{ dtype, shape }];
}

function sameType(a: NamedType, b: NamedType): DType {
  if (a.dtype !== b.dtype) throw new Error(`operands differ in type: ${a.name} ${a.dtype}, ${b.name} ${b.dtype}`);
  return a.dtype;
}

type Unary = readonly [x: NamedType];
type Binary = readonly [a: NamedType, b: NamedType];

/** Elementwise, [...]: [...]. */
const unary = operator<Unary>(([x]) => singleOutput(x.dtype, x.shape));
/** Elementwise, with broadcasting. */
const binary = operator<Binary>(([a, b]) => singleOutput(sameType(a, b), broadcast(a.shape, b.shape)), true);
const comparison = operator<Binary>(([a, b]) => {
  sameType(a, b);
  return singleOutput('bool', broadcast(a.shape, b.shape));
}, true);

/** Over `axes`, counted from the front, which keep size 1 or are removed. */
const reduction = operator<Unary, { readonly axes: readonly number[]; readonly keep: boolean }>(([x], { axes, keep }) =>
  singleOutput(
    x.dtype,
    x.shape.flatMap((d, i) => (axes.includes(i) ? (keep ? [1] : []) : [d])),
  ),
);

export const OPERATORS = {
  Add: binary,
  Sub: binary,
  Mul: binary,
  /** Integer division truncates toward zero. */
  Div: binary,
  Max: binary,
  Min: binary,
  Less: comparison,
  Greater: comparison,
  GreaterOrEqual: comparison,
  Equal: comparison,
  And: binary,
  Or: binary,
  Not: unary,
  Neg: unary,
  Exp: unary,
  Log: unary,
  Sqrt: unary,
  Abs: unary,
  Sigmoid: unary,
  Tanh: unary,

  /** a if the condition (bool) holds, else b. */
  Where: operator<readonly [condition: NamedType, a: NamedType, b: NamedType]>(
    ([condition, a, b]) => singleOutput(sameType(a, b), broadcast(condition.shape, broadcast(a.shape, b.shape))),
    true,
  ),

  Cast: operator<Unary, { readonly to: DType }>(([x], { to }) => singleOutput(to, x.shape)),

  /** The same value without gradient. */
  Identity: unary,

  /** Over the last axis. */
  Softmax: unary,

  ReduceSum: reduction,
  ReduceMean: reduction,
  ReduceMax: reduction,

  /** Index of the largest element of the last axis, the first on ties: [..., N]: [...]. */
  ArgMax: operator<Unary>(([x]) => singleOutput('int64', x.shape.slice(0, -1))),

  /** Running sum along the last axis. */
  CumSum: unary,

  /**
   * [..., M, K] x [..., K, N]: [..., M, N], with equal leading axes or none; the last two axes of either side may be
   * transposed. K may be 0, unless the product is a batch with a transposed side.
   */
  MatMul: operator<Binary, { readonly transA: boolean; readonly transB: boolean }>(([a, b], { transA, transB }) => {
    const lead = a.shape.slice(0, -2);
    if (a.shape.length !== b.shape.length || lead.some((d, i) => d !== b.shape[i])) {
      throw new Error(`matmul: leading axes differ: [${a.shape}] and [${b.shape}]`);
    }
    const [m, k] = transA ? [dimOf(a, -1), dimOf(a, -2)] : [dimOf(a, -2), dimOf(a, -1)];
    const [k2, n] = transB ? [dimOf(b, -1), dimOf(b, -2)] : [dimOf(b, -2), dimOf(b, -1)];
    if (k !== k2) throw new Error(`matmul: inner sizes differ: [${a.shape}] and [${b.shape}]`);
    return singleOutput('float32', [...lead, m, n]);
  }),

  Reshape: operator<Unary, { readonly shape: Shape }>(([x], { shape }) => {
    if (product(...x.shape) !== product(...shape)) throw new Error(`reshape [${x.shape}] to [${shape}]: sizes differ`);
    return singleOutput(x.dtype, shape);
  }),

  /** Axis i of the output is axis `permutation[i]` of x. */
  Transpose: operator<Unary, { readonly permutation: readonly number[] }>(([x], { permutation }) =>
    singleOutput(
      x.dtype,
      permutation.map((p) => dimOf(x, p)),
    ),
  ),

  /** Broadcasts x to a shape. */
  Expand: operator<Unary, { readonly shape: Shape }>(([x], { shape }) => {
    const to = shape.map(canonical);
    if (!sameShape(broadcast(x.shape, to), to)) throw new Error(`expand [${x.shape}] to [${shape}]`);
    return singleOutput(x.dtype, to);
  }),

  /** Concatenates one or more tensors along an axis. */
  Concat: operator<readonly NamedType[], { readonly axis: number }>((parts, { axis }) => {
    const [first] = parts;
    if (!first) throw new Error('concat: nothing is given');
    const shape = first.shape.map((d, i) => (i === axis ? sum(...parts.map((p) => dimOf(p, axis))) : d));
    return singleOutput(first.dtype, shape);
  }),

  /** Splits an axis into parts of the given sizes, which must add up to it. */
  Split: operator<Unary, { readonly axis: number; readonly sizes: readonly Dim[] }, readonly NamedType[]>(
    ([x], { axis, sizes }) => {
      if (sum(...sizes) !== dimOf(x, axis)) throw new Error(`split: [${sizes}] do not add up to ${dimOf(x, axis)}`);
      return sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.map((d, i) => (i === axis ? size : d)) }));
    },
  ),

  /** Rows of x [N, ...] by int32 index [...]: [..., ...]. */
  Gather: operator<readonly [x: NamedType, index: NamedType]>(([x, index]) =>
    singleOutput(x.dtype, [...index.shape, ...x.shape.slice(1)]),
  ),

  /** Elements of the last axis of x [..., N] by int32 index [...]: [...]. */
  Pick: operator<readonly [x: NamedType, index: NamedType]>(([x]) => singleOutput(x.dtype, x.shape.slice(0, -1))),

  /** Zeros [rows, ...] with the updates [..., ...] added at their int32 row index [...]. */
  ScatterAdd: operator<readonly [index: NamedType, updates: NamedType], { readonly rows: number }>(
    ([index, updates], { rows }) => singleOutput('float32', [rows, ...updates.shape.slice(index.shape.length)]),
  ),

  /** x / sqrt(mean(x^2) + epsilon) * weight over the last axis, and 1 / sqrt(mean(x^2) + epsilon) [..., 1]. */
  RmsNorm: operator<
    readonly [x: NamedType, weight: NamedType],
    { readonly epsilon: number },
    readonly [y: NamedType, inverse: NamedType]
  >(([x]) => [
    { dtype: 'float32', shape: x.shape },
    { dtype: 'float32', shape: [...x.shape.slice(0, -1), 1] },
  ]),

  /** Rotates x [B, L, heads*d] by position, int64 [B, L], with the tables cos and sin [positions, d/2]. */
  Rotary: operator<
    readonly [x: NamedType, position: NamedType, cos: NamedType, sin: NamedType],
    { readonly heads: number }
  >(([x]) => singleOutput('float32', x.shape)),

  /** A size as an int64 scalar. */
  Size: operator<readonly [], { readonly dim: Dim }>(() => singleOutput('int64', [])),

  /**
   * Runs the body at most `trips` times (int64 scalar). It gets the iteration (int64 scalar) and the carried tensors, and
   * returns a bool scalar (whether to continue), the next carried tensors, and tensors to be stacked over the `turns` that
   * ran (axis 0). `carried` gives the shapes of carried tensors if they change between iterations.
   */
  Loop: operator<
    readonly [trips: NamedType, ...carried: NamedType[]],
    { readonly turns: Dim; readonly carried: readonly Shape[] | null },
    readonly NamedType[],
    readonly [body: BodyType]
  >(([, ...before], { turns, carried }, [body]) =>
    body.outputs.slice(1).map(({ dtype, shape }, i) => ({
      dtype,
      shape: i < before.length ? (carried?.[i] ?? shape) : [turns, ...shape],
    })),
  ),

  /** Runs one of two bodies, depending on a bool scalar; both return tensors of the same types and shapes. */
  If: operator<
    readonly [condition: NamedType],
    None,
    readonly NamedType[],
    readonly [then: BodyType, otherwise: BodyType]
  >((_, __, [then]) => then.outputs),
};

export type OperatorName = keyof typeof OPERATORS;

type SignatureOf<T> =
  T extends Operator<infer Inputs, infer Attributes, infer Outputs, infer Bodies>
    ? { inputs: Inputs; attributes: Attributes; outputs: Outputs; bodies: Bodies }
    : never;
type SignaturesOf = { [K in OperatorName]: SignatureOf<(typeof OPERATORS)[K]> };

/** The declared types of each operator: inputs, attributes, outputs, bodies. Nodes have tensors for these types. */
export interface Signatures extends SignaturesOf {}

/** Operators with bodies, which an executor must run itself. */
export type ControlFlowName = {
  [K in OperatorName]: Signatures[K]['bodies'] extends readonly [] ? never : K;
}[OperatorName];
/** All other operators: plain functions of their inputs. */
export type PlainOperatorName = Exclude<OperatorName, ControlFlowName>;

const SIGNATURES: {
  readonly [K in OperatorName]: Operator<
    Signatures[K]['inputs'],
    Signatures[K]['attributes'],
    Signatures[K]['outputs'],
    Signatures[K]['bodies']
  >;
} = OPERATORS;

/** Types of an operator's outputs. Throws for invalid inputs. */
export function infer<K extends OperatorName>(
  op: K,
  inputs: Signatures[K]['inputs'],
  attributes: Signatures[K]['attributes'],
  bodies: Signatures[K]['bodies'],
): Each<Signatures[K]['outputs'], TensorType> {
  return SIGNATURES[op].infer(inputs, attributes, bodies);
}
