/** Every gradient rule, and gradients through many operators, against central differences in float64. */
import { describe, expect, test } from 'vitest';
import { DIFFERENTIABLE, Graph, gradients, op, type Shape, type Tensor } from '../../engine/tensor/index.ts';
import { gradientError } from '../support/finite-differences.ts';
import { buildCase, feedsOf, OPERATOR_CASES, type OperatorCase } from '../support/operator-cases.ts';
import { evaluateGraph } from '../support/reference-backend.ts';

// Central differences with a step of 1e-5 in float64 are right to about 1e-9 here.
const TOLERANCE = 1e-7;

const differentiated = OPERATOR_CASES.filter((c) => c.wanted.length > 0);

function expectGradients(given: OperatorCase): void {
  const error = gradientError((graph) => buildCase(graph, given), feedsOf(given, 7), given.wanted);
  expect(error).toBeLessThanOrEqual(TOLERANCE);
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

const floats = (...shape: Shape) => ({ dtype: 'float32' as const, shape, low: -1, high: 1 });

describe('many operators', () => {
  test('a decoder layer: norm, attention with mask and rotary positions, feed-forward', () => {
    const [length, heads, width] = [3, 2, 8];
    const inputs = {
      x: floats('B', length, width),
      position: { dtype: 'int64' as const, shape: ['B', length], low: 0, high: 5 },
      cos: floats(5, 2),
      sin: floats(5, 2),
      mask: { ...floats(1, 1, length, length), values: [0, -9, -9, 0, 0, -9, 0, 0, 0] },
      norm: floats(width),
      q: floats(width, width),
      k: floats(width, width),
      v: floats(width, width),
      o: floats(width, width),
      up: floats(12, width),
      gate: floats(12, width),
      down: floats(width, 12),
    };
    const build = (t: Record<string, Tensor>): Tensor[] => {
      const flat = op.reshape(op.rmsNorm(t.x!, t.norm!, 1e-5), [`${length}*B`, width]);
      const project = (w: Tensor) => op.reshape(op.linear(flat, w), ['B', length, width]);
      const turn = (y: Tensor) => op.rotary(y, t.position!, t.cos!, t.sin!, heads);
      const split = (y: Tensor) => op.transpose(op.reshape(y, ['B', length, heads, width / heads]), [0, 2, 1, 3]);
      const [q, k, v] = [split(turn(project(t.q!))), split(turn(project(t.k!))), split(project(t.v!))];
      const scores = op.add(op.mul(op.matmul(q!, k!, { transB: true }), 0.5), t.mask!);
      const mixed = op.transpose(op.matmul(op.softmax(scores), v!), [0, 2, 1, 3]);
      const joined = op.reshape(mixed, [`${length}*B`, width]);
      const attended = op.add(op.reshape(t.x!, [`${length}*B`, width]), op.linear(joined, t.o!));
      const fed = op.mul(op.silu(op.linear(attended, t.gate!)), op.linear(attended, t.up!));
      return [op.add(attended, op.linear(fed, t.down!))];
    };
    const wanted = ['x', 'norm', 'q', 'k', 'v', 'o', 'up', 'gate', 'down'];
    expectGradients({ op: 'MatMul', what: 'layer', inputs, sizes: { B: 2 }, build, wanted });
  });

  test('a tensor that is used several times, and in pieces of which one is unused', () => {
    const build = ({ x }: Record<string, Tensor>): Tensor[] => {
      const [a, , c] = op.split(op.mul(x!, x!), 1, [2, 3, 1]);
      return [op.add(op.exp(a!), op.mul(c!, op.reduceMean(x!, [1], true)))];
    };
    expectGradients({
      op: 'Split',
      what: 'uses',
      inputs: { x: floats('B', 6) },
      sizes: { B: 2 },
      build,
      wanted: ['x'],
    });
  });
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
    inputs: { x: floats('R', 5), target: { dtype: 'int32', shape: ['R'], low: 0, high: 5 } },
    sizes: { R: 3 },
    build: ({ x, target }) => [op.mul(chunkedLogProb(op.mul(x!, 2), target!), 0.5)],
    wanted: ['x'],
  };

  test('is differentiated by its own rule, also around a loop', () => expectGradients(given));

  test('that nothing needs costs nothing', () => {
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

  test('a loop outside of a block has no gradient, and says so', () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', []);
    const { carried } = op.loop(graph.scalar(2, 'int64'), [x], 'T', (_, [c]) => ({
      carried: [op.mul(c!, 2)],
      stacked: [],
    }));
    expect(() => gradients(carried[0]!, [x])).toThrow('Loop has no gradient');
  });
});

test('no gradient passes a stop, and a tensor without influence has none', () => {
  const graph = new Graph();
  const [x, y] = [graph.input('x', 'float32', []), graph.input('y', 'float32', [])];
  const [dx, dy] = gradients(op.mul(x, op.stopGradient(op.mul(x, x))), [x, y]);
  expect(dy).toBeNull();
  graph.output('dx', dx!);
  const given = (value: number) => ({ shape: [], data: Float64Array.of(value) });
  expect(evaluateGraph(graph, { x: given(3), y: given(1) }).dx!.data[0]).toBe(9);
});
