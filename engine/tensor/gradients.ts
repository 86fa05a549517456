/** Reverse-mode differentiation: gradient rules of the operators, and the traversal that applies them. */
import { type Dim, product, type Shape, sameShape } from './dims.ts';
import type { Node, Operators, Tensor } from './graph.ts';
import * as op from './op.ts';
import type { OperatorName } from './operators.ts';
import type { Each } from './tensor.ts';

/** null: no gradient. A rule runs if any output has a gradient, so the only output of an operator always has one. */
type OutputGradients<Outputs extends readonly Tensor[]> = Outputs extends readonly [Tensor]
  ? readonly [g: Tensor]
  : Each<Outputs, Tensor | null>;

/** Computes the gradients of a node's inputs from those of its outputs. */
type GradientRule<K extends OperatorName> = (
  node: Node<K>,
  gradients: OutputGradients<Operators[K]['outputs']>,
) => Each<Operators[K]['inputs'], Tensor | null>;

/** `none`: differentiating through the operator throws. `stop`: gradients deliberately stop at it. */
export type GradientRules = { readonly [K in OperatorName]: GradientRule<K> | 'none' | 'stop' };

/** Sums over the axes along which a tensor of this shape was broadcast. */
function unbroadcast(gradient: Tensor, { shape }: { shape: Shape }): Tensor {
  if (sameShape(gradient.shape, shape)) return gradient;
  const extra = gradient.shape.length - shape.length;
  const lead = Array.from({ length: extra }, (_, i) => i);
  const ones = shape.flatMap((d, i) => (d === 1 && gradient.shape[i + extra] !== 1 ? [i + extra] : []));
  return op.reshape(op.reduceSum(gradient, [...lead, ...ones], true), shape);
}

/** A rule for two inputs that may have been broadcast: `f` returns their gradients in the shape of the output. */
function broadcasting(
  f: (g: Tensor, a: Tensor, b: Tensor, y: Tensor) => [a: Tensor, b: Tensor],
): GradientRule<'Add' | 'Sub' | 'Mul' | 'Div' | 'Max' | 'Min'> {
  return ({ inputs: [a, b], outputs: [y] }, [g]) => {
    const [da, db] = f(g, a, b, y);
    return [unbroadcast(da, a), unbroadcast(db, b)];
  };
}

function gradientWhere(condition: Tensor, g: Tensor): Tensor {
  return op.where(condition, g, 0);
}

/** The shape of x with size 1 for the axes. */
function keepDimsShape(x: Tensor, axes: readonly number[]): Shape {
  return x.shape.map((d, i) => (axes.includes(i) ? 1 : d));
}

export const GRADIENTS: GradientRules = {
  Add: broadcasting((g) => [g, g]),
  Sub: broadcasting((g) => [g, op.neg(g)]),
  Mul: broadcasting((g, a, b) => [op.mul(g, b), op.mul(g, a)]),
  Div: broadcasting((g, _, b, y) => [op.div(g, b), op.neg(op.div(op.mul(g, y), b))]),
  // For equal values the gradient goes to the first.
  Max: broadcasting((g, a, b) => [gradientWhere(op.greaterOrEqual(a, b), g), gradientWhere(op.less(a, b), g)]),
  Min: broadcasting((g, a, b) => [gradientWhere(op.greaterOrEqual(b, a), g), gradientWhere(op.less(b, a), g)]),
  Less: 'none',
  Greater: 'none',
  GreaterOrEqual: 'none',
  Equal: 'none',
  And: 'none',
  Or: 'none',
  Not: 'none',
  Neg: (_, [g]) => [op.neg(g)],
  Exp: ({ outputs: [y] }, [g]) => [op.mul(g, y)],
  Log: ({ inputs: [x] }, [g]) => [op.div(g, x)],
  Sqrt: ({ outputs: [y] }, [g]) => [op.div(op.mul(g, 0.5), y)],
  Abs: ({ inputs: [x] }, [g]) => [op.where(op.greaterOrEqual(x, 0), g, op.neg(g))],
  Sigmoid: ({ outputs: [y] }, [g]) => [op.mul(g, op.mul(y, op.sub(1, y)))],
  Tanh: ({ outputs: [y] }, [g]) => [op.mul(g, op.sub(1, op.mul(y, y)))],
  Where: ({ inputs: [condition, a, b] }, [g]) => {
    const [da, db] = [op.where(condition, g, 0), op.where(condition, 0, g)];
    return [null, unbroadcast(da, a), unbroadcast(db, b)];
  },
  Cast: 'none',
  Identity: 'stop',
  Softmax: ({ outputs: [y] }, [g]) => [op.mul(y, op.sub(g, op.reduceSum(op.mul(g, y), [-1], true)))],
  ReduceSum: ({ inputs: [x], attributes: { axes } }, [g]) => [
    op.expand(op.reshape(g, keepDimsShape(x, axes)), x.shape),
  ],
  ReduceMean: ({ inputs: [x], attributes: { axes } }, [g]) => {
    const n = product(...axes.map((a) => x.shape[a]!));
    const size = typeof n === 'number' ? x.graph.scalar(n) : op.cast(op.sizeOf(x.graph, n), 'float32');
    return [op.expand(op.div(op.reshape(g, keepDimsShape(x, axes)), size), x.shape)];
  },
  ReduceMax: ({ inputs: [x], outputs: [y], attributes: { axes } }, [g]) => {
    const kept = keepDimsShape(x, axes);
    return [gradientWhere(op.equal(x, op.reshape(y, kept)), op.expand(op.reshape(g, kept), x.shape))];
  },
  ArgMax: 'none',
  CumSum: 'none',
  MatMul: ({ inputs: [a, b], attributes: { transA, transB } }, [g]) => [
    transA ? op.matmul(b, g, { transA: transB, transB: true }) : op.matmul(g, b, { transB: !transB }),
    transB ? op.matmul(g, a, { transA: true, transB: transA }) : op.matmul(a, g, { transA: !transA }),
  ],
  Reshape: ({ inputs: [x] }, [g]) => [op.reshape(g, x.shape)],
  Transpose: ({ attributes: { permutation } }, [g]) => {
    const inverse = permutation.map((_, i) => permutation.indexOf(i));
    return [op.transpose(g, inverse)];
  },
  Expand: ({ inputs: [x] }, [g]) => [unbroadcast(g, x)],
  Concat: ({ inputs, attributes: { axis } }, [g]) =>
    op.split(
      g,
      axis,
      inputs.map((x) => x.shape[axis]!),
    ),
  Split: ({ outputs, attributes: { axis } }, gradients) => {
    const parts = outputs.map((y, i) => gradients[i] ?? op.expand(y.graph.scalar(0), y.shape));
    return [op.concat(parts, axis)];
  },
  Gather: ({ inputs: [x, index] }, [g]) => [op.scatterAdd(index, g, knownSize(x.shape[0])), null],
  Pick: ({ inputs: [x, index] }, [g]) => {
    const places = op.iota(x.graph, knownSize(x.shape.at(-1)));
    const chosen = op.equal(places, op.reshape(index, [...index.shape, 1]));
    return [op.where(chosen, op.reshape(g, [...g.shape, 1]), 0), null];
  },
  ScatterAdd: 'none',
  // The second output exists only for this rule and never gets a gradient.
  RmsNorm: ({ inputs: [x, weight], outputs: [, inverse] }, [g]) => {
    if (!g) return [null, null];
    const unit = op.mul(x, inverse);
    const scaled = op.mul(g, weight);
    const along = op.reduceMean(op.mul(scaled, unit), [-1], true);
    const dx = op.mul(op.sub(scaled, op.mul(unit, along)), inverse);
    return [dx, unbroadcast(op.mul(g, unit), weight)];
  },
  // The inverse rotation: the same angles, negated.
  Rotary: ({ inputs: [, position, cos, sin], attributes: { heads } }, [g]) => [
    op.rotary(g, position, cos, op.neg(sin), heads),
    null,
    null,
    null,
  ],
  Size: 'none',
  Loop: 'none',
  If: 'none',
};

