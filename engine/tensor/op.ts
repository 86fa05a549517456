/** The functions from which models, losses and optimizers are built: each appends one node, or a few. */
import { canonical, type Dim, type Shape } from './dims.ts';
import type { Graph, Tensor } from './graph.ts';
import type { DType, TensorType } from './tensor.ts';

export type Operand = Tensor | number;

/** Two operands as tensors: a number gets the type of the other tensor. */
function asTensors(a: Operand, b: Operand): [Tensor, Tensor] {
  const tensor = typeof a === 'number' ? b : a;
  if (typeof tensor === 'number') throw new Error('one operand must be a tensor');
  const lift = (x: Operand): Tensor => (typeof x === 'number' ? tensor.graph.scalar(x, tensor.dtype) : x);
  return [lift(a), lift(b)];
}

type Arithmetic = 'Add' | 'Sub' | 'Mul' | 'Div' | 'Max' | 'Min' | 'And' | 'Or';
type Comparison = 'Less' | 'Greater' | 'GreaterOrEqual' | 'Equal';
function binary(op: Arithmetic | Comparison) {
  return (a: Operand, b: Operand): Tensor => {
    const [x, y] = asTensors(a, b);
    return x.graph.emit(op, [x, y], {}, [])[0];
  };
}

type Pointwise = 'Not' | 'Neg' | 'Exp' | 'Log' | 'Sqrt' | 'Abs' | 'Sigmoid' | 'Tanh';
function unary(op: Pointwise | 'Identity' | 'Softmax' | 'CumSum') {
  return (x: Tensor): Tensor => x.graph.emit(op, [x], {}, [])[0];
}

/** Elementwise, with broadcasting. */
export const add = binary('Add');
export const sub = binary('Sub');
export const mul = binary('Mul');
export const div = binary('Div');
export const maximum = binary('Max');
export const minimum = binary('Min');
export const less = binary('Less');
export const greater = binary('Greater');
export const greaterOrEqual = binary('GreaterOrEqual');
export const equal = binary('Equal');
export const and = binary('And');
export const or = binary('Or');
export const neg = unary('Neg');
export const exp = unary('Exp');
export const log = unary('Log');
export const sqrt = unary('Sqrt');
export const abs = unary('Abs');
export const sigmoid = unary('Sigmoid');
export const tanh = unary('Tanh');
export const not = unary('Not');

/** a if the condition holds, else b. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  const [x, y] = asTensors(a, b);
  return x.graph.emit('Where', [condition, x, y], {}, [])[0];
}

/** Converts to another type, keeping the shape. Float to integer truncates toward 0. */
export function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : x.graph.emit('Cast', [x], { to: dtype }, [])[0];
}

/** The same value without gradient. */
export const stopGradient = unary('Identity');

/** Softmax over the last axis. */
export const softmax = unary('Softmax');

/** The index of an axis; negative axes count from the end. */
function nonNegativeAxis(x: Tensor, axis: number): number {
  return axis < 0 ? axis + x.shape.length : axis;
}

function reduction(op: 'ReduceSum' | 'ReduceMean' | 'ReduceMax') {
  return (x: Tensor, axes: readonly number[] = x.shape.map((_, i) => i), keep = false): Tensor => {
    const sorted = axes.map((axis) => nonNegativeAxis(x, axis)).sort((a, b) => a - b);
    return x.graph.emit(op, [x], { axes: sorted, keep }, [])[0];
  };
}
/** Reductions over the given axes (all by default). */
export const reduceSum = reduction('ReduceSum');
export const reduceMean = reduction('ReduceMean');
export const reduceMax = reduction('ReduceMax');

/** Index of the largest element of the last axis, int32; the first on ties. */
export function argMax(x: Tensor): Tensor {
  return cast(x.graph.emit('ArgMax', [x], {}, [])[0], 'int32');
}

/** Running sum along the last axis. */
export const cumulativeSum = unary('CumSum');

/**
 * Batched matrix product [..., M, K] x [..., K, N] with equal leading axes; either side may be transposed in its last
 * two axes. The sides may also be plain matrices. K may be 0, unless it is a batch with a transposed side.
 */
export function matmul(a: Tensor, b: Tensor, { transA = false, transB = false } = {}): Tensor {
  return a.graph.emit('MatMul', [a, b], { transA, transB }, [])[0];
}

/** x [M, in] times a weight [out, in], as it is stored: [M, out]. */
export function linear(x: Tensor, weight: Tensor): Tensor {
  return matmul(x, weight, { transB: true });
}

/** The same elements, row by row, in another shape of the same size. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  return x.graph.emit('Reshape', [x], { shape }, [])[0];
}

/** Axis i of the result is axis `permutation[i]` of x. */
export function transpose(x: Tensor, permutation: readonly number[]): Tensor {
  return x.graph.emit('Transpose', [x], { permutation }, [])[0];
}

/** Broadcasts x to a shape. */
export function expand(x: Tensor, shape: Shape): Tensor {
  return x.graph.emit('Expand', [x], { shape }, [])[0];
}

