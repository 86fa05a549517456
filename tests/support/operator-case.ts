/** A test case of an operator: its inputs by type, shape and range, and how to fill them and build them into a graph. */
import {
  type Dim,
  type DType,
  elementsOf,
  evaluate,
  type Graph,
  type OperatorName,
  type Shape,
  type Tensor,
} from '../../engine/tensor/index.ts';
import type { Doubles } from './reference-operators.ts';

export interface Input {
  dtype: DType;
  shape: Shape;
  /** Bounds of the random values; for integers the upper one is exclusive. */
  low: number;
  high: number;
  values?: readonly number[];
}

export interface OperatorCase {
  /** The operator under test. */
  op: OperatorName;
  what: string;
  inputs: Readonly<Record<string, Input>>;
  sizes: Readonly<Record<string, number>>;
  build: (x: Record<string, Tensor>, graph: Graph) => Tensor[];
  /** Inputs whose gradients are checked; empty if the operator has no gradient. */
  wanted: readonly string[];
}

/** Inputs of random numbers. */
export const floats = (...shape: Dim[]): Input => ({ dtype: 'float32', shape, low: -2, high: 2 });
export const positive = (...shape: Dim[]): Input => ({ dtype: 'float32', shape, low: 0.3, high: 2 });
export const indices = (below: number, ...shape: Dim[]): Input => ({ dtype: 'int32', shape, low: 0, high: below });
export const integers = (...shape: Dim[]): Input => ({ dtype: 'int32', shape, low: -9, high: 9 });
export const longs = (below: number, ...shape: Dim[]): Input => ({ dtype: 'int64', shape, low: 0, high: below });
export const scalar = (dtype: DType, value: number): Input => ({ dtype, shape: [], low: 0, high: 1, values: [value] });

const SIZES = { B: 2, L: 3, C: 4, P: 2, G: 3, Z: 0 };

/** A case with one set of inputs. @param wanted inputs whose gradients are checked */
export function one(
  name: OperatorName,
  what: string,
  inputs: Record<string, Input>,
  build: (x: Record<string, Tensor>, graph: Graph) => Tensor | readonly Tensor[],
  wanted: string[] = [],
): OperatorCase {
  return { op: name, what, inputs, sizes: SIZES, build: (x, graph) => [build(x, graph)].flat(), wanted };
}

/** Uniform random numbers in [0, 1), the same on every run (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Random values for the inputs of a case; float32 values are exact in float32. */
export function feedsOf(
  { inputs, sizes }: Pick<OperatorCase, 'inputs' | 'sizes'>,
  seed: number,
): Record<string, Doubles> {
  const random = randomNumbers(seed);
  const values = new Map(Object.entries(sizes));
  return Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => {
      const shape = input.shape.map((dim) => evaluate(dim, values));
      const data = Float64Array.from({ length: elementsOf(shape) }, (_, i) => {
        if (input.values) return input.values[i]!;
        const value = input.low + (input.high - input.low) * random();
        return input.dtype === 'float32' ? Math.fround(value) : Math.floor(value);
      });
      return [name, { shape, data }];
    }),
  );
}

/** Whether a case has an axis of length 0. */
export function isEmpty({ inputs, sizes }: OperatorCase): boolean {
  const values = new Map(Object.entries(sizes));
  return Object.values(inputs).some(({ shape }) => shape.some((dim) => evaluate(dim, values) === 0));
}

/** Builds a case's inputs and outputs `y0`, `y1`, ... in a graph. */
export function buildCase(graph: Graph, { inputs, build }: OperatorCase): Tensor[] {
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([name, { dtype, shape }]) => [name, graph.input(name, dtype, shape)]),
  );
  return build(tensors, graph);
}
