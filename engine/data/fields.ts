/** Finds the columns of the problem, the answer and the id. */
import type { FieldMap } from '../protocol/config.ts';
import { isObject } from '../protocol/values.ts';
import { valueOfText } from './chat.ts';

export type RowValues = Record<string, unknown>;
export type Field = 'prompt' | 'answer' | 'id';

/** Common column names, the likeliest first; a dot reaches into a nested object (verl stores labels in `reward_model`). */
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

/** Aliases, the likeliest first, of columns that rewards read by default (TinyZero's names, and verl's layout of them). */
const OTHER_NAMES: ReadonlyMap<string, readonly string[]> = new Map([
  ['numbers', ['nums', 'reward_model.ground_truth.numbers']],
  ['target', ['reward_model.ground_truth.target']],
]);

/** The value that a reward reads by a column's name or one of its aliases; undefined if the row has none. */
export function rewardValue(values: RowValues, name: string): unknown {
  return [name, ...(OTHER_NAMES.get(name) ?? [])]
    .map((other) => columnValue(values, other))
    .find((value) => value !== undefined && value !== null);
}

/** Inside objects these names are ambiguous: the letters of choices, the expected output of a test. */
const AMBIGUOUS: ReadonlySet<string> = new Set(['reference', 'target', 'label', 'output']);

/** Whether a column, or a path into one, has a common name of labels; `extra_info.answer` does. */
export function namesLabel(path: string): boolean {
  const whole = path.toLowerCase();
  const last = whole.slice(whole.lastIndexOf('.') + 1);
  return USUAL_NAMES.answer.includes(whole) || (USUAL_NAMES.answer.includes(last) && !AMBIGUOUS.has(last));
}

/**
 * A copy of a row without the columns and dotted paths for which `leaves` returns true, at any depth of objects, and
 * without objects that this empties. A list counts as one value.
 */
export function withoutColumns(
  values: RowValues,
  leaves: (path: string, value: unknown) => boolean,
  parent = '',
): RowValues {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]): [string, unknown][] => {
      const path = parent + name;
      if (leaves(path, value)) return [];
      if (!hasColumns(value) || Object.keys(value).length === 0) return [[name, value]];
      const inner = withoutColumns(value, leaves, `${path}.`);
      return Object.keys(inner).length === 0 ? [] : [[name, inner]];
    }),
  );
}

/** Whether a value is an object with fields; a date from a Parquet file is not. */
function hasColumns(value: unknown): value is RowValues {
  return isObject(value) && !(value instanceof Date);
}

/** Columns that contain an object, or its text in formats without objects. */
const OBJECTS: ReadonlySet<string> = new Set(['reward_model', 'extra_info']);

/** A row with the objects parsed that were written as text. */
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

/** A value by column name; undefined if the row has no such column. Exact names take precedence over dotted paths. */
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
 * The name, as spelled in the data, of the first common column that `values` has; null if there is none. An object is not
 * an answer, though a path into it may be.
 */
export function usualName(values: RowValues, field: Field): string | null {
  // `Correct Answer` matches `correct_answer`
  const spelled = Object.keys(values).map((name) => [name.toLowerCase().replace(/[\s-]/g, '_'), name] as const);
  const names = new Map([...spelled, ...Object.keys(values).map((name) => [name.toLowerCase(), name] as const)]);
  for (const usual of USUAL_NAMES[field]) {
    const own = names.get(usual);
    const name = own ?? (usual.includes('.') ? usual : null);
    const value = name === null ? undefined : columnValue(values, name);
    if (own === undefined && value === undefined) continue;
    // with other values the column states whether a response was correct
    if (usual === 'correct' && !/^\(?[A-Z]\)?$/.test(String(value))) continue;
    if (field !== 'answer' || !hasColumns(value) || Array.isArray(value.aliases)) return name;
  }
  return null;
}

export type DatasetColumns = Record<Field, string | null>;

/** As the name of the id column: number the problems. */
export const NO_IDS = 'none';

/** The three columns of a dataset, from the user's mapping, or else by common names in any of the first rows. */
export function findColumns(rows: readonly RowValues[], mapping: FieldMap): DatasetColumns {
  // not by assignment, which treats a column named __proto__ differently
  const merged: RowValues = Object.fromEntries(rows.slice(0, 100).reverse().flatMap(Object.entries));
  const find = (field: Field) => mapping[field] ?? usualName(merged, field);
  const id = find('id');
  return { prompt: find('prompt'), answer: find('answer'), id: id === NO_IDS && !(id in merged) ? null : id };
}
