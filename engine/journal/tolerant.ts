/**
 * Writing is strict and reading is tolerant: the schemas refuse unknown keys, so that nothing undocumented is written;
 * when reading, such keys (of a newer Rollscope) are dropped. One pass over the value does both: each schema has a twin
 * for reading, created once, whose objects drop unknown keys.
 */
import { plural } from '../protocol/format.ts';
import '../protocol/schema-words.ts';
import * as z from 'zod';
import { clone } from 'zod/v4/core';
import { acceptsOf } from './accepts.ts';

export type Tolerant<T> = { success: true; data: T } | { success: false; error: string };

/** Checks a value that was read, once, and drops the keys that the schema does not know. `error` is for people. */
export function readTolerantly<T>(schema: z.ZodType<T>, value: unknown): Tolerant<T> {
  const twin = forReading(schema);
  if (acceptsOf(twin)(value)) return { success: true, data: value as T };
  const result = twin.safeParse(value);
  return result.success ? result : { success: false, error: describeIssues(result.error) };
}

/** Faults of a value that are told; a list of a million may have as many. */
const MAX_REPORTED_ISSUES = 8;

/** What zod found, in the words of a person: `metrics.loss: expected number, received string`. */
export function describeIssues(error: z.ZodError): string {
  const told = error.issues
    .slice(0, MAX_REPORTED_ISSUES)
    .map((issue) => `${issue.path.join('.') || 'value'}: ${issue.message}`);
  const more = error.issues.length - told.length;
  return [...told, ...(more > 0 ? [`and ${plural(more, 'more error')}`] : [])].join('; ');
}

const tolerantSchemas = new WeakMap<z.ZodType, z.ZodType>();

/** The schema for reading what `schema` wrote. */
export function forReading<T>(schema: z.ZodType<T>): z.ZodType<T> {
  const known = tolerantSchemas.get(schema);
  if (known) return known as z.ZodType<T>;
  const twin = withInner(schema);
  tolerantSchemas.set(schema, twin);
  return twin as z.ZodType<T>;
}

type Inner = z.core.$ZodType;
/** The parts of a schema's definition that are schemas. */
interface Definition extends z.core.$ZodTypeDef {
  shape?: Record<string, Inner>;
  catchall?: Inner;
  element?: Inner;
  innerType?: Inner;
  keyType?: Inner;
  valueType?: Inner;
  options?: readonly Inner[];
  items?: readonly Inner[];
  in?: Inner;
  out?: Inner;
  /** A lazy schema's. */
  getter?: () => Inner;
}

function withInner(schema: z.ZodType): z.ZodType {
  const definition = schema._zod.def as Definition;
  const twin = (inner: Inner) => forReading(inner as z.ZodType);
  const { shape, catchall, element, innerType, valueType, options, items, out, getter } = definition;
  if (getter) return z.lazy(() => forReading((schema as z.ZodLazy).unwrap() as z.ZodType));
  const changed: Partial<Definition> = {
    ...(shape && { shape: Object.fromEntries(Object.entries(shape).map(([key, inner]) => [key, twin(inner)])) }),
    ...(element && { element: twin(element) }),
    ...(innerType && { innerType: twin(innerType) }),
    ...(valueType && { valueType: twin(valueType) }),
    ...(options && { options: options.map(twin) }),
    ...(items && { items: items.map(twin) }),
    ...(out && { out: twin(out) }),
  };
  if (Object.keys(changed).length === 0) return schema;
  const all = { ...definition, ...changed };
  // A strict object refuses unknown keys by a catchall that accepts nothing.
  if (shape && catchall?._zod.def.type === 'never') delete all.catchall;
  return clone(schema, all as never);
}