/** A size that must be known while the graph is built. */
function knownSize(dim: Dim | undefined): number {
  if (typeof dim !== 'number') throw new Error(`the gradient needs a number in the place of the size ${dim}`);
  return dim;
}

function inputGradients<K extends OperatorName>(node: Node<K>, given: readonly (Tensor | null)[]) {
  const rule: GradientRules[K] = GRADIENTS[node.op];
  if (rule === 'stop') return node.inputs.map(() => null);
  if (rule === 'none') throw new Error(`${node.op} has no gradient`);
  return rule(node, given as OutputGradients<Operators[K]['outputs']>);
}

/**
 * Gradients of a scalar with respect to tensors, as new tensors of the same graph and shapes; null for tensors that the
 * scalar does not depend on. Throws if a path contains an operator without gradient.
 */
export function gradients(scalar: Tensor, wanted: readonly Tensor[]): (Tensor | null)[] {
  if (scalar.shape.length !== 0) throw new Error(`gradients are taken of a scalar, not of shape [${scalar.shape}]`);
  return pullback([[scalar, scalar.graph.scalar(1)]], wanted);
}

/**
 * Vector-Jacobian product: gradients of tensors from those of tensors that depend on them, as new tensors of the same
 * graph. `given`: tensors with their gradients in the same shape. null: none of them depends on the tensor. Throws if a
 * path contains an operator without gradient.
 */
export function pullback(
  given: readonly (readonly [output: Tensor, gradient: Tensor])[],
  wanted: readonly Tensor[],
): (Tensor | null)[] {
  const graph = given[0]![0].graph;
  const nodes = [...graph.nodes];

  // Gradients are only computed for tensors that depend on the wanted ones.
  const depends = new Set<Tensor>(wanted);
  for (const node of nodes) {
    // A block's outputs depend on its inputs, even if it contains a loop, which has no gradient.
    const block = node.outputs.map((t) => graph.blockOf.get(t)).find((b) => b !== undefined);
    const inputs = block?.inputs ?? (GRADIENTS[node.op] === 'stop' ? [] : node.inputs);
    if (inputs.some((t) => depends.has(t))) for (const output of node.outputs) depends.add(output);
  }
  const total = new Map<Tensor, Tensor>(given);
  const accumulate = (inputs: readonly Tensor[], given: readonly (Tensor | null)[]) => {
    inputs.forEach((input, i) => {
      const g = given[i];
      if (!g || !depends.has(input)) return;
      const before = total.get(input);
      total.set(input, before ? op.add(before, g) : g);
    });
  };
  const done = new Set<object>();
  for (const node of nodes.reverse()) {
    const block = node.outputs.map((t) => graph.blockOf.get(t)).find((b) => b !== undefined);
    if (block) {
      if (done.has(block)) continue;
      done.add(block);
      if (!block.inputs.some((t) => depends.has(t))) continue;
      const given = block.outputs.map((t) => total.get(t) ?? null);
      if (given.some((g) => g !== null)) accumulate(block.inputs, block.backward(given));
      continue;
    }
    if (!node.outputs.some((t) => total.has(t)) || !node.inputs.some((t) => depends.has(t))) continue;
    const given = node.outputs.map((t) => total.get(t) ?? null);
    accumulate(node.inputs, inputGradients(node, given));
  }
  return wanted.map((t) => total.get(t) ?? null);
}
