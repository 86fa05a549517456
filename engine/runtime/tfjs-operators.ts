/**
 * Implements each operator of `engine/tensor/operators.ts` with TensorFlow.js, except loops and branches, which the
 * interpreter runs. TensorFlow.js has no 64-bit integers: an int64 becomes an int32.
 */
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Dim, DType, Each, Node, Operators, PlainOperatorName } from '../tensor/index.ts';
import { elementsOf } from '../tensor/tensor.ts';

export type Tfjs = typeof import('@tensorflow/tfjs-core');

/** The properties of a node, apart from its operands. */
export interface Call<K extends PlainOperatorName> {
  attributes: Operators[K]['attributes'];
  /** The shape of each output. Outputs never have an axis of length 0, but operands may. */
  shapes: Each<Operators[K]['outputs'], readonly number[]>;
  /** The value of a size. */
  resolve: (dim: Dim) => number;
}

/** The result of an operator: a tensor, or one per output. */
type Computed<Outputs extends readonly unknown[]> = Outputs extends readonly [unknown]
  ? TfTensor
  : Each<Outputs, TfTensor>;

type Compute<K extends PlainOperatorName> = (
  tf: Tfjs,
  operands: Each<Operators[K]['inputs'], TfTensor>,
  call: Call<K>,
) => Computed<Operators[K]['outputs']>;

export type TfjsKernels = { readonly [K in PlainOperatorName]: Compute<K> };

/** The type in which TensorFlow.js stores a tensor: it has no int64, so integers beyond 2^31 do not fit. */
export function tfType(dtype: DType): 'float32' | 'int32' | 'bool' {
  if (dtype === 'float16' || dtype === 'uint8') throw new Error(`TensorFlow.js has no ${dtype}`);
  return dtype === 'int64' ? 'int32' : dtype;
}

type Binary = 'add' | 'sub' | 'mul' | 'maximum' | 'minimum';
type Comparison = 'less' | 'greater' | 'greaterEqual' | 'equal' | 'logicalAnd' | 'logicalOr';
function binary(name: Binary | Comparison) {
  return (tf: Tfjs, [a, b]: readonly [TfTensor, TfTensor]): TfTensor => tf[name](a, b);
}
function unary(name: 'neg' | 'exp' | 'log' | 'sqrt' | 'abs' | 'sigmoid' | 'tanh' | 'logicalNot' | 'clone') {
  return (tf: Tfjs, [x]: readonly [TfTensor]): TfTensor => tf[name](x);
}

function reduction(name: 'sum' | 'mean' | 'max'): Compute<'ReduceSum' | 'ReduceMean' | 'ReduceMax'> {
  return (tf, [x], { attributes: { axes, keep } }) => (axes.length === 0 ? tf.clone(x) : tf[name](x, [...axes], keep));
}

/** Integer division truncates toward zero, while TensorFlow.js rounds down. */
const divide: Compute<'Div'> = (tf, [a, b]) => {
  const quotient = tf.div(a, b);
  if (a.dtype === 'float32') return quotient;
  const inexact = tf.notEqual(tf.mul(quotient, b), a);
  return tf.add(quotient, tf.cast(tf.logicalAnd(tf.less(quotient, 0), inexact), 'int32'));
};

const matmul: Compute<'MatMul'> = (tf, [a, b], { attributes: { transA, transB }, shapes: [shape] }) => {
  // An empty sum.
  if (a.size === 0) return tf.zeros([...shape]);
  return tf.matMul(a, b, transA, transB);
};

const pick: Compute<'Pick'> = (tf, [x, index], { shapes: [shape] }) => {
  const length = x.shape.at(-1)!;
  const rows = x.size / length;
  const found = tf.gather(tf.reshape(x, [rows, length]), tf.reshape(index, [rows, 1]), 1, 1);
  return tf.reshape(found, [...shape]);
};

