/** Reads one row of a data file: its question, choices, label and id. */
import { RollscopeError } from '../protocol/errors.ts';
import type { Problem, Turn } from '../protocol/problem.ts';
import { isProblemPlaceholder, placeholders, render } from '../protocol/template.ts';
import { cellText, isObject } from '../protocol/values.ts';
import { type CellQuestion, ChatFault, isMessage, readPrompt, turnsText } from './chat.ts';
import { type ChoiceColumns, type Choices, showsChoices, withChoices } from './choices.ts';
import { columnList } from './columns.ts';
import { columnValue, type DatasetColumns, type RowValues } from './fields.ts';
import { type Label, LabelFault, labelOf } from './labels.ts';
import { placeOfRow, type RowPlace } from './place.ts';
import type { TableRow } from './readers.ts';

/** A row before it becomes a problem. */
export interface ReadRow {
  from: TableRow;
  /** Index among the rows of all files. */
  at: number;
  where: RowPlace;
  values: RowValues;
  asked: CellQuestion | null;
  choices: Choices | null;
  label: Label | null;
  prefill: string | null;
  id: string;
}

/**
 * Reads a row. Throws RollscopeError `dataset`, with file and line, for a row without a usable problem or label.
 * @param at index of the row among all rows, from 0
 */
export function readRow(
  from: TableRow,
  at: number,
  { columns, choices, names }: { columns: DatasetColumns; choices: ChoiceColumns | null; names: readonly string[] },
): ReadRow {
  const { values } = from;
  const where = placeOfRow(from.file, from.line, from.row);
  let asked: CellQuestion | null = null;
  if (columns.prompt !== null) {
    const cell = columnValue(values, columns.prompt);
    try {
      asked = readPrompt(cell);
    } catch (error) {
      if (!(error instanceof ChatFault)) throw error;
      throw new RollscopeError(
        'dataset',
        `${where.text}: "${columns.prompt}" ${error.message}.`,
        'Write it as [{"role": "user", "content": "..."}], or name another column (--problem-field).',
        { details: { reason: 'bad-chat', ...where.facts, field: columns.prompt, fault: error.message } },
      );
    }
    if (!asked) throw noPrompt(where, columns.prompt, cell, names);
  }
  return {
    ...{ from, at, where, values, asked, prefill: null },
    choices: choices?.of(values) ?? null,
    label: columns.answer === null ? null : labelIn(values, columns.answer, where),
    id: (columns.id && cellText(columnValue(values, columns.id))) ?? String(at),
  };
}

function labelIn(values: RowValues, column: string, where: RowPlace): Label | null {
  try {
    return labelOf(columnValue(values, column));
  } catch (error) {
    if (!(error instanceof LabelFault)) throw error;
    throw new RollscopeError(
      'dataset',
      `${where.text}: "${column}" ${error.message}.`,
      'Give a problem fewer answers, or name another column (--answer-field).',
      { details: { reason: 'bad-label', ...where.facts, field: column, fault: error.message } },
    );
  }
}

/** The question of a row, with Alpaca's `input`, and with its choices unless it already contains them. */
export function questionOf({ values, asked, choices }: ReadRow, columns: DatasetColumns, template: string): string {
  if (asked === null) return '';
  const [input] = inputColumn(columns, [values], template) ?? [];
  const more = input === undefined ? null : cellText(columnValue(values, input));
  const question = more === null ? asked.question : `${asked.question}\n\n${more}`;
  return choices === null || showsChoices(question, choices) ? question : withChoices(question, choices);
}

/** The column `input` of Alpaca datasets, which belongs to `instruction`; null if absent or shown by the template. */
export function inputColumn({ prompt }: DatasetColumns, rows: readonly RowValues[], template: string): [string] | null {
  if (prompt?.toLowerCase() !== 'instruction') return null;
  const shown = placeholders(template);
  for (const values of rows) {
    for (const name of Object.keys(values)) {
      if (name.toLowerCase() === 'input' && !shown.includes(name) && cellText(values[name]) !== null) return [name];
    }
  }
  return null;
}

/** The prompt of a row: the template filled with its question and other columns. */
export function renderedPrompt({ values, where }: ReadRow, question: string, template: string): string {
  return render(template, (name) =>
    isProblemPlaceholder(name) ? question : (cellText(columnValue(values, name)) ?? missingCell(where, name)),
  );
}

/** The problem's text, and its turns if there are several. */
export function conversation({ asked, prefill }: ReadRow, question: string): Pick<Problem, 'text' | 'messages'> {
  const before = asked?.before ?? [];
  const turns: Turn[] = [...before, { role: 'user', content: question }];
  const text = before.length === 0 ? question : turnsText(turns);
  if (before.length === 0 && prefill === null) return { text };
  return { text, messages: prefill === null ? turns : [...turns, { role: 'assistant', content: prefill }] };
}

function noPrompt(where: RowPlace, column: string, value: unknown, columns: readonly string[]): RollscopeError {
  const state =
    value === undefined || value === null
      ? 'missing'
      : typeof value === 'string' || (Array.isArray(value) && (value.length === 0 || value.some(isMessage)))
        ? 'empty'
        : 'neither a string nor a chat ([{"role", "content"}])';
  return new RollscopeError(
    'dataset',
    `${where.text}: the row has no problem: "${column}" is ${state}.`,
    `${partsOf(column, value)}Give the row a problem or remove it. The columns are ${columnList(columns)}.`,
    { details: { reason: 'no-prompt', ...where.facts, field: column, state } },
  );
}

/** A hint that names a field of an object that may be the problem. */
function partsOf(column: string, value: unknown): string {
  const parts = isObject(value) ? Object.keys(value).filter((name) => typeof value[name] === 'string') : [];
  return parts.length === 0 ? '' : `Name a part of it (--problem-field ${column}.${parts[0]}). `;
}

function missingCell(where: RowPlace, name: string): never {
  throw new RollscopeError(
    'dataset',
    `${where.text}: the template uses "${name}", which this row lacks.`,
    'Add a value, or remove it from the template.',
    { details: { reason: 'missing-cell', ...where.facts, field: name } },
  );
}
