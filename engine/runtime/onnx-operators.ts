/** How each operator of `engine/tensor/operators.ts` is written in ONNX. */
import { type Dim, type DType, type Node, product, type Shape, sameShape, sum, type Tensor } from '../tensor/index.ts';
import type { Encoder } from './onnx.ts';
import { ELEMENT } from './onnx-format.ts';

type Encode = (e: Encoder, node: Node) => void;
const MICROSOFT = 'com.microsoft';

/** Outputs that one shader of WebGPU can write beside its input, with room for devices that bind 8 buffers. */
const SPLIT_BUFFERS = 7;

function values(e: Encoder, node: Node): string[] {
  return e.plan.operands(node).map((t) => e.value(t));
}

/** One ONNX node with the same inputs and outputs. */
function same(type: string): Encode {
  return (e, node) => {
    e.emit(type, values(e, node), [e.value(node.outputs[0]!)]);
  };
}

function reduction(type: string): Encode {
  return (e, node) => {
    const { axes, keep } = node.attributes as { axes: number[]; keep: boolean };
    const [x, y] = [e.value(node.inputs[0]!), node.outputs[0]!];
    if (axes.length === 0) e.alias(y, x);
    else e.emit(type, [x, e.ints(axes)], [e.value(y)], { keepdims: { int: keep ? 1 : 0 } });
  };
}

