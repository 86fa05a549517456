/**
 * The operators: a small, orthogonal set from which models, losses and optimizers are built. Each function checks its
 * inputs, infers the result's type and shape and appends one node. Their gradients are in `gradients.ts`; a backend runs
 * every name that is emitted here and no other.
 */
import { broadcast, canonical, type Dim, product, type Shape, sameShape, sum } from './dims.ts';
import { type DType, dimOf, type Subgraph, type Tensor } from './graph.ts';

export type Operand = Tensor | number;

function pair(a: Operand, b: Operand): [Tensor, Tensor] {
  const tensor = typeof a === 'number' ? b : a;
  if (typeof tensor === 'number') throw new Error('one operand must be a tensor');
  const lift = (x: Operand): Tensor =>
    typeof x === 'number' ? tensor.graph.scalar(x, tensor.dtype as 'float32' | 'int32' | 'int64') : x;
  const [x, y] = [lift(a), lift(b)];
  if (x.dtype !== y.dtype) throw new Error(`operands differ in type: ${x.name} ${x.dtype}, ${y.name} ${y.dtype}`);
  return [x, y];
}

function one(op: string, inputs: Tensor[], dtype: DType, shape: Shape, attributes = {}): Tensor {
  return inputs[0]!.graph.emit(op, inputs, [{ dtype, shape }], attributes)[0]!;
}

function binary(op: string) {
  return (a: Operand, b: Operand): Tensor => {
    const [x, y] = pair(a, b);
    return one(op, [x, y], x.dtype, broadcast(x.shape, y.shape));
  };
}
function comparison(op: string) {
  return (a: Operand, b: Operand): Tensor => {
    const [x, y] = pair(a, b);
    return one(op, [x, y], 'bool', broadcast(x.shape, y.shape));
  };
}
function unary(op: string) {
  return (x: Tensor): Tensor => one(op, [x], x.dtype, x.shape);
}

/** Elementwise, with broadcasting. */
export const add = binary('Add');
export const sub = binary('Sub');
export const mul = binary('Mul');
export const div = binary('Div');
export const maximum = binary('Max');
export const minimum = binary('Min');
export const less = comparison('Less');
export const greater = comparison('Greater');
export const greaterOrEqual = comparison('GreaterOrEqual');
export const equal = comparison('Equal');
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

/** a where the condition holds, else b. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  const [x, y] = pair(a, b);
  return one('Where', [condition, x, y], x.dtype, broadcast(condition.shape, broadcast(x.shape, y.shape)));
}

export function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : one('Cast', [x], dtype, x.shape);
}

/** The same value, through which no gradient flows. */
export function stopGradient(x: Tensor): Tensor {
  return one('Identity', [x], x.dtype, x.shape);
}

/** Softmax over the last axis. */
export const softmax = unary('Softmax');

function axesOf(x: Tensor, axes?: readonly number[]): number[] {
  return (axes ?? x.shape.map((_, i) => i)).map((a) => (a < 0 ? a + x.shape.length : a)).sort((a, b) => a - b);
}
function reduction(op: string) {
  return (x: Tensor, axes?: readonly number[], keep = false): Tensor => {
    const which = axesOf(x, axes);
    const shape = x.shape.flatMap((d, i) => (which.includes(i) ? (keep ? [1] : []) : [d]));
    return one(op, [x], x.dtype, shape, { axes: which, keep });
  };
}
/** Reductions over the given axes (all by default). */
export const reduceSum = reduction('ReduceSum');
export const reduceMean = reduction('ReduceMean');
export const reduceMax = reduction('ReduceMax');

/** Index of the largest element of the last axis, int32; the first of several. */
export function argMax(x: Tensor): Tensor {
  const index = one('ArgMax', [x], 'int64', x.shape.slice(0, -1));
  return cast(index, 'int32');
}

/** Running sum along the last axis. */
export const cumulativeSum = unary('CumSum');

