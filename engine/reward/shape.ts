/**
 * Shapes of what a reward stores with a group: types and checks from one description. Plain functions instead of zod,
 * which `--help` does not load.
 */
declare const VALUE: unique symbol;

export interface StoredShape<T> {
  /** Why a value is invalid, with the place inside it; null if it is valid. */
  fault(value: unknown, at: string): string | null;
  readonly [VALUE]?: T;
}

export type ShapeValue<S> = S extends StoredShape<infer T> ? T : never;

function primitiveShape<T>(what: string, is: (value: unknown) => boolean): StoredShape<T> {
  return { fault: (value, at) => (is(value) ? null : `${at} is not ${what}`) };
}

export const textShape = primitiveShape<string>('a text', (value) => typeof value === 'string');
export const numberShape = primitiveShape<number>('a number', Number.isFinite);
/** An index in a list, or a number of things. */
export const countShape = primitiveShape<number>(
  'a count',
  (value) => Number.isInteger(value) && (value as number) >= 0,
);
export const booleanShape = primitiveShape<boolean>('true or false', (value) => typeof value === 'boolean');

/** The shape, or null. */
export function nullableShape<T>(of: StoredShape<T>): StoredShape<T | null> {
  return { fault: (value, at) => (value === null ? null : of.fault(value, at)) };
}

/** A list of any length; a fault names the index of the item (`x[3]`). */
export function listOf<T>(of: StoredShape<T>): StoredShape<T[]> {
  return {
    fault: (value, at) =>
      Array.isArray(value) ? firstFault(value, (item, i) => of.fault(item, `${at}[${i}]`)) : `${at} is not a list`,
  };
}

/** A list of exactly two. */
export function pairOf<T>(of: StoredShape<T>): StoredShape<[T, T]> {
  const list = listOf(of);
  return {
    fault: (value, at) => (Array.isArray(value) && value.length !== 2 ? `${at} is not a pair` : list.fault(value, at)),
  };
}

/** Names that are not described are left alone: a newer version may have added them. */
export function record<F extends Record<string, StoredShape<unknown>>>(
  fields: F,
): StoredShape<{ [K in keyof F]: ShapeValue<F[K]> }> {
  return {
    fault: (value, at) =>
      typeof value === 'object' && value !== null
        ? firstFault(Object.entries(fields), ([name, of]) =>
            of.fault((value as Record<string, unknown>)[name], `${at}.${name}`),
          )
        : `${at} is not an object`,
  };
}

function firstFault<T>(items: readonly T[], fault: (item: T, i: number) => string | null): string | null {
  for (const [i, item] of items.entries()) {
    const found = fault(item, i);
    if (found !== null) return found;
  }
  return null;
}
