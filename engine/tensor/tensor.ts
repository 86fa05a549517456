/** The types of tensors: data types, and shapes in which some sizes are only named. */
import type { Dim, Shape } from './dims.ts';

/** Nothing is computed in `float16` and `uint8`: they are cast to `float32` before. */
export type DType = 'float32' | 'int32' | 'int64' | 'bool' | 'float16' | 'uint8';
/** float16 numbers are their bits. */
export type TensorData = Float32Array | Int32Array | BigInt64Array | Uint8Array | Uint16Array;

/** What a tensor is before it has a place in a graph. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A tensor by its name and type. */
export interface NamedType extends TensorType {
  readonly name: string;
}

/** Number of elements of a tensor whose sizes are known; 1 for a scalar. */
export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Size of an axis; negative axes count from the end. */
export function dimOf(tensor: NamedType, axis: number): Dim {
  const dim = tensor.shape.at(axis);
  if (dim === undefined) throw new Error(`${tensor.name} of shape [${tensor.shape}] has no axis ${axis}`);
  return dim;
}

/** A tuple with a `U` for each member of `T`. */
export type Each<T extends readonly unknown[], U> = { readonly [I in keyof T]: U };

/** `map` that keeps a tuple's length. */
export function each<T extends readonly unknown[], U>(items: T, f: (item: T[number], index: number) => U): Each<T, U> {
  return items.map(f) as Each<T, U>;
}
