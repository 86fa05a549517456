/** Rows of JSON Lines, and of JSON in the shapes that tools write: lists, objects of lists, tables by column. */

import type { FieldMap } from '../protocol/config.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { isObject } from '../protocol/values.ts';
import { promptOf } from './chat.ts';
import { detectFormat } from './detect-format.ts';
import { columnValue, type RowValues, usualName } from './fields.ts';
import { readJson } from './json.ts';
import { JsonError, parseJson } from './json-fault.ts';
import { lineCounter, listsIn, MAX_DEPTH, pathName, scanObjects } from './json-scan.ts';
import { mapInChunks } from './map-in-chunks.ts';
import type { FileRows, Row } from './rows.ts';
import { isSplit, noSplit, SPLITS } from './splits.ts';

const OBJECT_HINT = 'Each row is an object such as {"prompt": "1+1=", "answer": "2"}.';

/** Rows of JSON Lines; a list saved under such a file name is read as one. */
export async function jsonLinesRows(file: string, text: string, fields: FieldMap, split?: string): Promise<FileRows> {
  if (/^\s*\[/.test(text) || /^\s*\{\s*\n/.test(text)) {
    const document = parseWhole(text);
    if (document !== undefined) return documentRows(file, text, document, fields, split);
  }
  return { rows: await lineRows(file, text), notes: [] };
}

/** Rows of a JSON document; JSON Lines under such a file name (as `Dataset.to_json` writes them) are read, too. */
export async function jsonRows(file: string, text: string, fields: FieldMap, split?: string): Promise<FileRows> {
  try {
    return documentRows(file, text, parseJson(text), fields, split);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    if (beginsWithLine(text)) return { rows: await lineRows(file, text), notes: [] };
    const { offset, message } = error.fault;
    const before = text.slice(0, offset).split('\n');
    throw brokenJson(file, before.length, before.at(-1)!.length + 1, message, remedyFor(text));
  }
}

/** Whether the text is JSON Lines: the first line is an object by itself, and more text follows. */
export function beginsWithLine(text: string): boolean {
  const [first, rest] = splitFirst(text);
  return first.startsWith('{') && rest.trim() !== '' && isObject(parseWhole(first));
}

function splitFirst(text: string): [string, string] {
  const body = text.trimStart();
  const end = body.indexOf('\n');
  return end < 0 ? [body, ''] : [body.slice(0, end), body.slice(end)];
}

/** A text parsed as JSON; undefined if it is not JSON. */
function parseWhole(text: string): unknown {
  try {
    return readJson(text);
  } catch {
    return undefined;
  }
}

/** Lines end with \n only: strings may contain other separators, such as U+2028. */
async function lineRows(file: string, text: string): Promise<Row[]> {
  const rows: Row[] = [];
  await mapInChunks(text.split('\n'), (line, i) => {
    if (line.trim() === '') return;
    let value: unknown;
    try {
      value = parseJson(line);
    } catch (error) {
      const { offset, message } = (error as JsonError).fault;
      const hint =
        rows.length === 0 && /^\s*[[{]\s*$/.test(line)
          ? 'A .jsonl file has one object per line; pretty-printed JSON belongs in a .json file, as one list.'
          : remedyFor(line) || (rows.length === 0 ? remedyFor(text) : '');
      throw brokenJson(file, i + 1, offset + 1, message, hint);
    }
    if (!isObject(value)) {
      throw new RollscopeError('dataset', `${file}:${i + 1}: this row is not an object.`, OBJECT_HINT, {
        details: { reason: 'not-an-object', file, line: i + 1 },
      });
    }
    rows.push({ values: value, line: i + 1 });
  });
  return rows;
}

/** A hint for rows that no JSON library wrote. */
function remedyFor(text: string): string {
  const looks = detectFormat(text);
  return looks === null || looks.isJson ? '' : `It looks like ${looks.as}. ${looks.hint}`;
}

function brokenJson(file: string, line: number, column: number, message: string, hint: string): RollscopeError {
  const text = `${file}:${line}:${column}: broken JSON: ${message}.`;
  return new RollscopeError('dataset', text, hint || 'Correct this place in the file.', {
    details: { reason: 'broken-json', file, line, column, fault: message },
  });
}

/** A list that may contain the problems, with its name in the enclosing object. */
interface NamedList {
  name: string | null;
  list: unknown[];
}

function documentRows(file: string, text: string, document: unknown, fields: FieldMap, split?: string): FileRows {
  const lists = listsOf(document);
  const found = lists.filter(({ list }) => holdsProblems(list, fields));
  const ofSplit = split === undefined ? null : listOfSplit(file, found, split);
  const chosen = ofSplit ?? found[0] ?? lists.find(({ list }) => list.some(isObject));
  if (!found[0] && isObject(document)) {
    const tables = splitTables(document, fields);
    if (tables.length > 0) return tableOfSplit(file, tables, split);
    const table = tableRows(document, fields);
    if (table) return { rows: table.map((values) => ({ values, line: null })), notes: [] };
  }
  const { name, list } = chosen ?? lists[0] ?? { name: null, list: null };
  if (!list) {
    throw new RollscopeError(
      'dataset',
      `${file}: expected a list of problems, or an object that contains one.`,
      'Write [{"prompt": "...", "answer": "..."}, ...], or one object per line in a .jsonl file.',
      { details: { reason: 'no-list', file } },
    );
  }
  const bad = list.findIndex((value) => !isObject(value));
  if (bad >= 0) {
    throw new RollscopeError('dataset', `${file}: element ${bad} of the list is not an object.`, OBJECT_HINT, {
      details: { reason: 'not-an-object', file, element: bad },
    });
  }
  const notes = noteOthers(
    file,
    name,
    found.filter((other) => other !== chosen),
  );
  return { rows: listRows(text, name, list as RowValues[]), notes, ...(ofSplit ? { isDivided: true } : {}) };
}

/** Rows with their line numbers if the scan, which recognizes objects only, finds as many objects as there are rows. */
function listRows(text: string, name: string | null, list: readonly RowValues[]): Row[] {
  const open = listsIn(text).find((of) => of.name === name)?.start;
  const lineOf = lineCounter(text);
  const lines = open === undefined ? [] : scanObjects(text, open).map(({ start }) => lineOf(start) + 1);
  const known = lines.length === list.length;
  return list.map((values, i) => ({ values: unwrapped(values), line: known ? lines[i]! : null }));
}

/** The Hub's viewer wraps each row in an object: `{"row_idx": 0, "row": {...}}`. */
function unwrapped(values: RowValues): RowValues {
  return 'row_idx' in values && isObject(values.row) ? values.row : values;
}

function listsOf(document: unknown): NamedList[] {
  if (Array.isArray(document)) return [{ name: null, list: document }];
  if (!isObject(document)) return [];
  const lists: NamedList[] = [];
  const deeper: NamedList[] = [];
  const look = (within: RowValues, names: readonly string[]) => {
    for (const [key, value] of Object.entries(within)) {
      const path = [...names, key];
      if (Array.isArray(value)) (names.length === 0 ? lists : deeper).push({ name: pathName(path), list: value });
      else if (isObject(value) && path.length < MAX_DEPTH) look(value, path);
    }
  };
  look(document, []);
  return [...lists, ...deeper];
}

/** The list of the requested split; null if the lists are not splits. */
function listOfSplit(file: string, found: readonly NamedList[], asked: string): NamedList | null {
  const names = found.map(({ name }) => name ?? '');
  const last = names.map((name) => name.split('.').at(-1)!);
  const at = names.findIndex((name, i) => name === asked || isSplit(last[i]!, asked));
  if (at >= 0) return found[at]!;
  if (found.length < 2 && !last.some((name) => SPLITS.has(name.toLowerCase()))) return null;
  throw noSplit(file, asked, names);
}

/** Whether the first row has a problem. */
function holdsProblems(list: readonly unknown[], fields: FieldMap): boolean {
  return isObject(list[0]) && hasPrompt(unwrapped(list[0]), fields);
}

/** Whether a row has a problem in the mapped column, or under one of the common names. */
export function hasPrompt(values: RowValues, fields: FieldMap): boolean {
  const name = fields.prompt ?? usualName(values, 'prompt');
  return name !== null && promptOf(columnValue(values, name)) !== null;
}

/** A note on which of several parts with problems is read; [] if there is only one. */
function noteOthers(file: string, read: string | null, others: readonly { name: string | null }[]): string[] {
  if (others.length === 0) return [];
  const names = others.map(({ name }) => `"${name}"`).join(', ');
  return [`${file} has problems in "${read}" and in ${names}: those in "${read}" are read (--split).`];
}

/** A split in the form of a table, with its name. */
interface NamedTable {
  name: string;
  table: RowValues[];
}

/** The splits of `{"train": {"question": [...]}, "test": {...}}`; [] for anything else. */
function splitTables(document: RowValues, fields: FieldMap): NamedTable[] {
  const parts = Object.entries(document).filter(([name, value]) => isObject(value) && SPLITS.has(name.toLowerCase()));
  return parts.flatMap(([name, value]) => {
    const table = tableRows(value as RowValues, fields);
    return table ? [{ name, table }] : [];
  });
}

function tableOfSplit(file: string, tables: readonly NamedTable[], asked?: string): FileRows {
  const meant = asked === undefined ? tables[0] : tables.find(({ name }) => isSplit(name, asked));
  if (!meant) {
    throw noSplit(
      file,
      asked!,
      tables.map(({ name }) => name),
    );
  }
  const others = asked === undefined ? tables.filter((table) => table !== meant) : [];
  const notes = noteOthers(file, meant.name, others);
  const rows = meant.table.map((values) => ({ values, line: null }));
  return { rows, notes, ...(asked === undefined ? {} : { isDivided: true }) };
}

/** Tables as pandas and `Dataset.to_dict` write them: by column, by row, or split; null for anything else. */
function tableRows(document: RowValues, fields: FieldMap): RowValues[] | null {
  const { columns, data } = document;
  if (Array.isArray(columns) && Array.isArray(data) && data.every(Array.isArray)) {
    return data.map((row) => Object.fromEntries(columns.map((name, i) => [String(name), (row as unknown[])[i]])));
  }
  const name = fields.prompt ?? usualName(document, 'prompt');
  const own = name === null ? undefined : columnValue(document, name);
  if (name !== null && Array.isArray(own) && own.length > 0 && own.every((value) => promptOf(value) !== null)) {
    // A conversation is a list as well, but no other column has the same length.
    const equal = Object.entries(document).filter(([, value]) => Array.isArray(value) && value.length === own.length);
    const isChat = promptOf(own) !== null && equal.length === 1;
    if (!isChat)
      return own.map((_, i) => Object.fromEntries(equal.map(([key, value]) => [key, (value as unknown[])[i]])));
  }
  if (name !== null && isObject(own) && promptOf(own) === null) {
    return Object.keys(own).map((key) =>
      Object.fromEntries(
        Object.entries(document).map(([column, cells]) => [column, isObject(cells) ? cells[key] : null]),
      ),
    );
  }
  if (name !== null && promptOf(own) !== null) return [document];
  const rows = Object.values(document);
  return rows.length > 0 && rows.every((row) => isObject(row) && hasPrompt(row, fields)) ? (rows as RowValues[]) : null;
}
