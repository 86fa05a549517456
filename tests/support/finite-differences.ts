/** Compares gradients of a graph with central differences, both in float64. */
import { Graph, gradients, op, type Tensor } from '../../engine/tensor/index.ts';
import { largestDifference } from './compare.ts';
import { randomNumbers } from './operator-case.ts';
import { evaluateGraph } from './reference-backend.ts';
import type { Doubles } from './reference-operators.ts';

const STEP = 1e-5;

/** A graph whose outputs are a scalar and its gradients, with values for its inputs. */
export interface GradientProblem {
  graph: Graph;
  /** The graph of the scalar alone. */
  forward: Graph;
  feeds: Readonly<Record<string, Doubles>>;
}

/**
 * Gradients of a randomly weighted sum of all elements of `build`'s outputs, with respect to the wanted inputs: outputs
 * `scalar` and `gradient of <input>`.
 */
export function gradientProblem(
  build: (graph: Graph) => Tensor[],
  feeds: Readonly<Record<string, Doubles>>,
  wanted: readonly string[],
): GradientProblem {
  const plain = new Graph();
  build(plain).forEach((tensor, i) => {
    plain.output(`y${i}`, tensor);
  });
  const outputs = Object.values(evaluateGraph(plain, feeds));
  const random = randomNumbers(11);
  const weights = outputs.map(({ shape, data }) => ({ shape, data: data.map(() => Math.fround(2 * random() - 1)) }));
  const scalarOf = (graph: Graph) => {
    const terms = build(graph).map((y, i) => op.reduceSum(op.mul(y, graph.input(`weight${i}`, 'float32', y.shape))));
    const scalar = terms.reduce(op.add);
    graph.output('scalar', scalar);
    return scalar;
  };
  const forward = new Graph();
  scalarOf(forward);
  const graph = new Graph();
  const scalar = scalarOf(graph);
  const inputs = wanted.map((name) => graph.inputs.find((t) => t.name === name)!);
  gradients(scalar, inputs).forEach((gradient, i) => {
    if (!gradient) throw new Error(`${wanted[i]} has no gradient`);
    graph.output(`gradient of ${wanted[i]}`, gradient);
  });
  const weightFeeds = Object.fromEntries(weights.map((value, i) => [`weight${i}`, value]));
  return { graph, forward, feeds: { ...feeds, ...weightFeeds } };
}

/**
 * The largest difference from central differences, relative to max(1, |gradient|), over all elements of the wanted inputs.
 */
export function gradientError({ graph, forward, feeds }: GradientProblem, wanted: readonly string[]): number {
  const results = evaluateGraph(graph, feeds);
  const scalarAt = (name: string, element: number, shift: number) => {
    const { shape, data } = feeds[name]!;
    const moved = data.with(element, data[element]! + shift);
    return evaluateGraph(forward, { ...feeds, [name]: { shape, data: moved } }).scalar!.data[0]!;
  };
  let error = 0;
  for (const name of wanted) {
    const gradient = results[`gradient of ${name}`]!;
    if (gradient.shape.join() !== feeds[name]!.shape.join())
      throw new Error(`gradient of ${name}: [${gradient.shape}]`);
    const numeric = gradient.data.map((_, i) => (scalarAt(name, i, STEP) - scalarAt(name, i, -STEP)) / (2 * STEP));
    error = Math.max(error, largestDifference(gradient.data, numeric));
  }
  return error;
}
