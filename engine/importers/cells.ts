/** Values of a log as the kind that is needed. Pure. */
import type { ForeignValue, Phase, Rollout } from '../protocol/group.ts';
import { isObject } from '../protocol/values.ts';

/** The object, or {} for anything else. */
export function objectIn(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}

/** The text; null for anything else, and for an empty text. */
export function textIn(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** The numbers, texts and truth values of an object. */
export function scalarsIn(values: Record<string, unknown>): Record<string, ForeignValue> {
  const scalars = Object.entries(values).filter(([, value]) => ['number', 'string', 'boolean'].includes(typeof value));
  return Object.fromEntries(scalars) as Record<string, ForeignValue>;
}

const NUMBER = /^\s*[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?\s*$/;

/** A number, including one that an untyped table stores as text; null for anything else. */
export function numberIn(value: unknown): number | null {
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return NUMBER.test(value) ? Number(value) : null;
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'boolean' ? Number(value) : null;
}

const PHASES: ReadonlyMap<string, Phase> = new Map([
  ['train', 'train'],
  ['training', 'train'],
  ['eval', 'evaluation'],
  ['evaluation', 'evaluation'],
  ['val', 'evaluation'],
  ['validation', 'evaluation'],
  ['test', 'evaluation'],
  ['greedy', 'greedy'],
  ['probe', 'probe'],
]);

/** The phase that a row was sampled for, from trainers' names for it; null for none. */
export function phaseOf(value: unknown): Phase | null {
  return typeof value === 'string' ? (PHASES.get(value.toLowerCase()) ?? null) : null;
}

/** How a response ended, from trainers' names for it; null for none. */
export function finishOf(value: unknown): Rollout['finish'] {
  if (typeof value !== 'string') return null;
  const name = value.toLowerCase();
  if (['length', 'max_tokens', 'truncated', 'max_length'].includes(name)) return 'length';
  return ['stop', 'eos', 'completed', 'end_turn'].includes(name) ? 'stop' : null;
}
