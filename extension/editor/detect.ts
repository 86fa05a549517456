/** Detects problem files from the beginning of their text. Pure. */
import path from 'node:path';
import { columnValue, type RowValues, USUAL_NAMES, usualName } from '../../engine/data/fields.ts';
import { readJson } from '../../engine/data/json.ts';
import { hasPrompt } from '../../engine/data/json-rows.ts';
import { firstSource, recoverValues } from '../../engine/data/locate.ts';
import type { FieldMap } from '../../engine/protocol/index.ts';
import { isObject } from '../../engine/protocol/values.ts';

export type ProblemFormat = 'jsonl' | 'json' | 'csv' | 'parquet';

const FORMATS: Record<string, ProblemFormat> = {
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.json': 'json',
  '.csv': 'csv',
  '.tsv': 'csv',
  '.parquet': 'parquet',
};
/** Without the dot. */
export const PROBLEM_EXTENSIONS = Object.keys(FORMATS).map((extension) => extension.slice(1));

/** The number of characters that `looksLikeProblems` needs; it needs more if the first object is longer (`isTruncated`). */
export const HEAD_LENGTH = 8192;
export const LONG_HEAD_LENGTH = 1 << 20;

/** The format according to the file's name; null for other files. */
export function formatOf(file: string): ProblemFormat | null {
  return FORMATS[path.extname(file).toLowerCase()] ?? null;
}

/**
 * Whether the head of a file starts with problems: objects or a table with a column of a usual name, or of the name in
 * `fields`. Parquet is binary and is accepted by its file name.
 */
export function looksLikeProblems(head: string, format: ProblemFormat, fields: FieldMap = {}): boolean {
  switch (format) {
    case 'parquet':
      return true;
    case 'csv': {
      const names = fields.prompt ? [fields.prompt] : USUAL_NAMES.prompt;
      const text = head.replace(/^\uFEFF/, '').replace(/^sep=.\r?\n/i, '');
      const header = text.split(/\r?\n/, 1)[0]!;
      const columns = header.split(/[,;|\t]/).map((cell) => cell.trim().replace(/^["']|["']$/g, ''));
      return columns.some((column) => names.some((name) => name.toLowerCase() === column.toLowerCase()));
    }
    default:
      return objectsLookLikeProblems(head, format, fields);
  }
}

/** Columns of problems whose names mean something else in other files: a task of the editor, an input of a bundler. */
const WEAK: ReadonlySet<string> = new Set(['task', 'input', 'query', 'chat', 'conversation']);
/** Columns of answers whose names occur in no other kind of file. */
const ANSWERS: ReadonlySet<string> = new Set(
  USUAL_NAMES.answer.filter((name) => !['label', 'output', 'target', 'reference', 'answers'].includes(name)),
);

function objectsLookLikeProblems(head: string, format: 'jsonl' | 'json', fields: FieldMap): boolean {
  const first = firstObject(head, format, fields);
  if (!first) return false;
  const { values, open } = first;
  if (!hasPrompt(values, fields)) return open !== null && fields.prompt === undefined && open >= LONG_FIELD_LENGTH;
  const name = fields.prompt ?? usualName(values, 'prompt')!;
  if (fields.prompt !== undefined || !WEAK.has(name.toLowerCase())) return true;
  const prompt = columnValue(values, name);
  if (Array.isArray(prompt)) return true;
  if (Object.keys(values).some((other) => ANSWERS.has(other.toLowerCase()))) return true;
  // A sentence or a sum, with what may be its answer; not the name of a script or the path of a file.
  return (
    usualName(values, 'answer') !== null && !isNameOrPath(String(prompt)) && !('command' in values || 'type' in values)
  );
}

function isNameOrPath(text: string): boolean {
  return /^[\w@./\\:*-]*$/.test(text) && !/\d\s*[-+*/=]/.test(text);
}

/** The length, in characters, from which a field leaves no room in the head for the fields after it. */
const LONG_FIELD_LENGTH = 2000;

/**
 * The first object of the head, even if the head ends inside it; `open` is the length of the string in which the head
 * ends.
 */
function firstObject(
  head: string,
  format: 'jsonl' | 'json',
  fields: FieldMap,
): { values: RowValues; open: number | null } | null {
  const source = firstSource(head, format, fields);
  if (source === null) return null;
  try {
    const value = readJson(source);
    return isObject(value) ? { values: value, open: null } : null;
  } catch {
    const text = /:\s*"([^"\\]*(?:\\.[^"\\]*)*)$/s.exec(source);
    const open = head.length >= HEAD_LENGTH && text ? text[1]!.length : null;
    return { values: recoverValues(source), open };
  }
}

/** Whether the head ends within its first object, so that more of the file says more. */
export function isTruncated(head: string, format: ProblemFormat): boolean {
  if (format !== 'jsonl' && format !== 'json') return false;
  return head.length >= HEAD_LENGTH && (firstObject(head, format, {})?.open ?? null) !== null;
}
