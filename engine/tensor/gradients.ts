/** Reverse-mode differentiation: gradient rules of the operators, and the walk that applies them. */
import { product, type Shape, sameShape } from './dims.ts';
import type { Node, Tensor } from './graph.ts';
import * as op from './operators.ts';

type Rule = (node: Node, gradients: (Tensor | null)[]) => (Tensor | null)[];

/** Adds up the axes along which a tensor of this shape was broadcast. */
function unbroadcast(gradient: Tensor, shape: Shape): Tensor {
  if (sameShape(gradient.shape, shape)) return gradient;
  const extra = gradient.shape.length - shape.length;
  const lead = Array.from({ length: extra }, (_, i) => i);
  const ones = shape.flatMap((d, i) => (d === 1 && gradient.shape[i + extra] !== 1 ? [i + extra] : []));
  return op.reshape(op.reduceSum(gradient, [...lead, ...ones], true), shape);
}

/** A rule for a single-output node: g is the output's gradient, y the output, xs the inputs. */
function rule(f: (g: Tensor, y: Tensor, xs: readonly Tensor[], node: Node) => (Tensor | null)[]): Rule {
  return (node, [g]) => f(g!, node.outputs[0]!, node.inputs, node);
}
/** A rule for an elementwise node whose inputs may have been broadcast. */
function elementwise(f: (g: Tensor, y: Tensor, xs: readonly Tensor[]) => (Tensor | null)[]): Rule {
  return rule((g, y, xs) => f(g, y, xs).map((d, i) => d && unbroadcast(d, xs[i]!.shape)));
}
function selected(condition: Tensor, g: Tensor): Tensor {
  return op.where(condition, g, 0);
}

function matmulRule(g: Tensor, a: Tensor, b: Tensor, transA: boolean, transB: boolean): Tensor[] {
  const da = transA ? op.matmul(b, g, { transA: transB, transB: true }) : op.matmul(g, b, { transB: !transB });
  const db = transB ? op.matmul(g, a, { transA: true, transB: transA }) : op.matmul(a, g, { transA: !transA });
  return [da, db];
}

function keptShape(x: Tensor, axes: readonly number[]): Shape {
  return x.shape.map((d, i) => (axes.includes(i) ? 1 : d));
}

