/** Locates the problems in a document that is open in an editor, even while it is edited. Pure: text in, lines out. */
import type { FieldMap } from '../protocol/config.ts';
import { cellText } from '../protocol/values.ts';
import { columnValue, type RowValues, usualName } from './fields.ts';
import { readJson } from './json.ts';
import { beginsWithLine, hasPrompt } from './json-rows.ts';
import { lineCounter, listsIn, scanObjects } from './json-scan.ts';

export interface LocatedProblem {
  /** Row index as the engine counts it (blank lines are not rows). */
  row: number;
  /** First and last line, from 0. */
  line: number;
  endLine: number;
  id: string | null;
  hasPrompt: boolean;
}

/**
 * The rows of a JSONL or JSON document. Broken rows keep their position, and their id if it can still be read.
 * @param fields the user's column mapping
 * @param firstRow number of the text's first row, for a part of a larger document
 */
export function locateProblems(
  text: string,
  format: 'jsonl' | 'json',
  fields: FieldMap = {},
  firstRow = 0,
): LocatedProblem[] {
  const list = firstRow === 0 ? isList(text, format) : format === 'json';
  return list ? inList(text, fields, firstRow) : inLines(text, fields, firstRow);
}

/** Whether the rows are in a list: a .jsonl file may contain one, and a .json file may contain JSON Lines. */
function isList(text: string, format: 'jsonl' | 'json'): boolean {
  const bare = text.replace(/^\uFEFF/, '');
  return format === 'jsonl' ? /^\s*(?:\[|\{\s*\n)/.test(bare) : !beginsWithLine(bare);
}

/** The text of the first row, possibly incomplete; null if there is none. */
export function firstSource(text: string, format: 'jsonl' | 'json', fields: FieldMap): string | null {
  if (!isList(text, format)) return text.split('\n').find((line) => line.trim() !== '') ?? null;
  const [span] = scanObjects(text, listOfProblems(text, fields), 1);
  return span ? text.slice(span.start, span.end) : null;
}

function inLines(text: string, fields: FieldMap, firstRow: number): LocatedProblem[] {
  const problems: LocatedProblem[] = [];
  text.split('\n').forEach((content, line) => {
    if (content.replace(/^\uFEFF/, '').trim() === '') return;
    problems.push({ row: firstRow + problems.length, line, endLine: line, ...read(content, fields) });
  });
  return problems;
}

function inList(text: string, fields: FieldMap, firstRow: number): LocatedProblem[] {
  const lineOf = lineCounter(text);
  return scanObjects(text, listOfProblems(text, fields)).map(({ start, end }, i) => {
    const line = lineOf(start);
    return {
      row: firstRow + i,
      line,
      endLine: lineOf(Math.max(start, end - 1)),
      ...read(text.slice(start, end), fields),
    };
  });
}

/** Start of the first list, in the order of `listsIn`, whose first object has a problem; else of the first list. */
function listOfProblems(text: string, fields: FieldMap): number | undefined {
  const lists = listsIn(text);
  const found = lists.find(({ start }) =>
    scanObjects(text, start, 1).some(({ start: from, end }) => read(text.slice(from, end), fields).hasPrompt),
  );
  return (found ?? lists[0])?.start;
}

function read(source: string, fields: FieldMap): { id: string | null; hasPrompt: boolean } {
  const values = parsed(source) ?? recoverValues(source);
  const idName = fields.id ?? usualName(values, 'id');
  return {
    id: idName === null ? null : cellText(columnValue(values, idName)),
    hasPrompt: hasPrompt(values, fields),
  };
}

function parsed(source: string): RowValues | null {
  try {
    const value = readJson(source.replace(/^\uFEFF/, ''));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as RowValues) : {};
  } catch {
    return null;
  }
}

/** The readable parts of a broken object: names with a string, a number or the beginning of a chat. */
export function recoverValues(source: string): RowValues {
  const values = new Map<string, unknown>();
  for (const [, name, value] of source.matchAll(
    /"([^"\\\n]{1,100})"\s*:\s*("[^"\\\n]*(?:\\.[^"\\\n]*)*(?:"|$)|-?\d[\d.eE+-]*|\[\s*\{\s*"(?:role|from|content|value)")/gm,
  )) {
    if (!values.has(name!)) values.set(name!, value!.startsWith('[') ? BEGUN_CHAT : parsedScalar(value!));
  }
  return Object.fromEntries(values);
}

/** Placeholder for an incomplete chat. */
const BEGUN_CHAT = [{ role: 'user', content: '…' }];

function parsedScalar(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    return source.replace(/^"|"$/g, '');
  }
}