/**
 * Batched matrix product [..., M, K] x [..., K, N] with equal leading axes; either side may be transposed in its last
 * two axes. The sides may also be plain matrices. K may be 0, unless it is a
 * batch with a transposed side.
 */
export function matmul(a: Tensor, b: Tensor, options: { transA?: boolean; transB?: boolean } = {}): Tensor {
  const transA = options.transA ?? false;
  const transB = options.transB ?? false;
  const lead = a.shape.slice(0, -2);
  if (a.shape.length !== b.shape.length || lead.some((d, i) => d !== b.shape[i])) {
    throw new Error(`matmul: leading axes differ: [${a.shape}] and [${b.shape}]`);
  }
  const [m, k] = transA ? [dimOf(a, -1), dimOf(a, -2)] : [dimOf(a, -2), dimOf(a, -1)];
  const [k2, n] = transB ? [dimOf(b, -1), dimOf(b, -2)] : [dimOf(b, -2), dimOf(b, -1)];
  if (k !== k2) throw new Error(`matmul: inner sizes differ: [${a.shape}] and [${b.shape}]`);
  return one('MatMul', [a, b], 'float32', [...lead, m, n], { transA, transB });
}

/** x [M, in] times a weight [out, in] as it is stored: [M, out]. */
export function linear(x: Tensor, weight: Tensor): Tensor {
  return matmul(x, weight, { transB: true });
}

export function reshape(x: Tensor, shape: Shape): Tensor {
  if (product(...x.shape) !== product(...shape)) throw new Error(`reshape [${x.shape}] to [${shape}]: sizes differ`);
  return one('Reshape', [x], x.dtype, shape);
}

export function transpose(x: Tensor, permutation: readonly number[]): Tensor {
  return one(
    'Transpose',
    [x],
    x.dtype,
    permutation.map((p) => dimOf(x, p)),
    { permutation },
  );
}

/** Broadcasts x to a shape. */
export function expand(x: Tensor, shape: Shape): Tensor {
  if (!sameShape(broadcast(x.shape, shape.map(canonical)), shape.map(canonical)))
    throw new Error(`expand [${x.shape}] to [${shape}]`);
  return one('Expand', [x], x.dtype, shape);
}

export function concat(parts: readonly Tensor[], axis: number): Tensor {
  if (parts.length === 1) return parts[0]!;
  const first = parts[0]!;
  const at = axis < 0 ? axis + first.shape.length : axis;
  const shape = first.shape.map((d, i) => (i === at ? sum(...parts.map((p) => dimOf(p, at))) : d));
  return one('Concat', [...parts], first.dtype, shape, { axis: at });
}

/** Cuts an axis into pieces of the given sizes, which add up to it. */
export function split(x: Tensor, axis: number, sizes: readonly Dim[]): Tensor[] {
  if (sizes.length === 1) return [x];
  const at = axis < 0 ? axis + x.shape.length : axis;
  if (sum(...sizes) !== dimOf(x, at)) throw new Error(`split: [${sizes}] do not add up to ${dimOf(x, at)}`);
  return x.graph.emit(
    'Split',
    [x],
    sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.map((d, i) => (i === at ? size : d)) })),
    { axis: at, sizes: sizes.map(canonical) },
  );
}

/** Rows of x (axis 0) by int32 index of any shape. */
export function gather(x: Tensor, index: Tensor): Tensor {
  return one('Gather', [x, index], x.dtype, [...index.shape, ...x.shape.slice(1)]);
}

/** Element of the last axis of x [..., N] by int32 index [...]: [...]. */
export function pick(x: Tensor, index: Tensor): Tensor {
  return one('Pick', [x, index], x.dtype, x.shape.slice(0, -1));
}

/** Zeros [rows, ...] with the updates [..., D] added at their int32 row index [...]; the gradient of `gather`. */
export function scatterAdd(index: Tensor, updates: Tensor, rows: number): Tensor {
  return one('ScatterAdd', [index, updates], 'float32', [rows, ...updates.shape.slice(index.shape.length)]);
}

