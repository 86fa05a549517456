/** Runs a graph and compares its outputs with expected values. */
import { expect } from 'vitest';
import type { Backend, Value } from '../../engine/runtime/backend.ts';
import type { DType, Graph, TensorData } from '../../engine/tensor/index.ts';
import type { Doubles } from './reference-operators.ts';

/** The array of a type with these values. */
function typed(dtype: DType, values: ArrayLike<number>): TensorData {
  if (dtype === 'float32') return Float32Array.from(values);
  if (dtype === 'int32') return Int32Array.from(values);
  if (dtype === 'int64') return BigInt64Array.from(Array.from(values, BigInt));
  return Uint8Array.from(values);
}

/** Doubles as the values of a graph's inputs. */
function valuesOf(backend: Backend, graph: Graph, feeds: Readonly<Record<string, Doubles>>): Record<string, Value> {
  return Object.fromEntries(
    graph.inputs.map(({ name, dtype }) => {
      const { shape, data } = feeds[name]!;
      return [name, backend.value(dtype, shape, typed(dtype, data))];
    }),
  );
}

/** The largest difference, each relative to max(1, |expected|). NaN if only one side is NaN. */
export function largestDifference(actual: ArrayLike<number | bigint>, expected: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [Number(actual[i]), expected[i]!];
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    const difference = Math.abs(a - b) / Math.max(1, Math.abs(b));
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

/** Fails unless the graph's outputs have the expected shapes and values within `tolerance`. */
export async function compareOutputs(
  backend: Backend,
  graph: Graph,
  feeds: Readonly<Record<string, Doubles>>,
  expected: Readonly<Record<string, Doubles>>,
  tolerance: number,
): Promise<void> {
  const executable = await backend.compile(graph);
  try {
    const results = await executable.run(valuesOf(backend, graph, feeds));
    for (const [name, tensor] of graph.outputs) {
      const value = results[name]!;
      expect(value.dtype, name).toBe(tensor.dtype);
      expect(value.shape, name).toEqual(expected[name]!.shape);
      expect(largestDifference(await backend.read(value), expected[name]!.data), name).toBeLessThanOrEqual(tolerance);
    }
  } finally {
    await executable.release();
  }
}
