/** Encodes each operator of `engine/tensor/operators.ts` in ONNX, in both dialects. */
import {
  type Each,
  each,
  type Node,
  type OperatorName,
  type Operators,
  product,
  type Shape,
  sameShape,
  sum,
  type Tensor,
} from '../tensor/index.ts';
import { productWithBlocks, rowsOfBlocks } from './onnx-blocks.ts';
import type { EncodeOperator, Encoder, OnnxEncoders } from './onnx-encoder.ts';
import { type Attribute, ELEMENT } from './onnx-format.ts';
import { productWithHalves, rowsOfHalves } from './onnx-halves.ts';

/** Operators with one output and no bodies. */
type SingleName = {
  [K in OperatorName]: Operators[K] extends { outputs: readonly [Tensor]; bodies: readonly [] } ? K : never;
}[OperatorName];

const MICROSOFT = 'com.microsoft';

/** Maximum number of outputs per WebGPU split, which with its input fits devices limited to 8 buffers per shader. */
const SPLIT_BUFFERS = 7;

/** The ONNX names of a node's inputs. */
function values<K extends OperatorName>(e: Encoder, node: Node<K>): Each<Operators[K]['inputs'], string> {
  return each(e.plan.operands(node), (t) => e.value(t));
}

/** A single ONNX node with the same inputs and output. */
function same(
  type: string,
  attributes: Readonly<Record<string, Attribute>> = {},
  domain = '',
): (e: Encoder, node: Node<SingleName>) => void {
  return (e, node) => {
    e.emit(type, values(e, node), [e.value(node.outputs[0])], attributes, domain);
  };
}

function reduction(type: string): EncodeOperator<'ReduceSum' | 'ReduceMean' | 'ReduceMax'> {
  return (e, { inputs: [x], outputs: [y], attributes: { axes, keep } }) => {
    if (axes.length === 0) e.alias(y, e.value(x));
    else e.emit(type, [e.value(x), e.ints(axes)], [e.value(y)], { keepdims: flag(keep) });
  };
}

/** Reshapes x. */
function reshape(e: Encoder, x: string, from: Shape, to: Shape, output?: string): string {
  const outputs = output === undefined ? undefined : [output];
  const copied = to.map((d, i) => typeof d === 'string' && d === from[i]);
  const open = to.flatMap((d, i) => (typeof d === 'string' && !copied[i] ? [i] : []));
  // If a copied axis or a constant is 0, -1 is ambiguous.
  const determined = open.length === 0 || (open.length === 1 && !copied.includes(true));
  if (determined && !to.includes(0)) {
    const shape = to.map((d, i) => (copied[i] ? 0 : typeof d === 'number' ? d : -1));
    return e.emit('Reshape', [x, e.ints(shape)], outputs);
  }
  return e.emit('Reshape', [x, e.shape(to)], outputs, { allowzero: { int: 1 } });
}

function transposed(e: Encoder, x: Tensor): string {
  const permutation = x.shape.map((_, i) => i);
  const last = permutation.length - 1;
  [permutation[last - 1], permutation[last]] = [last, last - 1];
  return e.emit('Transpose', [e.value(x)], undefined, { perm: { ints: permutation } });
}

function flag(value: boolean): Attribute {
  return { int: value ? 1 : 0 };
}

const matmul: EncodeOperator<'MatMul'> = (e, node) => {
  const [a, b] = node.inputs;
  const { transA, transB } = node.attributes;
  const blocks = e.weights.blocksOf(b);
  if (blocks && transB && !transA) {
    productWithBlocks(e, e.value(a), blocks, e.value(node.outputs[0]));
    return;
  }
  const halves = e.weights.halvesOf(b);
  if (halves && transB && !transA && a.shape.length === 2) {
    productWithHalves(e, e.value(a), halves, e.value(node.outputs[0]));
    return;
  }
  const outputs = [e.value(node.outputs[0])];
  const attributes = { transA: flag(transA), transB: flag(transB) };
  if (a.shape.length === 2) {
    // Gemm reads a transposed side in place, so weights are never copied.
    e.emit('Gemm', values(e, node), outputs, attributes);
  } else if (e.dialect === 'fused') {
    e.emit('FusedMatMul', values(e, node), outputs, attributes, MICROSOFT);
  } else {
    const sides = [transA ? transposed(e, a) : e.value(a), transB ? transposed(e, b) : e.value(b)];
    e.emit('MatMul', sides, outputs);
  }
};

