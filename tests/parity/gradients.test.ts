/** Every gradient rule, and gradients through many operators, against central differences in float64. */
import { describe, expect, test } from 'vitest';
import { GRADIENTS, Graph, gradients, type OperatorName, op, type Tensor } from '../../engine/tensor/index.ts';
import { COMPOSITE_CASES } from '../support/composite-cases.ts';
import { gradientError, gradientProblem } from '../support/finite-differences.ts';
import { buildCase, feedsOf, type OperatorCase } from '../support/operator-case.ts';
import { OPERATOR_CASES } from '../support/operator-cases.ts';
import { evaluateGraph } from '../support/reference-backend.ts';

// Central differences with a step of 1e-5 in float64 are right to about 1e-9 here.
const TOLERANCE = 1e-7;

const DIFFERENTIABLE = (Object.keys(GRADIENTS) as OperatorName[]).filter(
  (name) => typeof GRADIENTS[name] === 'function',
);

const differentiated = OPERATOR_CASES.filter((c) => c.wanted.length > 0);

function expectGradients(given: OperatorCase): void {
  const problem = gradientProblem((graph) => buildCase(graph, given), feedsOf(given, 7), given.wanted);
  expect(gradientError(problem, given.wanted)).toBeLessThanOrEqual(TOLERANCE);
}

test('every rule has a case that uses it', () => {
  const used = new Set<string>();
  for (const given of differentiated) {
    const graph = new Graph();
    buildCase(graph, given);
    if (graph.nodes.some((node) => node.op === given.op)) used.add(given.op);
  }
  expect(DIFFERENTIABLE.filter((name) => !used.has(name))).toEqual([]);
});

describe.each(DIFFERENTIABLE)('%s', (name) => {
  test.each(differentiated.filter((c) => c.op === name))('$what', (given) => expectGradients(given));
});

describe('combined operators', () => {
  test.each(COMPOSITE_CASES)('$what', (given) => expectGradients(given));
});

/** sum over rows of log softmax at the target, one row a turn: a loop with a gradient of its own. */
function chunkedLogProb(x: Tensor, target: Tensor): Tensor {
  const width = x.shape[1]!;
  const row = (turn: Tensor, from: Tensor) => op.gather(from, op.cast(turn, 'int32'));
  const rows = op.sizeOf(x.graph, 'R');
  return x.graph.block(
    [x],
    () => {
      const { stacked } = op.loop(rows, [], 'R', (turn) => {
        const logits = op.reshape(row(turn, x), [1, width]);
        const peak = op.reduceMax(logits, [1], true);
        const logsumexp = op.add(op.log(op.reduceSum(op.exp(op.sub(logits, peak)), [1])), op.reshape(peak, [1]));
        return { carried: [], stacked: [op.sub(op.pick(logits, op.reshape(row(turn, target), [1])), logsumexp)] };
      });
      return [op.reshape(stacked[0]!, ['R'])];
    },
    () =>
      ([g]) => {
        const onehot = op.equal(op.iota(x.graph, width as number), op.reshape(target, ['R', 1]));
        return [op.mul(op.sub(op.cast(onehot, 'float32'), op.softmax(x)), op.reshape(g!, ['R', 1]))];
      },
  )[0]!;
}

describe('a block', () => {
  const given: OperatorCase = {
    op: 'Loop',
    what: 'block',
    inputs: {
      x: { dtype: 'float32', shape: ['R', 5], low: -1, high: 1 },
      target: { dtype: 'int32', shape: ['R'], low: 0, high: 5 },
    },
    sizes: { R: 3 },
    build: ({ x, target }) => [op.mul(chunkedLogProb(op.mul(x!, 2), target!), 0.5)],
    wanted: ['x'],
  };

  test('is differentiated by its own rule, also around a loop', () => expectGradients(given));

  test('costs nothing if nothing needs it', () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', ['R', 5]);
    const other = graph.input('other', 'float32', []);
    const target = graph.input('target', 'int32', ['R']);
    const scalar = op.add(op.reduceSum(chunkedLogProb(x, target)), op.mul(other, 3));
    const before = graph.nodes.length;
    const [gradient] = gradients(scalar, [other]);
    expect(graph.nodes.length - before).toBeLessThan(5);
    graph.output('g', gradient!);
    const feeds = { ...feedsOf(given, 1), other: { shape: [], data: Float64Array.of(2) } };
    expect(evaluateGraph(graph, feeds).g!.data[0]).toBe(3);
  });

  test('loops outside a block have no gradient, and say so', () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', []);
    const { carried } = op.loop(graph.scalar(2, 'int64'), [x], 'T', (_, [c]) => ({
      carried: [op.mul(c!, 2)],
      stacked: [],
    }));
    expect(() => gradients(carried[0]!, [x])).toThrow('Loop has no gradient');
  });
});

test('a stop passes no gradient, and a tensor without influence has none', () => {
  const graph = new Graph();
  const [x, y] = [graph.input('x', 'float32', []), graph.input('y', 'float32', [])];
  const [dx, dy] = gradients(op.mul(x, op.stopGradient(op.mul(x, x))), [x, y]);
  expect(dy).toBeNull();
  graph.output('dx', dx!);
  const given = (value: number) => ({ shape: [], data: Float64Array.of(value) });
  expect(evaluateGraph(graph, { x: given(3), y: given(1) }).dx!.data[0]).toBe(9);
});