const RULES: Record<string, Rule> = {
  Add: elementwise((g) => [g, g]),
  Sub: elementwise((g) => [g, op.neg(g)]),
  Mul: elementwise((g, _, [a, b]) => [op.mul(g, b!), op.mul(g, a!)]),
  Div: elementwise((g, y, [, b]) => [op.div(g, b!), op.neg(op.div(op.mul(g, y), b!))]),
  // Where both are equal the gradient goes to the first.
  Max: elementwise((g, _, [a, b]) => [selected(op.greaterOrEqual(a!, b!), g), selected(op.less(a!, b!), g)]),
  Min: elementwise((g, _, [a, b]) => [selected(op.greaterOrEqual(b!, a!), g), selected(op.less(b!, a!), g)]),
  Where: elementwise((g, _, [c]) => [null, op.where(c!, g, 0), op.where(c!, 0, g)]),
  Neg: rule((g) => [op.neg(g)]),
  Exp: rule((g, y) => [op.mul(g, y)]),
  Log: rule((g, _, [x]) => [op.div(g, x!)]),
  Sqrt: rule((g, y) => [op.div(op.mul(g, 0.5), y)]),
  Abs: rule((g, _, [x]) => [op.where(op.greaterOrEqual(x!, 0), g, op.neg(g))]),
  Sigmoid: rule((g, y) => [op.mul(g, op.mul(y, op.sub(1, y)))]),
  Tanh: rule((g, y) => [op.mul(g, op.sub(1, op.mul(y, y)))]),
  Softmax: rule((g, y) => [op.mul(y, op.sub(g, op.reduceSum(op.mul(g, y), [-1], true)))]),
  ReduceSum: rule((g, _, [x], { attributes }) => [
    op.expand(op.reshape(g, keptShape(x!, attributes.axes as number[])), x!.shape),
  ]),
  ReduceMean: rule((g, _, [x], { attributes }) => {
    const axes = attributes.axes as number[];
    const n = product(...axes.map((a) => x!.shape[a]!));
    const size = typeof n === 'number' ? x!.graph.scalar(n) : op.cast(op.sizeOf(x!.graph, n), 'float32');
    return [op.expand(op.div(op.reshape(g, keptShape(x!, axes)), size), x!.shape)];
  }),
  ReduceMax: rule((g, y, [x], { attributes }) => {
    const kept = keptShape(x!, attributes.axes as number[]);
    return [selected(op.equal(x!, op.reshape(y, kept)), op.expand(op.reshape(g, kept), x!.shape))];
  }),
  MatMul: rule((g, _, [a, b], { attributes }) =>
    matmulRule(g, a!, b!, attributes.transA as boolean, attributes.transB as boolean),
  ),
  Reshape: rule((g, _, [x]) => [op.reshape(g, x!.shape)]),
  Transpose: rule((g, _, __, { attributes }) => {
    const permutation = attributes.permutation as number[];
    return [
      op.transpose(
        g,
        permutation.map((_, i) => permutation.indexOf(i)),
      ),
    ];
  }),
  Expand: rule((g, _, [x]) => [unbroadcast(g, x!.shape)]),
  Concat: rule((g, _, xs, { attributes }) => {
    const axis = attributes.axis as number;
    return op.split(
      g,
      axis,
      xs.map((x) => x.shape[axis]!),
    );
  }),
  Split: (node, gradients) => {
    const pieces = node.outputs.map((y, i) => gradients[i] ?? op.expand(y.graph.scalar(0), y.shape));
    return [op.concat(pieces, node.attributes.axis as number)];
  },
  Gather: rule((g, _, [x, index]) => [op.scatterAdd(index!, g, x!.shape[0] as number), null]),
  Pick: rule((g, _, [x, index]) => {
    const chosen = op.equal(op.iota(x!.graph, x!.shape.at(-1) as number), op.reshape(index!, [...index!.shape, 1]));
    return [op.where(chosen, op.reshape(g, [...g.shape, 1]), 0), null];
  }),
  RmsNorm: (node, [g]) => {
    const [x, weight] = node.inputs as [Tensor, Tensor];
    const inverse = node.outputs[1]!;
    const unit = op.mul(x, inverse);
    const scaled = op.mul(g!, weight);
    const along = op.reduceMean(op.mul(scaled, unit), [-1], true);
    const dx = op.mul(op.sub(scaled, op.mul(unit, along)), inverse);
    return [dx, unbroadcast(op.mul(g!, unit), weight.shape)];
  },
  // The inverse rotation: the same angles with the other sign.
  Rotary: rule((g, _, [, position, cos, sin], { attributes }) => [
    op.rotary(g, position!, cos!, op.neg(sin!), attributes.heads as number),
    null,
    null,
    null,
  ]),
};

/** Operators that have a gradient rule. */
export const DIFFERENTIABLE: readonly string[] = Object.keys(RULES);

/**
 * Gradients of a scalar with respect to tensors, as new tensors of the same graph and the same shapes. A tensor that the
 * scalar does not depend on has gradient null. Throws when the way passes an operator without gradient.
 */
export function gradients(scalar: Tensor, wanted: readonly Tensor[]): (Tensor | null)[] {
  const graph = scalar.graph;
  if (scalar.shape.length !== 0) throw new Error(`gradients are taken of a scalar, not of shape [${scalar.shape}]`);
  const nodes = [...graph.nodes];

  // Only what lies between the wanted tensors and the scalar gets a gradient.
  const depends = new Set<Tensor>(wanted);
  for (const node of nodes) {
    // A block's outputs depend on what the block depends on, also where its inside is a loop.
    const block = node.outputs.map((t) => graph.blockOf.get(t)).find((b) => b !== undefined);
    const inputs = block?.inputs ?? (node.op === 'Identity' ? [] : node.inputs);
    if (inputs.some((t) => depends.has(t))) for (const output of node.outputs) depends.add(output);
  }
  const total = new Map<Tensor, Tensor>([[scalar, graph.scalar(1)]]);
  const accumulate = (inputs: readonly Tensor[], given: (Tensor | null)[]) => {
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
    if (node.op === 'Identity') continue;
    const differentiate = RULES[node.op];
    if (!differentiate) throw new Error(`${node.op} has no gradient`);
    accumulate(
      node.inputs,
      differentiate(
        node,
        node.outputs.map((t) => total.get(t) ?? null),
      ),
    );
  }
  return wanted.map((t) => total.get(t) ?? null);
}
