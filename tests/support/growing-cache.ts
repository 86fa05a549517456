import { Graph, op } from '../../engine/tensor/index.ts';

/** A cache that grows by one row, as in decoding: `cache` with x appended, and the `sum` of its rows. */
export function growingCache(): Graph {
  const graph = new Graph();
  const cache = graph.input('cache', 'float32', ['L', 3]);
  const x = graph.input('x', 'float32', [1, 3]);
  const next = op.concat([cache, x], 0);
  graph.output('cache', next);
  graph.output('sum', op.reduceSum(next, [0]));
  return graph;
}