const gather: EncodeOperator<'Gather'> = (e, node) => {
  const [x, index] = node.inputs;
  const [y] = node.outputs;
  const blocks = e.weights.blocksOf(x);
  const halves = e.weights.halvesOf(x);
  if (blocks && index.shape.length === 1) rowsOfBlocks(e, e.value(index), blocks, e.value(y));
  else if (halves) rowsOfHalves(e, e.value(index), halves, e.value(y));
  else e.emit('Gather', values(e, node), [e.value(y)], { axis: { int: 0 } });
};

const loop: EncodeOperator<'Loop'> = (e, node) => {
  const [trips, ...carried] = values(e, node);
  const [body] = node.bodies;
  const condition = { name: `${node.outputs[0]?.name ?? 'loop'}:condition`, dtype: 'bool' as const };
  e.emit(
    'Loop',
    [trips, '', ...carried],
    node.outputs.map((t) => e.value(t)),
    { body: { graph: e.subgraph(body, 'body', [condition]) } },
  );
};

/** Zeros with rows added at the given indices. */
const scatterAdd: EncodeOperator<'ScatterAdd'> = (e, { inputs: [index, updates], outputs: [y] }) => {
  const row = y.shape.slice(1);
  const count = product(...index.shape);
  const zeros = e.emit('Expand', [e.float(0), e.shape(y.shape)]);
  const at = reshape(e, e.value(index), index.shape, [count, ...row.map(() => 1)]);
  const wide = e.emit('Expand', [at, e.shape([1, ...row])]);
  const rows = reshape(e, e.value(updates), updates.shape, [count, ...row]);
  const attributes = { axis: { int: 0 }, reduction: { string: 'add' } };
  e.emit('ScatterElements', [zeros, wide, rows], [e.value(y)], attributes);
};

const expand: EncodeOperator<'Expand'> = (e, { inputs: [x], outputs: [y] }) => {
  if (sameShape(x.shape, y.shape)) {
    e.alias(y, e.value(x));
    return;
  }
  const lead = y.shape.length - x.shape.length;
  // A size of 1 keeps the existing axis, so its named size need not be read.
  const shape = y.shape.map((d, i) => (typeof d === 'string' && x.shape[i - lead] === d ? 1 : d));
  e.emit('Expand', [e.value(x), e.shape(shape)], [e.value(y)]);
};

const pick: EncodeOperator<'Pick'> = (e, node) => {
  const [x, index] = values(e, node);
  const last = e.ints([-1]);
  const at = e.emit('Unsqueeze', [index, last]);
  const found = e.emit('GatherElements', [x, at], undefined, { axis: { int: -1 } });
  e.emit('Squeeze', [found, last], [e.value(node.outputs[0])]);
};

const rmsNorm: EncodeOperator<'RmsNorm'> = (e, node) => {
  const [y, inverse] = node.outputs;
  const { epsilon } = node.attributes;
  const attributes = { axis: { int: -1 }, epsilon: { float: epsilon } };
  const needed = e.plan.isUsed(inverse);
  const outputs = needed && e.dialect === 'fused' ? [e.value(y), e.value(inverse)] : [e.value(y)];
  e.emit('SimplifiedLayerNormalization', values(e, node), outputs, attributes);
  if (!needed || e.dialect === 'fused') return;
  // The WebGPU provider leaves the second output unset.
  const x = e.value(node.inputs[0]);
  const square = e.emit('ReduceMean', [e.emit('Mul', [x, x]), e.ints([-1])]);
  e.emit('Div', [e.float(1), e.emit('Sqrt', [e.emit('Add', [square, e.float(epsilon)])])], [e.value(inverse)]);
};

