/** Which column is the problem, which the answer, which the id. */
import type { FieldMap } from '../protocol/config.ts';

export type Values = Record<string, unknown>;
export type Field = 'prompt' | 'answer' | 'id';

/** Usual names, the likeliest first; a dot reaches into a nested object (verl keeps labels in `reward_model`). */
export const USUAL_NAMES: Record<Field, readonly string[]> = {
  prompt: ['prompt', 'question', 'problem', 'query', 'instruction', 'input', 'problem_statement', 'task'],
  answer: [
    'answer',
    'ground_truth',
    'final_answer',
    'expected_answer',
    'gold_answer',
    'gt_answer',
    'reference_answer',
    'reward_model.ground_truth',
    'reward_model.ground_truth.target',
    'solution',
    'reference',
    'target',
    'label',
    'gold',
    'output',
  ],
  id: ['id', 'unique_id', 'problem_id', 'question_id', 'task_id', 'uid', 'uuid', 'idx', 'index', 'extra_info.index'],
};

/** Other names, the likeliest first, of what rewards read by default (TinyZero's, and verl's layout of them). */
const OTHER_NAMES: ReadonlyMap<string, readonly string[]> = new Map([
  ['numbers', ['nums', 'reward_model.ground_truth.numbers']],
  ['target', ['reward_model.ground_truth.target']],
]);

/** What a reward reads by the name of a column, or by one of its other names; undefined when the row has none. */
export function rewardValue(values: Values, name: string): unknown {
  return [name, ...(OTHER_NAMES.get(name) ?? [])]
    .map((other) => columnValue(values, other))
    .find((value) => value !== undefined && value !== null);
}

/** Within an object these mean other things too: the letters of choices, what a test must give. */
const AMBIGUOUS: ReadonlySet<string> = new Set(['reference', 'target', 'label', 'output']);

/** Whether a column, or a path into one, has a usual name of labels; `extra_info.answer` has one. */
export function namesLabel(path: string): boolean {
  const whole = path.toLowerCase();
  const last = whole.slice(whole.lastIndexOf('.') + 1);
  return USUAL_NAMES.answer.includes(whole) || (USUAL_NAMES.answer.includes(last) && !AMBIGUOUS.has(last));
}

/**
 * A copy of a row without the columns and dotted paths that `leaves` says, at any depth of objects; an object that this
 * empties is left out. Lists are one value each.
 */
export function without(values: Values, leaves: (path: string, value: unknown) => boolean, parent = ''): Values {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]): [string, unknown][] => {
      const path = parent + name;
      if (leaves(path, value)) return [];
      if (!isObject(value) || Object.keys(value).length === 0) return [[name, value]];
      const inner = without(value, leaves, `${path}.`);
      return Object.keys(inner).length === 0 ? [] : [[name, inner]];
    }),
  );
}

function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** A value by its column's name; undefined when the row has no such column. Exact names win over dotted paths. */
export function columnValue(values: Values, name: string): unknown {
  if (Object.hasOwn(values, name)) return values[name];
  let value: unknown = values;
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Values)[part];
  }
  return value;
}

/**
 * The name, as the data spells it, of the first usual column that `values` has; null without one. An object is no
 * answer, though a path into it may be.
 */
export function usualName(values: Values, field: Field): string | null {
  const names = new Map(Object.keys(values).map((name) => [name.toLowerCase(), name]));
  for (const usual of USUAL_NAMES[field]) {
    const own = names.get(usual);
    const name = own ?? (usual.includes('.') ? usual : null);
    const value = name === null ? undefined : columnValue(values, name);
    if (own === undefined && value === undefined) continue;
    if (field !== 'answer' || !isObject(value)) return name;
  }
  return null;
}

export type Columns = Record<Field, string | null>;

/** The three columns of a data set, from the user's mapping and else by usual names in any of the first rows. */
export function findColumns(rows: readonly Values[], mapping: FieldMap): Columns {
  const merged: Values = Object.assign({}, ...rows.slice(0, 100).reverse());
  const find = (field: Field) => mapping[field] ?? usualName(merged, field);
  return { prompt: find('prompt'), answer: find('answer'), id: find('id') };
}

interface Message {
  role: string;
  content: string;
}

/**
 * Text of a prompt column: a string, or a chat (`[{role, content}]`), of which the system message and the rest are
 * taken. null when it is neither, or empty.
 */
export function promptOf(value: unknown): { system: string | null; text: string } | null {
  if (typeof value === 'number') return { system: null, text: String(value) };
  if (typeof value === 'string') return value.trim() === '' ? null : { system: null, text: value };
  if (!Array.isArray(value) || value.length === 0 || !value.every(isMessage)) return null;
  const system = value.find(({ role }) => role === 'system')?.content ?? null;
  const others = value.filter(({ role }) => role !== 'system');
  // one question is itself; a longer exchange is laid out by turns
  const text =
    others.length === 1 ? others[0]!.content : others.map(({ role, content }) => `${role}: ${content}`).join('\n\n');
  return text.trim() === '' ? null : { system, text };
}

function isMessage(value: unknown): value is Message {
  if (typeof value !== 'object' || value === null) return false;
  const { role, content } = value as Values;
  return typeof role === 'string' && typeof content === 'string';
}

/** A cell as text, for answers, ids and templates; null for nothing. A list of one is its item. */
export function cellText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value.trim() === '' ? null : value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value) && value.length === 1) return cellText(value[0]);
  return JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v));
}
