/**
 * A new operator does not compile until everything that must know it does. These are checks of `npm run typecheck`: a
 * `@ts-expect-error` that is not needed is an error there.
 */
import { expect, test } from 'vitest';
import type { OnnxEncoders } from '../../engine/runtime/onnx-encoder.ts';
import { ENCODERS } from '../../engine/runtime/onnx-operators.ts';
import { KERNELS, type TfjsKernels } from '../../engine/runtime/tfjs-operators.ts';
import { GRADIENTS, type GradientRules, Graph, OPERATORS, op } from '../../engine/tensor/index.ts';
import { REFERENCE_KERNELS, type ReferenceKernels } from '../support/reference-backend.ts';

test('each table has every operator', () => {
  const names = Object.keys(OPERATORS).sort();
  expect(Object.keys(GRADIENTS).sort()).toEqual(names);
  expect(Object.keys(ENCODERS).sort()).toEqual(names);
  expect(Object.keys(REFERENCE_KERNELS).sort()).toEqual(names);
  // The interpreter runs what has bodies.
  expect([...Object.keys(KERNELS), 'Loop', 'If'].sort()).toEqual(names);
});

test('a table that lacks an operator does not compile', () => {
  const { Tanh: _gradient, ...gradients } = GRADIENTS;
  // @ts-expect-error no gradient rule, not even 'none'
  const rules: GradientRules = gradients;
  const { Tanh: _encoder, ...encoders } = ENCODERS;
  // @ts-expect-error no ONNX encoding
  const onnx: OnnxEncoders = encoders;
  const { Tanh: _kernel, ...kernels } = KERNELS;
  // @ts-expect-error nothing in TensorFlow.js
  const tfjs: TfjsKernels = kernels;
  const { Loop: _loop, ...reference } = REFERENCE_KERNELS;
  // @ts-expect-error no meaning in float64
  const float64: ReferenceKernels = reference;
  for (const table of [rules, onnx, tfjs, float64]) expect(Object.keys(table)).not.toHaveLength(0);
});

test('a node with inputs or attributes that its operator lacks does not compile', () => {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [2, 3]);
  const [y] = graph.emit('Transpose', [x], { permutation: [1, 0] }, []);
  expect(y.shape).toEqual([3, 2]);
  // @ts-expect-error an operator that is not there
  expect(() => graph.emit('Sinus', [x], {}, [])).toThrow();
  // @ts-expect-error no attribute
  expect(() => graph.emit('Transpose', [x], {}, [])).toThrow();
  // @ts-expect-error one input instead of two
  expect(() => graph.emit('Add', [x], {}, [])).toThrow();
  op.exp(x);
  for (const node of graph.nodes) {
    if (node.op === 'Transpose') expect(node.attributes.permutation).toEqual([1, 0]);
    // @ts-expect-error an attribute of another operator
    else expect(node.attributes.permutation).toBeUndefined();
  }
});
