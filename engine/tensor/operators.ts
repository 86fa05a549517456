/**
 * The operators: a small, orthogonal set from which models, losses and optimizers are built. Each is declared once, here:
 * its inputs, attributes and bodies as types, and a function that checks them and infers types and shapes of the outputs.
 * `OperatorName` and `Operators` follow from the table, and everything that must know every operator is a record over
 * them: gradients, ONNX, TensorFlow.js, the float64 reference. A new operator compiles when all of them know it. The
 * functions that models call are in `op.ts`.
 */
import { broadcast, canonical, type Dim, product, type Shape, sameShape, sum } from './dims.ts';
import { type DType, dimOf, type Each, type NamedType, type TensorType } from './tensor.ts';

/** What an operator knows of a body: the types of what goes in and comes out. */
export interface BodyType {
  readonly inputs: readonly TensorType[];
  readonly outputs: readonly TensorType[];
}

/** How an operator is declared. */
interface Operator<
  Inputs extends readonly NamedType[],
  Attributes,
  Outputs extends readonly NamedType[],
  Bodies extends readonly BodyType[],
> {
  /** Types of the outputs. Throws where the inputs do not fit. */
  readonly infer: (inputs: Inputs, attributes: Attributes, bodies: Bodies) => Each<Outputs, TensorType>;
  /** The inputs are broadcast to the shape of the output. */
  readonly broadcasts: boolean;
}

type None = Readonly<Record<never, never>>;

/** An operator with one output, unless said otherwise. */
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

/** The output of an operator that has one. */
function one(dtype: DType, shape: Shape): readonly [TensorType] {
  return [{ dtype, shape }];
}

function sameType(a: NamedType, b: NamedType): DType {
  if (a.dtype !== b.dtype) throw new Error(`operands differ in type: ${a.name} ${a.dtype}, ${b.name} ${b.dtype}`);
  return a.dtype;
}

type Unary = readonly [x: NamedType];
type Binary = readonly [a: NamedType, b: NamedType];

/** Element by element, [...]: [...]. */
const unary = operator<Unary>(([x]) => one(x.dtype, x.shape));
/** Element by element, with broadcasting. */
const binary = operator<Binary>(([a, b]) => one(sameType(a, b), broadcast(a.shape, b.shape)), true);
const comparison = operator<Binary>(([a, b]) => {
  sameType(a, b);
  return one('bool', broadcast(a.shape, b.shape));
}, true);

/** Over `axes`, counted from the front; they stay with size 1 or go. */
const reduction = operator<Unary, { readonly axes: readonly number[]; readonly keep: boolean }>(([x], { axes, keep }) =>
  one(
    x.dtype,
    x.shape.flatMap((d, i) => (axes.includes(i) ? (keep ? [1] : []) : [d])),
  ),
);

