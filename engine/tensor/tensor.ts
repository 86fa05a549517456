/** The types of tensors: data types, and shapes with numeric or named sizes. */
import type { Dim, Shape } from './dims.ts';

/** `float16` and `uint8` are storage types: they are cast to `float32` for computation. */
export type DType = 'float32' | 'int32' | 'int64' | 'bool' | 'float16' | 'uint8';
/** float16 numbers are stored as their bits. */
export type TensorData = Float32Array | Int32Array | BigInt64Array | Uint8Array | Uint16Array;

/** A tensor type outside of any graph. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A named tensor type. */
export interface NamedType extends TensorType {
  readonly name: string;
}

/** Number of elements of a tensor of numeric shape; 1 for a scalar. */
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

/** `map` that preserves a tuple's length. */
export function each<T extends readonly unknown[], U>(items: T, f: (item: T[number], index: number) => U): Each<T, U> {
  return items.map(f) as Each<T, U>;
}
