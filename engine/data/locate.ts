/** Where the problems stand in a document that is open in an editor, whole or just being edited. Pure: text in, lines out. */
import type { FieldMap } from '../protocol/config.ts';
import { cellText, columnValue, promptOf, usualName, type Values } from './fields.ts';
import { lineCounter, scanObjects } from './json-scan.ts';

export interface LocatedProblem {
  /** Position among the rows, as the engine counts them (blank lines are not rows). */
  row: number;
  /** First and last line, from 0. */
  line: number;
  endLine: number;
  id: string | null;
  hasPrompt: boolean;
}

/**
 * The rows of a JSONL or JSON document. Rows that are broken keep their place, with the id if it can still be read.
 * @param fields the user's names of columns
 * @param firstRow number of the text's first row, for a part of a larger document
 */
export function locateProblems(
  text: string,
  format: 'jsonl' | 'json',
  fields: FieldMap = {},
  firstRow = 0,
): LocatedProblem[] {
  return format === 'jsonl' ? inLines(text, fields, firstRow) : inList(text, fields, firstRow);
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
  return scanObjects(text).map(({ start, end }, i) => {
    const line = lineOf(start);
    return {
      row: firstRow + i,
      line,
      endLine: lineOf(Math.max(start, end - 1)),
      ...read(text.slice(start, end), fields),
    };
  });
}

function read(source: string, fields: FieldMap): { id: string | null; hasPrompt: boolean } {
  const values = parsed(source) ?? recovered(source);
  const promptName = fields.prompt ?? usualName(values, 'prompt');
  const idName = fields.id ?? usualName(values, 'id');
  return {
    id: idName === null ? null : cellText(columnValue(values, idName)),
    hasPrompt: promptName !== null && promptOf(columnValue(values, promptName)) !== null,
  };
}

function parsed(source: string): Values | null {
  try {
    const value: unknown = JSON.parse(source.replace(/^\uFEFF/, ''));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Values) : {};
  } catch {
    return null;
  }
}

/** What can still be read of a broken object: its pairs of a name and a string, a number or the beginning of a list. */
function recovered(source: string): Values {
  const values: Values = {};
  for (const [, name, value] of source.matchAll(
    /"([^"\\\n]{1,100})"\s*:\s*("(?:[^"\\\n]|\\.)*(?:"|$)|-?\d[\d.eE+-]*)/gm,
  )) {
    values[name!] ??= parsedScalar(value!);
  }
  return values;
}

function parsedScalar(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    return source.replace(/^"|"$/g, '');
  }
}
