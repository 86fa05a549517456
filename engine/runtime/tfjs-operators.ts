/**
 * How each operator of `engine/tensor/operators.ts` is computed with TensorFlow.js; loops and branches are the
 * interpreter's. TensorFlow.js has no 64-bit integers: an int64 is an int32 there.
 */
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Attributes, Dim, DType } from '../tensor/index.ts';

export type Tfjs = typeof import('@tensorflow/tfjs-core');

/** What a node says beside its operands. */
export interface Call {
  attributes: Attributes;
  /** Shape and type of each output. No output has an axis of length 0; operands may have one. */
  shapes: readonly number[][];
  dtypes: readonly DType[];
  /** The number a size stands for. */
  resolve: (dim: Dim) => number;
}

type Compute = (tf: Tfjs, operands: TfTensor[], call: Call) => TfTensor | TfTensor[];

export function tfType(dtype: DType): 'float32' | 'int32' | 'bool' {
  return dtype === 'int64' ? 'int32' : dtype;
}

type Binary = 'add' | 'sub' | 'mul' | 'maximum' | 'minimum';
type Comparison = 'less' | 'greater' | 'greaterEqual' | 'equal' | 'logicalAnd' | 'logicalOr';
function binary(name: Binary | Comparison): Compute {
  return (tf, [a, b]) => tf[name](a!, b!);
}
function unary(name: 'neg' | 'exp' | 'log' | 'sqrt' | 'abs' | 'sigmoid' | 'tanh' | 'logicalNot' | 'clone'): Compute {
  return (tf, [x]) => tf[name](x!);
}

function reduction(name: 'sum' | 'mean' | 'max'): Compute {
  return (tf, [x], { attributes }) => {
    const { axes, keep } = attributes as { axes: number[]; keep: boolean };
    return axes.length === 0 ? tf.clone(x!) : tf[name](x!, axes, keep);
  };
}

/** Integers are divided towards zero, where TensorFlow.js rounds down. */
const divide: Compute = (tf, [a, b]) => {
  const quotient = tf.div(a!, b!);
  if (a!.dtype === 'float32') return quotient;
  const inexact = tf.notEqual(tf.mul(quotient, b!), a!);
  return tf.add(quotient, tf.cast(tf.logicalAnd(tf.less(quotient, 0), inexact), 'int32'));
};

const matmul: Compute = (tf, [a, b], { attributes, shapes }) => {
  const { transA, transB } = attributes as { transA: boolean; transB: boolean };
  // A sum over nothing.
  if (a!.size === 0) return tf.zeros(shapes[0]!);
  return tf.matMul(a!, b!, transA, transB);
};

const pick: Compute = (tf, [x, index], { shapes }) => {
  const length = x!.shape.at(-1)!;
  const rows = x!.size / length;
  const found = tf.gather(tf.reshape(x!, [rows, length]), tf.reshape(index!, [rows, 1]), 1, 1);
  return tf.reshape(found, shapes[0]!);
};

const scatterAdd: Compute = (tf, [index, updates], { shapes }) => {
  const [rows, ...row] = shapes[0]! as [number, ...number[]];
  const width = row.reduce((a, b) => a * b, 1);
  if (index!.size === 0) return tf.zeros(shapes[0]!);
  const at = tf.reshape(index!, [index!.size, 1]);
  const sum = tf.scatterND(at, tf.reshape(updates!, [index!.size, width]), [rows, width]);
  return tf.reshape(sum, shapes[0]!);
};

const rmsNorm: Compute = (tf, [x, weight], { attributes }) => {
  const square = tf.mean(tf.square(x!), -1, true);
  const inverse = tf.rsqrt(tf.add(square, attributes.epsilon as number));
  return [tf.mul(tf.mul(x!, inverse), weight!), inverse];
};

const rotary: Compute = (tf, [x, position, cos, sin], { attributes, shapes }) => {
  const [batch, length, width] = shapes[0]! as [number, number, number];
  const heads = attributes.heads as number;
  const half = width / heads / 2;
  const [first, second] = tf.split(tf.reshape(x!, [batch, length, heads, 2 * half]), 2, 3) as [TfTensor, TfTensor];
  const [c, s] = [cos!, sin!].map((table) => tf.reshape(tf.gather(table, position!), [batch, length, 1, half]));
  const turned = [tf.sub(tf.mul(first, c!), tf.mul(second, s!)), tf.add(tf.mul(second, c!), tf.mul(first, s!))];
  return tf.reshape(tf.concat(turned, 3), shapes[0]!);
};

export const OPERATORS: Readonly<Record<string, Compute>> = {
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
  Where: (tf, [condition, a, b]) => tf.where(condition!, a!, b!),
  Cast: (tf, [x], { dtypes }) => tf.cast(x!, tfType(dtypes[0]!)),
  Softmax: (tf, [x]) => tf.softmax(x!),
  ArgMax: (tf, [x]) => tf.argMax(x!, -1),
  CumSum: (tf, [x]) => tf.cumsum(x!, x!.rank - 1),
  ReduceSum: reduction('sum'),
  ReduceMean: reduction('mean'),
  ReduceMax: reduction('max'),
  MatMul: matmul,
  Reshape: (tf, [x], { shapes }) => tf.reshape(x!, shapes[0]!),
  Transpose: (tf, [x], { attributes }) => tf.transpose(x!, attributes.permutation as number[]),
  Expand: (tf, [x], { shapes }) => tf.broadcastTo(x!, shapes[0]!),
  Concat: (tf, parts, { attributes }) => tf.concat(parts, attributes.axis as number),
  Split: (tf, [x], { attributes, shapes }) => {
    const axis = attributes.axis as number;
    const sizes = shapes.map((shape) => shape[axis]!);
    return tf.split(x!, sizes, axis);
  },
  Gather: (tf, [x, index]) => tf.gather(x!, index!),
  Pick: pick,
  ScatterAdd: scatterAdd,
  RmsNorm: rmsNorm,
  Rotary: rotary,
  Size: (tf, _, { attributes, resolve }) => tf.scalar(resolve(attributes.dim as Dim), 'int32'),
};