/** Root mean square normalisation over the last axis: x / sqrt(mean(x^2) + epsilon) * weight (arXiv 1910.07467). */
export function rmsNorm(x: Tensor, weight: Tensor, epsilon: number): Tensor {
  const inverse = { dtype: 'float32' as const, shape: [...x.shape.slice(0, -1), 1] };
  return x.graph.emit('RmsNorm', [x, weight], [{ dtype: 'float32', shape: x.shape }, inverse], { epsilon })[0]!;
}

/**
 * Rotary position embedding (arXiv 2104.09864, half-split layout): x [B, L, heads*headDim], position int64 [B, L],
 * cos and sin [positions, headDim/2].
 */
export function rotary(x: Tensor, position: Tensor, cos: Tensor, sin: Tensor, heads: number): Tensor {
  return one('Rotary', [x, position, cos, sin], 'float32', x.shape, { heads });
}

/** 0, 1, ..., n-1 as an int32 constant. */
export function iota(graph: Tensor['graph'], n: number): Tensor {
  return graph.constant(
    'int32',
    [n],
    Int32Array.from({ length: n }, (_, i) => i),
  );
}

/** Size of a named or numeric axis as an int64 scalar. */
export function sizeOf(graph: Tensor['graph'], dim: Dim): Tensor {
  return graph.emit('Size', [], [{ dtype: 'int64', shape: [] }], { dim: canonical(dim) })[0]!;
}

/**
 * Runs `body` `trips` times (int64 scalar), carrying tensors from turn to turn, while its condition holds. The body gets
 * the turn (int64 scalar) and the carried tensors; it returns their next values, tensors to be stacked over the turns
 * (axis 0, length `turns`), and optionally a bool scalar: go on. A carried axis may change its size; declare it in
 * `shapes` by a name of its own. Has no gradient: use it inside a block.
 */
export function loop(
  trips: Tensor,
  carried: readonly Tensor[],
  turns: Dim,
  body: (turn: Tensor, carried: Tensor[]) => { carried: Tensor[]; stacked: Tensor[]; goOn?: Tensor },
  shapes?: readonly Shape[],
): { carried: Tensor[]; stacked: Tensor[] } {
  const graph = trips.graph;
  let stackedCount = 0;
  const inside = [
    { dtype: 'int64' as const, shape: [] },
    ...carried.map((t, i) => ({ dtype: t.dtype, shape: shapes?.[i] ?? t.shape })),
  ];
  const subgraph = graph.scope(inside, ([turn, ...rest]) => {
    const result = body(turn!, rest);
    stackedCount = result.stacked.length;
    const goOn = result.goOn ?? greaterOrEqual(turn!, 0);
    return [goOn, ...result.carried, ...result.stacked];
  });
  const results = subgraph.outputs.slice(1);
  const outputs = results.map((t, i) =>
    i < carried.length
      ? { dtype: t.dtype, shape: shapes?.[i] ?? t.shape }
      : { dtype: t.dtype, shape: [turns, ...t.shape] },
  );
  const made = graph.emit('Loop', [trips, ...carried], outputs, { carried: carried.length }, [subgraph]);
  return { carried: made.slice(0, carried.length), stacked: made.slice(carried.length, carried.length + stackedCount) };
}

/** Runs one of two branches by a bool scalar; both give tensors of the same types and shapes. No gradient. */
export function branch(condition: Tensor, then: () => Tensor[], otherwise: () => Tensor[]): Tensor[] {
  const graph = condition.graph;
  const bodies: Subgraph[] = [then, otherwise].map((build) => graph.scope([], () => build()));
  const outputs = bodies[0]!.outputs.map(({ dtype, shape }) => ({ dtype, shape }));
  return graph.emit('If', [condition], outputs, {}, bodies);
}

/** x * sigmoid(x). */
export function silu(x: Tensor): Tensor {
  return mul(x, sigmoid(x));
}
