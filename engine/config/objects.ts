/** Access to values in nested objects by dotted paths, as settings use them. */
import { isObject } from '../protocol/values.ts';

export type ConfigValues = Record<string, unknown>;

/** The value at a path, undefined where any part of the path is missing. A list of keys may contain names with dots. */
export function valueAt(target: unknown, path: string | readonly PropertyKey[]): unknown {
  let value: unknown = target;
  for (const part of typeof path === 'string' ? path.split('.') : path) {
    value = (value as Record<PropertyKey, unknown> | null | undefined)?.[part];
  }
  return value;
}

/** Sets a value in place; missing objects on the way are created, and replace values that are not objects. */
export function setAt(target: ConfigValues, path: string, value: unknown): void {
  const parts = path.split('.');
  const last = parts.pop()!;
  let object = target;
  for (const part of parts) {
    if (!isObject(object[part])) object[part] = {};
    object = object[part] as ConfigValues;
  }
  object[last] = value;
}

/** The object at a path; an empty one for any other value. */
export function objectAt(target: unknown, path: string): ConfigValues {
  const value = valueAt(target, path);
  return isObject(value) ? value : {};
}

/** The text at a path; undefined for a value of another type, so callers that must refuse those use `valueAt`. */
export function stringAt(target: unknown, path: string): string | undefined {
  const value = valueAt(target, path);
  return typeof value === 'string' ? value : undefined;
}