const scatterAdd: Compute<'ScatterAdd'> = (tf, [index, updates], { attributes: { rows }, shapes: [shape] }) => {
  const width = elementsOf(shape.slice(1));
  if (index.size === 0) return tf.zeros([...shape]);
  const at = tf.reshape(index, [index.size, 1]);
  const sum = tf.scatterND(at, tf.reshape(updates, [index.size, width]), [rows, width]);
  return tf.reshape(sum, [...shape]);
};

const rmsNorm: Compute<'RmsNorm'> = (tf, [x, weight], { attributes: { epsilon } }) => {
  const square = tf.mean(tf.square(x), -1, true);
  const inverse = tf.rsqrt(tf.add(square, epsilon));
  return [tf.mul(tf.mul(x, inverse), weight), inverse];
};

const rotary: Compute<'Rotary'> = (tf, [x, position, cos, sin], { attributes: { heads }, shapes: [shape] }) => {
  const [batch, length, width] = shape as [number, number, number];
  const half = width / heads / 2;
  const [first, second] = tf.split(tf.reshape(x, [batch, length, heads, 2 * half]), 2, 3) as [TfTensor, TfTensor];
  const at = (table: TfTensor) => tf.reshape(tf.gather(table, position), [batch, length, 1, half]);
  const [c, s] = [at(cos), at(sin)];
  const turned = [tf.sub(tf.mul(first, c), tf.mul(second, s)), tf.add(tf.mul(second, c), tf.mul(first, s))];
  return tf.reshape(tf.concat(turned, 3), [...shape]);
};

export const KERNELS: TfjsKernels = {
  Add: binary('add'),
  Sub: binary('sub'),
  Mul: binary('mul'),
  Div: divide,
  Max: binary('maximum'),
  Min: binary('minimum'),
  Less: binary('less'),
  Greater: binary('greater'),
  GreaterOrEqual: binary('greaterEqual'),
  Equal: binary('equal'),
  And: binary('logicalAnd'),
  Or: binary('logicalOr'),
  Not: unary('logicalNot'),
  Neg: unary('neg'),
  Exp: unary('exp'),
  Log: unary('log'),
  Sqrt: unary('sqrt'),
  Abs: unary('abs'),
  Sigmoid: unary('sigmoid'),
  Tanh: unary('tanh'),
  Identity: unary('clone'),
  Where: (tf, [condition, a, b]) => tf.where(condition, a, b),
  Cast: (tf, [x], { attributes: { to } }) => tf.cast(x, tfType(to)),
  Softmax: (tf, [x]) => tf.softmax(x),
  ArgMax: (tf, [x]) => tf.argMax(x, -1),
  CumSum: (tf, [x]) => tf.cumsum(x, x.rank - 1),
  ReduceSum: reduction('sum'),
  ReduceMean: reduction('mean'),
  ReduceMax: reduction('max'),
  MatMul: matmul,
  Reshape: (tf, [x], { shapes: [shape] }) => tf.reshape(x, [...shape]),
  Transpose: (tf, [x], { attributes: { permutation } }) => tf.transpose(x, [...permutation]),
  Expand: (tf, [x], { shapes: [shape] }) => tf.broadcastTo(x, [...shape]),
  Concat: (tf, parts, { attributes: { axis } }) => tf.concat([...parts], axis),
  Split: (tf, [x], { attributes: { axis }, shapes }) => {
    const sizes = shapes.map((shape) => shape[axis]!);
    return tf.split(x, sizes, axis);
  },
  Gather: (tf, [x, index]) => tf.gather(x, index),
  Pick: pick,
  ScatterAdd: scatterAdd,
  RmsNorm: rmsNorm,
  Rotary: rotary,
  Size: (tf, _, { attributes: { dim }, resolve }) => tf.scalar(resolve(dim), 'int32'),
};

/** Computes a node: a tensor per output. */
export function compute<K extends PlainOperatorName>(
  tf: Tfjs,
  node: Node<K>,
  operands: Each<Operators[K]['inputs'], TfTensor>,
  call: Omit<Call<K>, 'attributes'>,
): TfTensor[] {
  const kernel: Compute<K> = KERNELS[node.op];
  return [kernel(tf, operands, { ...call, attributes: node.attributes })].flat();
}
