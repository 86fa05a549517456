/** Operators refuse what does not fit while a graph is built, not when it runs. */
import { expect, test } from 'vitest';
import { Graph, gradients, op, type Tensor } from '../../engine/tensor/index.ts';

const graph = new Graph();
const matrix = graph.input('matrix', 'float32', ['B', 3]);
const cube = graph.input('cube', 'float32', ['B', 'L', 4]);
const index = graph.input('index', 'int32', ['B']);

test.each<[string, () => Tensor | readonly Tensor[], string]>([
  ['types', () => op.add(matrix, op.cast(matrix, 'int32')), 'operands differ in type'],
  ['shapes', () => op.add(matrix, cube), 'do not broadcast'],
  ['inner sizes', () => op.matmul(matrix, matrix), 'inner sizes differ'],
  ['leading axes', () => op.matmul(cube, matrix), 'leading axes differ'],
  ['element counts', () => op.reshape(matrix, ['B', 4]), 'sizes differ'],
  ['a shape to expand to', () => op.expand(matrix, [3]), 'expand'],
  ['pieces', () => op.split(matrix, 1, [1, 1]), 'do not add up'],
  ['a missing axis', () => op.transpose(matrix, [0, 2]), 'has no axis 2'],
  ['no tensor', () => op.add(1, 2), 'must be a tensor'],
  ['a name twice', () => graph.input('matrix', 'float32', []), 'has an input matrix already'],
  ['a gradient of a vector', () => gradients(matrix, [matrix]).map((t) => t!), 'taken of a scalar'],
])('%s', (_, build, message) => {
  expect(build).toThrow(message);
});

test('shapes are inferred', () => {
  expect(op.concat([matrix, matrix], 1).shape).toEqual(['B', 6]);
  expect(op.concat([cube, cube], 1).shape).toEqual(['B', '2*L', 4]);
  expect(op.gather(matrix, index).shape).toEqual(['B', 3]);
  expect(op.pick(matrix, index).shape).toEqual(['B']);
  expect(op.reduceMean(cube, [-1], true).shape).toEqual(['B', 'L', 1]);
  expect(op.argMax(cube).dtype).toBe('int32');
  expect(op.less(matrix, 0).dtype).toBe('bool');
});

test('a number has the type of the tensor next to it', () => {
  expect(op.mul(index, 2).dtype).toBe('int32');
  expect(op.where(op.less(index, 1), index, 0).dtype).toBe('int32');
});

test('a size may be written in any order', () => {
  const x = graph.input('ordered', 'float32', ['L*B', 'Q+B']);
  const y = op.reshape(cube, ['L*B', 4]);
  expect(x.shape[0]).toBe(y.shape[0]);
  expect(() => op.mul(op.reduceSum(x, [1], true), y)).not.toThrow();
  expect(() => op.expand(op.reduceSum(y, [1], true), ['L*B', 7])).not.toThrow();
  expect(op.split(x, 1, ['B', 'Q']).map((t) => t.shape[1])).toEqual(['B', 'Q']);
});
