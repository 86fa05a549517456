/** From a data file to problems and prompts. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { assetPath } from '../assets.ts';
import type { DatasetConfig } from '../protocol/config.ts';
import { EMBEDDED } from '../protocol/embedded.ts';
import { RollscopeError } from '../protocol/errors.ts';
import type { DataReading, Problem, Turn } from '../protocol/records.ts';
import { meansProblem, placeholders, render } from '../protocol/template.ts';
import { cellText } from '../protocol/values.ts';
import { type Asked, ChatFault, isMessage, laidOut, readPrompt } from './chat.ts';
import {
  type ChoiceColumns,
  type ChoiceNaming,
  type Choices,
  choiceColumns,
  choiceLabel,
  choiceNaming,
  showsChoices,
  withChoices,
} from './choices.ts';
import { checkColumns, list, readingOf } from './columns.ts';
import { columnValue, type DatasetColumns, type RowValues, withObjects } from './fields.ts';
import { keptColumns, type RewardColumns } from './kept.ts';
import { type Label, labelOf } from './labels.ts';
import { placeOfRow, type RowPlace } from './place.ts';
import { readTable, type TableRow } from './readers.ts';
import { splitReply } from './reply.ts';
import { RULE_COLUMN, ruleOf } from './rule.ts';

export type { RewardColumns };

/** A prompt before the chat template. */
export interface PromptParts {
  system?: string | undefined;
  /** Turns before the user's last one. */
  before?: Turn[] | undefined;
  /** The user's last turn, template filled in. */
  user: string;
  /** What the response continues. */
  prefill?: string | undefined;
}

export interface Dataset {
  problems: Problem[];
  /** What the model is asked, template filled in; parallel to `problems`. */
  prompts: string[];
  /** The same with the turns and the system message around it. */
  parts: PromptParts[];
  /** System message of the prompts, where they have one in common. */
  system?: string;
  /** SHA-256 (hexadecimal) over the problems, prompts and labels taken from the file, and over the mapping. */
  fingerprint: string;
  /** What a user should know, though it stops nothing. */
  warnings: string[];
  /** Which columns were taken for what. */
  reading: DataReading;
}

/** A row on its way to a problem. */
interface Reading {
  from: TableRow;
  /** Position among the rows of all files. */
  at: number;
  where: RowPlace;
  values: RowValues;
  asked: Asked | null;
  choices: Choices | null;
  label: Label | null;
  prefill: string | null;
  id: string;
}

/**
 * Reads a dataset; problems keep the columns that `kept` names.
 * Throws RollscopeError `dataset` that names file, line, column or field.
 */
export async function loadDataset(
  config: DatasetConfig,
  kept: RewardColumns = { required: [], optional: [] },
): Promise<Dataset> {
  const embedded = config.path === EMBEDDED;
  const source = embedded ? assetPath('engine', 'embedded', 'problems.jsonl') : config.path;
  const table = await readTable(source, { fields: config.fields, split: config.split });
  const tableRows = table.rows.map((row) => ({ ...row, values: withObjects(row.values) }));
  const values = tableRows.map((row) => row.values);
  const columns = checkColumns({ ...table, rows: values }, config);
  const choices = shownChoices(values, columns, config.template);
  const warnings = [...table.notes];

  const rows = tableRows.map((from, at) => readRow(from, at, { columns, choices, names: table.columns }));
  numberIds(rows, columns, config, warnings);
  const naming = nameChoices(rows, columns, warnings);
  splitReplies(rows, columns, warnings);

  const problems: Problem[] = [];
  const prompts: string[] = [];
  const parts: PromptParts[] = [];
  for (const row of chosen(rows, config, source)) {
    const text = questionOf(row, columns, config.template);
    const user = render(config.template, (name) =>
      meansProblem(name) ? text : (cellText(columnValue(row.values, name)) ?? missingCell(row.where, name)),
    );
    const label = row.label && row.choices && naming !== null ? choiceLabel(row.label, row.choices, naming) : row.label;
    problems.push({
      index: problems.length,
      id: row.id,
      ...conversation(row, row.asked === null ? user : text),
      answer: label?.answer ?? null,
      ...(label?.accepted && { accepted: label.accepted }),
      ...ruleOf(row.values, row.where),
      source: embedded ? EMBEDDED : row.from.file,
      row: row.from.row,
      line: row.from.line,
      ...keptColumns(row.values, kept, { columns, template: config.template, where: row.where }),
    });
    prompts.push(user);
    const { system = null, before = [] } = row.asked ?? {};
    parts.push({
      system: config.system ?? system ?? undefined,
      ...(before.length > 0 && { before }),
      user,
      ...(row.prefill !== null && { prefill: row.prefill }),
    });
  }
  const reading = readingOf({
    source: embedded ? EMBEDDED : source,
    names: table.columns,
    problems: problems.length,
    columns,
    labeled: rows.some(({ label }) => label !== null),
    shown: [
      ...placeholders(config.template).filter((name) => !meansProblem(name)),
      ...(choices?.columns ?? []),
      ...(problems.some(({ rule }) => rule !== undefined) ? [RULE_COLUMN] : []),
      ...(inputColumn(columns, values, config.template) ?? []),
    ],
    kept,
  });
  return finish(config, { columns, problems, prompts, parts, warnings, reading, rows });
}