/** Concatenates along an axis; the other axes must be equal. A negative axis counts from the end. */
export function concat(parts: readonly Tensor[], axis: number): Tensor {
  const first = parts[0]!;
  return parts.length === 1 ? first : first.graph.emit('Concat', parts, { axis: nonNegativeAxis(first, axis) }, [])[0];
}

/** Splits an axis into parts of the given sizes, which must add up to it. */
export function split(x: Tensor, axis: number, sizes: readonly Dim[]): readonly Tensor[] {
  if (sizes.length === 1) return [x];
  return x.graph.emit('Split', [x], { axis: nonNegativeAxis(x, axis), sizes: sizes.map(canonical) }, []);
}

/** Rows of x (axis 0) by an int32 index of any shape. */
export function gather(x: Tensor, index: Tensor): Tensor {
  return x.graph.emit('Gather', [x, index], {}, [])[0];
}

/** Elements of the last axis of x [..., N] by int32 index [...]: [...]. */
export function pick(x: Tensor, index: Tensor): Tensor {
  return x.graph.emit('Pick', [x, index], {}, [])[0];
}

/** Zeros [rows, ...] with the updates [..., D] added at their int32 row index [...]; the gradient of `gather`. */
export function scatterAdd(index: Tensor, updates: Tensor, rows: number): Tensor {
  return index.graph.emit('ScatterAdd', [index, updates], { rows }, [])[0];
}

/** Root mean square normalization over the last axis: x / sqrt(mean(x^2) + epsilon) * weight (arXiv 1910.07467). */
export function rmsNorm(x: Tensor, weight: Tensor, epsilon: number): Tensor {
  return x.graph.emit('RmsNorm', [x, weight], { epsilon }, [])[0];
}

/**
 * Rotary position embedding (arXiv 2104.09864, half-split layout): x [B, L, heads*headDim], position int64 [B, L],
 * cos and sin [positions, headDim/2].
 */
export function rotary(x: Tensor, position: Tensor, cos: Tensor, sin: Tensor, heads: number): Tensor {
  return x.graph.emit('Rotary', [x, position, cos, sin], { heads }, [])[0];
}

/** 0, 1, ..., n-1 as an int32 constant. */
export function iota(graph: Graph, n: number): Tensor {
  return graph.constant(
    'int32',
    [n],
    Int32Array.from({ length: n }, (_, i) => i),
  );
}

/** Size of a named or numeric axis as an int64 scalar. */
export function sizeOf(graph: Graph, dim: Dim): Tensor {
  return graph.emit('Size', [], { dim: canonical(dim) }, [])[0];
}

/**
 * Runs `body` `trips` times (int64 scalar), or until its condition is false, carrying tensors between iterations. The
 * body gets the iteration (int64 scalar) and the carried tensors; it returns their next values, tensors to be stacked
 * (axis 0, length `turns`), and optionally a bool scalar: whether to continue. If the size of a carried axis changes,
 * name it in `shapes`. Has no gradient: use it inside a block.
 */
export function loop(
  trips: Tensor,
  carried: readonly Tensor[],
  turns: Dim,
  body: (iteration: Tensor, carried: Tensor[]) => { carried: Tensor[]; stacked: Tensor[]; condition?: Tensor },
  shapes: readonly Shape[] | null = null,
): { carried: readonly Tensor[]; stacked: readonly Tensor[] } {
  const { graph } = trips;
  const inside: TensorType[] = carried.map(({ dtype, shape }, i) => ({ dtype, shape: shapes?.[i] ?? shape }));
  const subgraph = graph.scope([{ dtype: 'int64', shape: [] }, ...inside], ([iteration, ...rest]) => {
    const result = body(iteration!, rest);
    const condition = result.condition ?? greaterOrEqual(iteration!, 0);
    return [condition, ...result.carried, ...result.stacked];
  });
  const made = graph.emit('Loop', [trips, ...carried], { turns, carried: shapes }, [subgraph]);
  return { carried: made.slice(0, carried.length), stacked: made.slice(carried.length) };
}

/** Runs one of two branches, depending on a bool scalar; both return tensors of the same types and shapes. No gradient. */
export function branch(condition: Tensor, then: () => Tensor[], otherwise: () => Tensor[]): readonly Tensor[] {
  const { graph } = condition;
  return graph.emit('If', [condition], {}, [graph.scope([], then), graph.scope([], otherwise)]);
}

/** x * sigmoid(x). */
export function silu(x: Tensor): Tensor {
  return mul(x, sigmoid(x));
}

/** The tanh approximation of GELU (arXiv 1606.08415): x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). */
export function geluTanh(x: Tensor): Tensor {
  const cube = mul(mul(x, x), x);
  const inner = mul(add(x, mul(cube, 0.044715)), Math.sqrt(2 / Math.PI));
  return mul(mul(x, 0.5), add(tanh(inner), 1));
}

/** 0, 1, ..., n-1 in float32 [n], for a size that may be named. */
export function arange(graph: Graph, n: Dim): Tensor {
  return sub(cumulativeSum(expand(graph.scalar(1), [n])), 1);
}