const or: EncodeOperator<'Or'> = (e, node) => {
  const [a, b] = values(e, node);
  const y = e.value(node.outputs[0]);
  if (e.dialect === 'fused') e.emit('Or', [a, b], [y]);
  // The WebGPU provider has no Or.
  else e.emit('Not', [e.emit('And', [e.emit('Not', [a]), e.emit('Not', [b])])], [y]);
};

const split: EncodeOperator<'Split'> = (e, node) => {
  const { axis, sizes } = node.attributes;
  const [x] = values(e, node);
  const outputs = node.outputs.map((t) => e.value(t));
  if (e.dialect === 'portable' && outputs.length > SPLIT_BUFFERS) {
    outputs.forEach((output, i) => {
      const [from, to] = each([i, i + 1] as const, (count) => e.shape([sum(...sizes.slice(0, count))]));
      e.emit('Slice', [x, from, to, e.ints([axis])], [output]);
    });
    return;
  }
  e.emit('Split', [x, e.shape(sizes)], outputs, { axis: { int: axis } });
};

const branch: EncodeOperator<'If'> = (e, node) => {
  const [then, otherwise] = node.bodies;
  const attributes = {
    then_branch: { graph: e.subgraph(then, 'then') },
    else_branch: { graph: e.subgraph(otherwise, 'else') },
  };
  e.emit(
    'If',
    values(e, node),
    node.outputs.map((t) => e.value(t)),
    attributes,
  );
};

export const ENCODERS: OnnxEncoders = {
  Add: same('Add'),
  Sub: same('Sub'),
  Mul: same('Mul'),
  Div: same('Div'),
  Max: same('Max'),
  Min: same('Min'),
  Less: same('Less'),
  Greater: same('Greater'),
  GreaterOrEqual: same('GreaterOrEqual'),
  Equal: same('Equal'),
  And: same('And'),
  Or: or,
  Not: same('Not'),
  Neg: same('Neg'),
  Exp: same('Exp'),
  Log: same('Log'),
  Sqrt: same('Sqrt'),
  Abs: same('Abs'),
  Sigmoid: same('Sigmoid'),
  Tanh: same('Tanh'),
  Where: same('Where'),
  Cast: (e, { inputs: [x], outputs: [y], attributes: { to } }) => {
    e.emit('Cast', [e.value(x)], [e.value(y)], { to: { int: ELEMENT[to] } });
  },
  Identity: (e, { inputs: [x], outputs: [y] }) => e.alias(y, e.value(x)),
  Softmax: same('Softmax', { axis: { int: -1 } }),
  ReduceSum: reduction('ReduceSum'),
  ReduceMean: reduction('ReduceMean'),
  ReduceMax: reduction('ReduceMax'),
  ArgMax: same('ArgMax', { axis: { int: -1 }, keepdims: { int: 0 } }),
  CumSum: (e, node) => {
    const axis = e.inline('int64', [], BigInt64Array.of(-1n));
    e.emit('CumSum', [...values(e, node), axis], [e.value(node.outputs[0])]);
  },
  MatMul: matmul,
  Reshape: (e, node) => {
    const [x] = e.plan.operands(node);
    const [y] = node.outputs;
    if (sameShape(x.shape, y.shape)) e.alias(y, e.value(x));
    else reshape(e, e.value(x), x.shape, y.shape, e.value(y));
  },
  Transpose: (e, node) => {
    const perm = { ints: node.attributes.permutation };
    e.emit('Transpose', values(e, node), [e.value(node.outputs[0])], { perm });
  },
  Expand: expand,
  Concat: (e, node) => {
    e.emit('Concat', values(e, node), [e.value(node.outputs[0])], { axis: { int: node.attributes.axis } });
  },
  Split: split,
  Gather: gather,
  Pick: pick,
  ScatterAdd: scatterAdd,
  RmsNorm: rmsNorm,
  Rotary: same('RotaryEmbedding', {}, MICROSOFT),
  Size: (e, { outputs: [y], attributes: { dim } }) => {
    e.emit('Squeeze', [e.size(dim), e.ints([0])], [e.value(y)]);
  },
  Loop: loop,
  If: branch,
};