interface Found {
  columns: DatasetColumns;
  problems: Problem[];
  prompts: string[];
  parts: PromptParts[];
  warnings: string[];
  reading: DataReading;
  rows: readonly Reading[];
}

function finish(config: DatasetConfig, found: Found): Dataset {
  const { columns, problems, prompts, parts, warnings, reading, rows } = found;
  const labeled = problems.filter(({ answer }) => answer !== null).length;
  if (labeled > 0 && labeled < problems.length) {
    warnings.push(
      `${problems.length - labeled} of ${problems.length} problems have no reference answer: accuracy is measured on the others.`,
    );
  }
  if (labeled === 0 && (columns.answer !== null || reading.left.length > 0)) {
    const why = columns.answer === null ? 'No column of answers was found' : `The column "${columns.answer}" is empty`;
    const others =
      reading.left.length === 0
        ? ''
        : ` Not used: ${list(reading.left)}; one that has the answers can be named (--answer-field, or rollscope.fields in the editor).`;
    warnings.push(`${why}: accuracy is not measured.${others}`);
  }
  const several = problems.filter(({ accepted }) => accepted).length;
  const choosing = rows.some(({ choices }) => choices !== null);
  if (several > 0 && !choosing) {
    warnings.push(
      `${several} of ${problems.length} problems have several reference answers: a response that equals any of them is correct.`,
    );
  }
  const systems = new Set(rows.map(({ asked }) => asked?.system ?? null));
  const own = [...systems].filter((s) => s !== null);
  if (config.system !== undefined && own.some((s) => s !== config.system)) {
    warnings.push('The system messages in the data are overridden by the given one.');
  }
  const repeated = prompts.length - new Set(parts.map((part) => JSON.stringify(part))).size;
  if (repeated > 0) warnings.push(`${repeated} of ${prompts.length} problems are duplicates.`);
  const system = config.system ?? (systems.size === 1 ? own[0] : undefined);
  const hash = createHash('sha256');
  // as earlier versions computed it, with what they did not know behind
  hash.update(JSON.stringify({ columns, template: config.template, system: system ?? null }));
  problems.forEach(({ id, text, answer, row, columns: read, accepted, messages, rule }, i) => {
    hash.update(JSON.stringify([row, id, text, answer, prompts[i]]));
    if (read) hash.update(JSON.stringify(read));
    if (rule !== undefined) hash.update(JSON.stringify({ rule }));
    const alone = system === undefined ? parts[i]!.system : undefined;
    if (accepted || messages || alone !== undefined) hash.update(JSON.stringify({ accepted, messages, system: alone }));
  });
  return {
    ...{ problems, prompts, parts, warnings, reading },
    ...(system !== undefined && { system }),
    fingerprint: hash.digest('hex'),
  };
}

function readRow(
  from: TableRow,
  at: number,
  { columns, choices, names }: { columns: DatasetColumns; choices: ChoiceColumns | null; names: readonly string[] },
): Reading {
  const { values } = from;
  const where = placeOfRow(from.file, from.line, from.row);
  let asked: Asked | null = null;
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
    label: columns.answer === null ? null : labelOf(columnValue(values, columns.answer)),
    id: (columns.id && cellText(columnValue(values, columns.id))) ?? String(at),
  };
}

/** The question of a row with what belongs to it: Alpaca's `input`, and choices that it does not show. */
function questionOf({ values, asked, choices }: Reading, columns: DatasetColumns, template: string): string {
  if (asked === null) return '';
  const [input] = inputColumn(columns, [values], template) ?? [];
  const more = input === undefined ? null : cellText(columnValue(values, input));
  const question = more === null ? asked.question : `${asked.question}\n\n${more}`;
  return choices === null || showsChoices(question, choices) ? question : withChoices(question, choices);
}

/** Alpaca's instructions have what they are about in a column of its own. */
function inputColumn({ prompt }: DatasetColumns, rows: readonly RowValues[], template: string): [string] | null {
  if (prompt?.toLowerCase() !== 'instruction') return null;
  const shown = placeholders(template);
  for (const values of rows) {
    for (const name of Object.keys(values)) {
      if (name.toLowerCase() === 'input' && !shown.includes(name) && cellText(values[name]) !== null) return [name];
    }
  }
  return null;
}