export const OPERATORS = {
  Add: binary,
  Sub: binary,
  Mul: binary,
  /** Integers are divided towards zero. */
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

  /** a where the condition (bool) holds, else b. */
  Where: operator<readonly [condition: NamedType, a: NamedType, b: NamedType]>(
    ([condition, a, b]) => one(sameType(a, b), broadcast(condition.shape, broadcast(a.shape, b.shape))),
    true,
  ),

  Cast: operator<Unary, { readonly to: DType }>(([x], { to }) => one(to, x.shape)),

  /** The same value, through which no gradient flows. */
  Identity: unary,

  /** Over the last axis. */
  Softmax: unary,

  ReduceSum: reduction,
  ReduceMean: reduction,
  ReduceMax: reduction,

  /** Index of the largest element of the last axis, the first of several: [..., N]: [...]. */
  ArgMax: operator<Unary>(([x]) => one('int64', x.shape.slice(0, -1))),

  /** Running sum along the last axis. */
  CumSum: unary,

  /**
   * [..., M, K] x [..., K, N]: [..., M, N], with equal leading axes or none; either side may be transposed in its last two
   * axes. K may be 0, unless it is a batch with a transposed side.
   */
  MatMul: operator<Binary, { readonly transA: boolean; readonly transB: boolean }>(([a, b], { transA, transB }) => {
    const lead = a.shape.slice(0, -2);
    if (a.shape.length !== b.shape.length || lead.some((d, i) => d !== b.shape[i])) {
      throw new Error(`matmul: leading axes differ: [${a.shape}] and [${b.shape}]`);
    }
    const [m, k] = transA ? [dimOf(a, -1), dimOf(a, -2)] : [dimOf(a, -2), dimOf(a, -1)];
    const [k2, n] = transB ? [dimOf(b, -1), dimOf(b, -2)] : [dimOf(b, -2), dimOf(b, -1)];
    if (k !== k2) throw new Error(`matmul: inner sizes differ: [${a.shape}] and [${b.shape}]`);
    return one('float32', [...lead, m, n]);
  }),

  Reshape: operator<Unary, { readonly shape: Shape }>(([x], { shape }) => {
    if (product(...x.shape) !== product(...shape)) throw new Error(`reshape [${x.shape}] to [${shape}]: sizes differ`);
    return one(x.dtype, shape);
  }),

  /** Axis i of the output is axis `permutation[i]` of x. */
  Transpose: operator<Unary, { readonly permutation: readonly number[] }>(([x], { permutation }) =>
    one(
      x.dtype,
      permutation.map((p) => dimOf(x, p)),
    ),
  ),

  /** Broadcasts x to a shape. */
  Expand: operator<Unary, { readonly shape: Shape }>(([x], { shape }) => {
    const to = shape.map(canonical);
    if (!sameShape(broadcast(x.shape, to), to)) throw new Error(`expand [${x.shape}] to [${shape}]`);
    return one(x.dtype, to);
  }),

  /** Concatenates one or more tensors along an axis. */
  Concat: operator<readonly NamedType[], { readonly axis: number }>((parts, { axis }) => {
    const [first] = parts;
    if (!first) throw new Error('concat: nothing is given');
    const shape = first.shape.map((d, i) => (i === axis ? sum(...parts.map((p) => dimOf(p, axis))) : d));
    return one(first.dtype, shape);
  }),

  /** Cuts an axis into parts of the given sizes, which add up to it. */
  Split: operator<Unary, { readonly axis: number; readonly sizes: readonly Dim[] }, readonly NamedType[]>(
    ([x], { axis, sizes }) => {
      if (sum(...sizes) !== dimOf(x, axis)) throw new Error(`split: [${sizes}] do not add up to ${dimOf(x, axis)}`);
      return sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.map((d, i) => (i === axis ? size : d)) }));
    },
  ),

  /** Rows of x [N, ...] by int32 index [...]: [..., ...]. */
  Gather: operator<readonly [x: NamedType, index: NamedType]>(([x, index]) =>
    one(x.dtype, [...index.shape, ...x.shape.slice(1)]),
  ),

  /** Element of the last axis of x [..., N] by int32 index [...]: [...]. */
  Pick: operator<readonly [x: NamedType, index: NamedType]>(([x]) => one(x.dtype, x.shape.slice(0, -1))),

  /** Zeros [rows, ...] with the updates [..., ...] added at their int32 row index [...]. */
  ScatterAdd: operator<readonly [index: NamedType, updates: NamedType], { readonly rows: number }>(
    ([index, updates], { rows }) => one('float32', [rows, ...updates.shape.slice(index.shape.length)]),
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

  /** x [B, L, heads*d] turned by its position, int64 [B, L], in the tables cos and sin [positions, d/2]. */
  Rotary: operator<
    readonly [x: NamedType, position: NamedType, cos: NamedType, sin: NamedType],
    { readonly heads: number }
  >(([x]) => one('float32', x.shape)),

  /** A size as an int64 scalar. */
  Size: operator<readonly [], { readonly dim: Dim }>(() => one('int64', [])),

  /**
   * Runs the body `trips` times (int64 scalar) at most. It gets the turn (int64 scalar) and what is carried, and gives a
   * bool scalar (continue), what is carried on, and what is stacked over the `turns` that there were (axis 0). `carried` says
   * the shapes of what is carried where they change from turn to turn.
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

  /** Runs one of two bodies by a bool scalar; both give tensors of the same types and shapes. */
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

/** What each operator is declared for: tuples of types, attributes, bodies. A node has tensors in their places. */
export interface Signatures extends SignaturesOf {}

/** Operators that have bodies, which an executor of graphs has to run. */
export type ControlName = {
  [K in OperatorName]: Signatures[K]['bodies'] extends readonly [] ? never : K;
}[OperatorName];
/** All others: functions of their inputs. */
export type PlainName = Exclude<OperatorName, ControlName>;

const DECLARED: {
  readonly [K in OperatorName]: Operator<
    Signatures[K]['inputs'],
    Signatures[K]['attributes'],
    Signatures[K]['outputs'],
    Signatures[K]['bodies']
  >;
} = OPERATORS;

/** Types of an operator's outputs. Throws where its inputs do not fit. */
export function infer<K extends OperatorName>(
  op: K,
  inputs: Signatures[K]['inputs'],
  attributes: Signatures[K]['attributes'],
  bodies: Signatures[K]['bodies'],
): Each<Signatures[K]['outputs'], TensorType> {
  return DECLARED[op].infer(inputs, attributes, bodies);
}