/** x with another shape. */
function reshape(e: Encoder, x: string, from: Shape, to: Shape, output?: string): string {
  const outputs = output === undefined ? undefined : [output];
  const copied = to.map((d, i) => typeof d === 'string' && d === from[i]);
  const open = to.flatMap((d, i) => (typeof d === 'string' && !copied[i] ? [i] : []));
  // A copied axis may be 0 long, and then -1 is not determined; the same holds for a constant 0.
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

const flag = (value: unknown) => ({ int: value ? 1 : 0 });

function matmul(e: Encoder, node: Node): void {
  const [a, b] = node.inputs as [Tensor, Tensor];
  const { transA, transB } = node.attributes;
  const outputs = [e.value(node.outputs[0]!)];
  const attributes = { transA: flag(transA), transB: flag(transB) };
  if (a.shape.length === 2) {
    // Gemm reads a transposed side where it lies: no weight is ever copied.
    e.emit('Gemm', values(e, node), outputs, attributes);
  } else if (e.dialect === 'fused') {
    e.emit('FusedMatMul', values(e, node), outputs, attributes, MICROSOFT);
  } else {
    const sides = [transA ? transposed(e, a) : e.value(a), transB ? transposed(e, b) : e.value(b)];
    e.emit('MatMul', sides, outputs);
  }
}

function loop(e: Encoder, node: Node): void {
  const [trips, ...carried] = values(e, node);
  const body = node.bodies[0]!;
  const condition = { name: `${node.outputs[0]?.name ?? 'loop'}:condition`, dtype: 'bool' as DType };
  e.emit(
    'Loop',
    [trips!, '', ...carried],
    node.outputs.map((t) => e.value(t)),
    { body: { graph: e.subgraph(body, 'body', [condition]) } },
  );
}

/** Zeros with rows added at their index. */
function scatterAdd(e: Encoder, node: Node): void {
  const [index, updates] = node.inputs as [Tensor, Tensor];
  const output = node.outputs[0]!;
  const row = output.shape.slice(1);
  const count = product(...index.shape);
  const zeros = e.emit('Expand', [e.float(0), e.shape(output.shape)]);
  const at = reshape(e, e.value(index), index.shape, [count, ...row.map(() => 1)]);
  const wide = e.emit('Expand', [at, e.shape([1, ...row])]);
  const rows = reshape(e, e.value(updates), updates.shape, [count, ...row]);
  const attributes = { axis: { int: 0 }, reduction: { string: 'add' } };
  e.emit('ScatterElements', [zeros, wide, rows], [e.value(output)], attributes);
}

function cast(e: Encoder, x: string, dtype: DType, output?: string): string {
  return e.emit('Cast', [x], output === undefined ? undefined : [output], { to: { int: ELEMENT[dtype] } });
}

function expand(e: Encoder, node: Node): void {
  const [x, y] = [node.inputs[0]!, node.outputs[0]!];
  if (sameShape(x.shape, y.shape)) {
    e.alias(y, e.value(x));
    return;
  }
  const lead = y.shape.length - x.shape.length;
  // An axis that is there already need not be named.
  const shape = y.shape.map((d, i) => (typeof d === 'string' && x.shape[i - lead] === d ? 1 : d));
  e.emit('Expand', [e.value(x), e.shape(shape)], [e.value(y)]);
}

function pick(e: Encoder, node: Node): void {
  const [x, index] = values(e, node);
  const last = e.ints([-1]);
  const at = e.emit('Unsqueeze', [index!, last]);
  const found = e.emit('GatherElements', [x!, at], undefined, { axis: { int: -1 } });
  e.emit('Squeeze', [found, last], [e.value(node.outputs[0]!)]);
}

function rmsNorm(e: Encoder, node: Node): void {
  const [y, inverse] = node.outputs as [Tensor, Tensor];
  const epsilon = node.attributes.epsilon as number;
  const attributes = { axis: { int: -1 }, epsilon: { float: epsilon } };
  const needed = e.plan.isUsed(inverse);
  const outputs = needed && e.dialect === 'fused' ? [e.value(y), e.value(inverse)] : [e.value(y)];
  e.emit('SimplifiedLayerNormalization', values(e, node), outputs, attributes);
  if (!needed || e.dialect === 'fused') return;
  // The WebGPU provider leaves the second output unset.
  const x = e.value(node.inputs[0]!);
  const square = e.emit('ReduceMean', [e.emit('Mul', [x, x]), e.ints([-1])]);
  e.emit('Div', [e.float(1), e.emit('Sqrt', [e.emit('Add', [square, e.float(epsilon)])])], [e.value(inverse)]);
}

export const ENCODERS: Readonly<Record<string, Encode>> = {
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
  Or: (e, node) => {
    const [a, b] = values(e, node);
    const y = e.value(node.outputs[0]!);
    if (e.dialect === 'fused') e.emit('Or', [a!, b!], [y]);
    // The WebGPU provider has no Or.
    else e.emit('Not', [e.emit('And', [e.emit('Not', [a!]), e.emit('Not', [b!])])], [y]);
  },
  Not: same('Not'),
  Neg: same('Neg'),
  Exp: same('Exp'),
  Log: same('Log'),
  Sqrt: same('Sqrt'),
  Abs: same('Abs'),
  Sigmoid: same('Sigmoid'),
  Tanh: same('Tanh'),
  Where: same('Where'),
  ReduceSum: reduction('ReduceSum'),
  ReduceMean: reduction('ReduceMean'),
  ReduceMax: reduction('ReduceMax'),
  MatMul: matmul,
  Expand: expand,
  Pick: pick,
  ScatterAdd: scatterAdd,
  Loop: loop,
  Identity: (e, node) => e.alias(node.outputs[0]!, e.value(node.inputs[0]!)),
  Cast: (e, node) => {
    const y = node.outputs[0]!;
    cast(e, e.value(node.inputs[0]!), y.dtype, e.value(y));
  },
  Softmax: (e, node) => {
    e.emit('Softmax', values(e, node), [e.value(node.outputs[0]!)], { axis: { int: -1 } });
  },
  ArgMax: (e, node) => {
    const attributes = { axis: { int: -1 }, keepdims: { int: 0 } };
    e.emit('ArgMax', values(e, node), [e.value(node.outputs[0]!)], attributes);
  },
  CumSum: (e, node) => {
    const axis = e.inline('int64', [], BigInt64Array.of(-1n));
    e.emit('CumSum', [...values(e, node), axis], [e.value(node.outputs[0]!)]);
  },
  Reshape: (e, node) => {
    const [x, y] = [e.plan.operands(node)[0]!, node.outputs[0]!];
    if (sameShape(x.shape, y.shape)) e.alias(y, e.value(x));
    else reshape(e, e.value(x), x.shape, y.shape, e.value(y));
  },
  Transpose: (e, node) => {
    const perm = { ints: node.attributes.permutation as number[] };
    e.emit('Transpose', values(e, node), [e.value(node.outputs[0]!)], { perm });
  },
  Concat: (e, node) => {
    const axis = { int: node.attributes.axis as number };
    e.emit('Concat', values(e, node), [e.value(node.outputs[0]!)], { axis });
  },
  Split: (e, node) => {
    const { axis, sizes } = node.attributes as { axis: number; sizes: Dim[] };
    const outputs = node.outputs.map((t) => e.value(t));
    if (e.dialect === 'portable' && outputs.length > SPLIT_BUFFERS) {
      outputs.forEach((output, i) => {
        const [from, to] = [sizes.slice(0, i), sizes.slice(0, i + 1)].map((before) => e.shape([sum(...before)]));
        e.emit('Slice', [...values(e, node), from!, to!, e.ints([axis])], [output]);
      });
      return;
    }
    e.emit('Split', [...values(e, node), e.shape(sizes)], outputs, { axis: { int: axis } });
  },
  Gather: (e, node) => {
    e.emit('Gather', values(e, node), [e.value(node.outputs[0]!)], { axis: { int: 0 } });
  },
  RmsNorm: rmsNorm,
  Rotary: (e, node) => {
    e.emit('RotaryEmbedding', values(e, node), [e.value(node.outputs[0]!)], {}, MICROSOFT);
  },
  Size: (e, node) => {
    const dim = node.attributes.dim as Dim;
    e.emit('Squeeze', [e.size(dim), e.ints([0])], [e.value(node.outputs[0]!)]);
  },
  If: (e, node) => {
    const [then, otherwise] = node.bodies;
    const attributes = {
      then_branch: { graph: e.subgraph(then!, 'then') },
      else_branch: { graph: e.subgraph(otherwise!, 'else') },
    };
    e.emit(
      'If',
      values(e, node),
      node.outputs.map((t) => e.value(t)),
      attributes,
    );
  },
};