/** The choices of the rows, unless the template shows them. */
function shownChoices(rows: readonly RowValues[], columns: DatasetColumns, template: string): ChoiceColumns | null {
  const found = columns.prompt === null ? null : choiceColumns(rows);
  if (!found) return null;
  const shown = placeholders(template);
  const uses = (name: string) => shown.some((other) => other === name || other.startsWith(`${name}.`));
  const taken = [columns.prompt, columns.answer, columns.id];
  return found.columns.some((name) => uses(name) || taken.includes(name)) ? null : found;
}

function nameChoices(rows: readonly Reading[], columns: DatasetColumns, warnings: string[]): ChoiceNaming | null {
  if (!rows.some(({ choices, label }) => choices && label)) return null;
  const naming = choiceNaming(rows);
  if (naming === null) {
    warnings.push(
      `The answers in "${columns.answer}" do not all name one of the choices by letter, text or number: they are compared as they are.`,
    );
  } else if (typeof naming === 'number') {
    warnings.push(
      `The answers in "${columns.answer}" are taken as numbers of choices, from ${naming}: ${naming} is A. A response may name the letter or the text of the choice.`,
    );
  }
  return naming;
}

/** What an assistant says behind the question is left out where it is the solution, and continued where it is a beginning. */
function splitReplies(rows: readonly Reading[], columns: DatasetColumns, warnings: string[]): void {
  let solutions = 0;
  let labels = 0;
  let beginnings = 0;
  for (const row of rows) {
    const reply = row.asked?.reply ?? null;
    if (reply === null || reply.trim() === '') continue;
    const { prefill, label } = splitReply(reply, columns.prompt!, row.label);
    row.prefill = prefill;
    if (prefill !== null) beginnings++;
    else solutions++;
    if (prefill === null && columns.answer === null && label !== null) {
      row.label = label;
      labels++;
    }
  }
  if (solutions > 0) {
    const use = labels > 0 ? `, and ${labels} of them give the reference answer` : '';
    warnings.push(
      `${solutions} of ${rows.length} chats in "${columns.prompt}" end with a turn of the assistant: it is not shown to the model${use}.`,
    );
  }
  if (beginnings > 0) {
    warnings.push(
      `${beginnings} of ${rows.length} chats in "${columns.prompt}" end with the beginning of a turn of the assistant: responses continue it.`,
    );
  }
}

/** Unless the user chose the column, ids that repeat are replaced by numbers. */
function numberIds(rows: readonly Reading[], columns: DatasetColumns, config: DatasetConfig, warnings: string[]): void {
  const rowOfId = new Map<string, Reading>();
  for (const row of rows) {
    const earlier = rowOfId.get(row.id);
    if (!earlier) {
      rowOfId.set(row.id, row);
      continue;
    }
    const { text, facts } = row.where;
    const { file, line, row: number } = earlier.from;
    const places = `${text}: the id "${row.id}" is already used at ${placeOfRow(path.basename(file), line, number).text}`;
    if (config.fields.id !== undefined) {
      throw new RollscopeError(
        'dataset',
        `${places}.`,
        `Make the values of "${columns.id}" unique, choose another id column, or number the rows (--id-field none).`,
        { details: { reason: 'duplicate-id', ...facts, value: row.id, firstLine: line } },
      );
    }
    warnings.push(`${places}: problems are numbered from 0 instead of by "${columns.id}".`);
    columns.id = null;
    for (const one of rows) one.id = String(one.at);
    return;
  }
}

function chosen(rows: readonly Reading[], config: DatasetConfig, source: string): readonly Reading[] {
  const wanted = config.ids && new Set(config.ids);
  if (wanted) checkIds(source, wanted, rows);
  const own = wanted ? rows.filter(({ id }) => wanted.has(id)) : rows;
  return config.limit === undefined ? own : own.slice(0, config.limit);
}

/** The problem's own text, and its turns where it is more than a question. */
function conversation({ asked, prefill }: Reading, question: string): Pick<Problem, 'text' | 'messages'> {
  const before = asked?.before ?? [];
  const turns: Turn[] = [...before, { role: 'user', content: question }];
  const text = before.length === 0 ? question : laidOut(turns);
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
    `Give the row a problem or remove it. The columns are ${list(columns)}.`,
    { details: { reason: 'no-prompt', ...where.facts, field: column, state } },
  );
}

function missingCell(where: RowPlace, name: string): never {
  throw new RollscopeError(
    'dataset',
    `${where.text}: the template uses "${name}", which this row lacks.`,
    'Add a value, or remove it from the template.',
    { details: { reason: 'missing-cell', ...where.facts, field: name } },
  );
}

function checkIds(file: string, wanted: ReadonlySet<string>, rows: readonly Reading[]): void {
  const found = new Set(rows.map(({ id }) => id));
  const missing = [...wanted].filter((id) => !found.has(id));
  if (missing.length > 0) {
    throw new RollscopeError(
      'dataset',
      `${file} has no problem with the id ${list(missing)}.`,
      `Its first ids are ${list([...found].slice(0, 5))}.`,
      { details: { reason: 'unknown-id', file, value: missing } },
    );
  }
}
