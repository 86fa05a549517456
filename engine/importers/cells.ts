/** What is in a value of a log, where it is of the wanted kind. Pure. */
import type { ForeignValue } from '../protocol/group.ts';
import { isObject } from '../protocol/values.ts';

/** {} for anything else. */
export function objectIn(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}

/** null for anything else, and for an empty text. */
export function textIn(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** The numbers, texts and truth values of an object. */
export function scalarsIn(values: Record<string, unknown>): Record<string, ForeignValue> {
  const scalars = Object.entries(values).filter(([, value]) => ['number', 'string', 'boolean'].includes(typeof value));
  return Object.fromEntries(scalars) as Record<string, ForeignValue>;
}
