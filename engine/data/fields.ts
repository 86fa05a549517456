/** Which column is the problem, which the answer, which the id. */
import type { FieldMap } from '../protocol/config.ts';
import { isObject } from '../protocol/values.ts';
import { valueOfText } from './chat.ts';

export type RowValues = Record<string, unknown>;
export type Field = 'prompt' | 'answer' | 'id';

/** Usual names, the likeliest first; a dot reaches into a nested object (verl keeps labels in `reward_model`). */
export const USUAL_NAMES: Record<Field, readonly string[]> = {
  prompt: [
    'prompt',
    'question',
    'problem',
    'query',
    'instruction',
    'messages',
    'conversations',
    'conversation',
    'chat',
    'input',
    'problem_statement',
    'task',
  ],
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
    'correct_answer',
    'correct_answers',
    'answers',
    'answers.text',
    'golden_answers',
    'possible_answers',
    'accepted_answers',
    'answerkey',
    'answer_key',
    'answer_idx',
    'answer_index',
    'correct_option',
    'correct_choice',
    'correct',
  ],
  id: ['id', 'unique_id', 'problem_id', 'question_id', 'task_id', 'uid', 'uuid', 'idx', 'index', 'extra_info.index'],
};

/** Other names, the likeliest first, of what rewards read by default (TinyZero's, and verl's layout of them). */
const OTHER_NAMES: ReadonlyMap<string, readonly string[]> = new Map([
  ['numbers', ['nums', 'reward_model.ground_truth.numbers']],
  ['target', ['reward_model.ground_truth.target']],
]);

/** What a reward reads by the name of a column, or by one of its other names; undefined when the row has none. */
export function rewardValue(values: RowValues, name: string): unknown {
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
export function without(values: RowValues, leaves: (path: string, value: unknown) => boolean, parent = ''): RowValues {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]): [string, unknown][] => {
      const path = parent + name;
      if (leaves(path, value)) return [];
      if (!hasColumns(value) || Object.keys(value).length === 0) return [[name, value]];
      const inner = without(value, leaves, `${path}.`);
      return Object.keys(inner).length === 0 ? [] : [[name, inner]];
    }),
  );
}

/** Dates of Parquet files are values. */
function hasColumns(value: unknown): value is RowValues {
  return isObject(value) && !(value instanceof Date);
}

/** Columns that hold an object, or its text where a table could not hold one. */
const OBJECTS: ReadonlySet<string> = new Set(['reward_model', 'extra_info']);

/** A row whose objects were written as text, with the objects. */
export function withObjects(values: RowValues): RowValues {
  const written = (name: string, value: unknown): value is string =>
    OBJECTS.has(name) && typeof value === 'string' && /^\s*\{/.test(value);
  if (!Object.entries(values).some(([name, value]) => written(name, value))) return values;
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const object = written(name, value) ? valueOfText(value) : undefined;
      return [name, hasColumns(object) ? object : value];
    }),
  );
}

/** A value by its column's name; undefined when the row has no such column. Exact names win over dotted paths. */
export function columnValue(values: RowValues, name: string): unknown {
  if (Object.hasOwn(values, name)) return values[name];
  let value: unknown = values;
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as RowValues)[part];
  }
  return value;
}

/**
 * The name, as the data spells it, of the first usual column that `values` has; null without one. An object is no
 * answer, though a path into it may be.
 */
export function usualName(values: RowValues, field: Field): string | null {
  // `Correct Answer` is `correct_answer`
  const spelled = Object.keys(values).map((name) => [name.toLowerCase().replace(/[\s-]/g, '_'), name] as const);
  const names = new Map([...spelled, ...Object.keys(values).map((name) => [name.toLowerCase(), name] as const)]);
  for (const usual of USUAL_NAMES[field]) {
    const own = names.get(usual);
    const name = own ?? (usual.includes('.') ? usual : null);
    const value = name === null ? undefined : columnValue(values, name);
    if (own === undefined && value === undefined) continue;
    // elsewhere it says whether something was right
    if (usual === 'correct' && !/^\(?[A-Z]\)?$/.test(String(value))) continue;
    if (field !== 'answer' || !hasColumns(value) || Array.isArray(value.aliases)) return name;
  }
  return null;
}

export type DatasetColumns = Record<Field, string | null>;

/** Says, as the name of the id column, that problems are numbered. */
export const NO_IDS = 'none';

/** The three columns of a dataset, from the user's mapping and else by usual names in any of the first rows. */
export function findColumns(rows: readonly RowValues[], mapping: FieldMap): DatasetColumns {
  // not by assignment, to which a column named __proto__ would be something else
  const merged: RowValues = Object.fromEntries(rows.slice(0, 100).reverse().flatMap(Object.entries));
  const find = (field: Field) => mapping[field] ?? usualName(merged, field);
  const id = find('id');
  return { prompt: find('prompt'), answer: find('answer'), id: id === NO_IDS && !(id in merged) ? null : id };
}
