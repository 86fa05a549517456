/** From a data file to problems and prompts. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { assetPath } from '../assets.ts';
import { referenceAnswer } from '../grading/extract.ts';
import type { DatasetConfig } from '../protocol/config.ts';
import { RollscopeError } from '../protocol/errors.ts';
import type { Problem } from '../protocol/records.ts';
import {
  type Columns,
  cellText,
  columnValue,
  type Field,
  findColumns,
  namesLabel,
  promptOf,
  rewardValue,
  USUAL_NAMES,
  without,
} from './fields.ts';
import { type Row, readTable, type Table } from './readers.ts';
import { meansProblem, placeholders, render } from './template.ts';

export interface Dataset {
  problems: Problem[];
  /** What the model is asked, template filled in; parallel to `problems`. */
  prompts: string[];
  /** System message of all prompts. */
  system?: string;
  /** SHA-256 (hexadecimal) over the problems, prompts and labels taken from the file, and over the mapping. */
  fingerprint: string;
  /** What a user should know, though it stops nothing. */
  warnings: string[];
}

const EMBEDDED = 'embedded';

/** Columns that the reward reads in addition to prompt, answer and id. */
export interface RewardColumns {
  /** Every row must have these. They state the problem: not even a usual name of labels keeps one from the reward. */
  required: readonly string[];
  /** `*` stands for all but the prompt and what may be a label. */
  optional: readonly string[];
}

/**
 * Reads a data set; problems keep the columns that `kept` names.
 * Throws RollscopeError `dataset` that names file, line, column or field.
 */
export async function loadDataset(
  config: DatasetConfig,
  kept: RewardColumns = { required: [], optional: [] },
): Promise<Dataset> {
  const file = config.path === EMBEDDED ? assetPath('engine', 'embedded', 'problems.jsonl') : config.path;
  const source = config.path === EMBEDDED ? EMBEDDED : file;
  const table = await readTable(file);
  const columns = checkColumns(file, table, config);
  const problems: Problem[] = [];
  const prompts: string[] = [];
  const systems = new Set<string | null>();
  const lineOfId = new Map<string, Row & { row: number }>();
  const wanted = config.ids && new Set(config.ids);
  for (const [row, { values, line }] of table.rows.entries()) {
    const where = place(file, line, row);
    const prompt = promptOf(columnValue(values, columns.prompt));
    if (!prompt) throw noPrompt(where, columns.prompt, columnValue(values, columns.prompt), table.columns);
    const id = (columns.id && cellText(columnValue(values, columns.id))) ?? String(row);
    const earlier = lineOfId.get(id);
    if (earlier) {
      throw new RollscopeError(
        'dataset',
        `${where.text}: the id "${id}" is already used at ${place(path.basename(file), earlier.line, earlier.row).text}.`,
        columns.id ? `Make the values of "${columns.id}" unique, or choose another id column.` : undefined,
        { details: { reason: 'duplicate-id', ...where.facts, value: id, firstLine: earlier.line } },
      );
    }
    lineOfId.set(id, { values, line, row });
    if (wanted && !wanted.has(id)) continue;
    if (!wanted && config.limit !== undefined && problems.length >= config.limit) continue;
    const label = columns.answer ? cellText(columnValue(values, columns.answer)) : null;
    problems.push({
      index: problems.length,
      id,
      text: prompt.text,
      answer: label === null ? null : referenceAnswer(label),
      source,
      row,
      line,
      ...keptColumns(values, kept, { columns, template: config.template, where }),
    });
    prompts.push(
      render(config.template, (name) =>
        meansProblem(name) ? prompt.text : (cellText(columnValue(values, name)) ?? missingCell(where, name)),
      ),
    );
    systems.add(prompt.system);
  }
  checkIds(file, wanted, lineOfId);
  const taken = config.limit === undefined || !wanted ? problems.length : Math.min(config.limit, problems.length);
  return finish(config, columns, problems.slice(0, taken), prompts.slice(0, taken), systems);
}

function finish(
  config: DatasetConfig,
  columns: Columns,
  problems: Problem[],
  prompts: string[],
  systems: ReadonlySet<string | null>,
): Dataset {
  const warnings: string[] = [];
  const labeled = problems.filter(({ answer }) => answer !== null).length;
  if (labeled > 0 && labeled < problems.length) {
    warnings.push(
      `${problems.length - labeled} of ${problems.length} problems have no reference answer: accuracy is measured on the others.`,
    );
  }
  const found = [...systems].filter((s) => s !== null);
  if (config.system === undefined && systems.size > 1) {
    warnings.push('The problems have different system messages; the first is used for all.');
  } else if (config.system !== undefined && found.some((s) => s !== config.system)) {
    warnings.push('The system messages in the data are overridden by the given one.');
  }
  const repeated = prompts.length - new Set(prompts).size;
  if (repeated > 0) warnings.push(`${repeated} of ${prompts.length} problems are duplicates.`);
  const system = config.system ?? found[0];
  const hash = createHash('sha256');
  hash.update(JSON.stringify({ columns, template: config.template, system: system ?? null }));
  problems.forEach(({ id, text, answer, row, columns: read }, i) => {
    hash.update(JSON.stringify([row, id, text, answer, prompts[i]]));
    if (read) hash.update(JSON.stringify(read));
  });
  return { problems, prompts, ...(system !== undefined && { system }), fingerprint: hash.digest('hex'), warnings };
}

/**
 * The columns of a row that its reward reads, by the names that it reads them by. The label is among them only where the
 * reward requires it, or names it and the template shows it to the model: then it is part of the problem.
 */
function keptColumns(
  values: Row['values'],
  { required, optional }: RewardColumns,
  { columns: { prompt, answer }, template, where }: { columns: Columns; template: string; where: Place },
): Pick<Problem, 'columns'> {
  const found: NonNullable<Problem['columns']> = {};
  const keep = (name: string, value: unknown) => {
    if (value !== undefined && value !== null) found[name] = JSON.parse(JSON.stringify(value, plainNumber));
  };
  for (const name of required) {
    const value = rewardValue(values, name);
    if (value === undefined) {
      throw new RollscopeError(
        'dataset',
        `${where.text}: the reward reads the column "${name}", which this row lacks.`,
        'Add a value, set another column in the options of the reward, or choose another reward.',
        { details: { reason: 'missing-cell', ...where.facts, field: name } },
      );
    }
    keep(name, value);
  }
  // a path into a list takes the whole list along
  const isLabel = (path: string, value: unknown) =>
    path === answer || (Array.isArray(value) && answer?.startsWith(`${path}.`) === true);
  const shown = placeholders(template);
  const others = optional.filter((name) => name !== '*' && name !== prompt && !required.includes(name));
  if (others.length > 0) {
    const open = without(values, isLabel);
    for (const name of others) keep(name, columnValue(shown.includes(name) ? values : open, name));
  }
  if (optional.includes('*')) {
    const open = without(values, (path, value) => isLabel(path, value) || namesLabel(path));
    for (const [name, value] of Object.entries(open)) {
      if (name !== prompt && !Object.hasOwn(found, name)) keep(name, value);
    }
  }
  return Object.keys(found).length > 0 ? { columns: found } : {};
}

/** Parquet's 64-bit whole numbers, which JSON does not know. */
function plainNumber(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}

/** A row's place, for people and for programs. */
interface Place {
  /** `file:12`, or `file, row 12` in binary files. */
  text: string;
  /** The line is null in binary files; rows are counted from 1. */
  facts: { file: string; line: number | null; row: number };
}

function place(file: string, line: number | null, row: number): Place {
  const text = line === null ? `${file}, row ${row + 1}` : `${file}:${line}`;
  return { text, facts: { file, line, row: row + 1 } };
}

/** Columns that exist, for the three fields and in the template. */
function checkColumns(file: string, table: Table, config: DatasetConfig): Columns & { prompt: string } {
  const rows = table.rows.map(({ values }) => values);
  const exists = (name: string) => rows.some((values) => columnValue(values, name) !== undefined);
  const has = `${file} has ${list(table.columns)}.`;
  for (const field of Object.keys(config.fields) as Field[]) {
    const name = config.fields[field];
    if (name !== undefined && !exists(name)) {
      throw new RollscopeError(
        'dataset',
        `No column "${name}" for the ${field}. ${has}`,
        'Correct the column mapping.',
        { details: { reason: 'missing-column', file, field, value: name, columns: table.columns } },
      );
    }
  }
  const columns = findColumns(rows, config.fields);
  if (columns.prompt === null) {
    throw new RollscopeError(
      'dataset',
      `No problem column: none is named ${list(USUAL_NAMES.prompt)}. ${has}`,
      'Set the column (--problem-field, or rollscope.fields in the editor).',
      { details: { reason: 'no-problem-column', file, columns: table.columns } },
    );
  }
  for (const name of placeholders(config.template)) {
    if (!meansProblem(name) && !exists(name)) {
      throw new RollscopeError(
        'dataset',
        `The template uses the missing column "${name}". ${has}`,
        'Correct the template.',
        { details: { reason: 'missing-column', file, field: 'template', value: name, columns: table.columns } },
      );
    }
  }
  return { ...columns, prompt: columns.prompt };
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 20).map((name) => `"${name}"`);
  return names.length > 20 ? `${shown.join(', ')} and ${names.length - 20} more` : shown.join(', ');
}

function noPrompt(where: Place, column: string, value: unknown, columns: readonly string[]): RollscopeError {
  const state =
    value === undefined || value === null
      ? 'missing'
      : typeof value === 'string' || (Array.isArray(value) && value.length === 0)
        ? 'empty'
        : 'neither a string nor a chat ([{"role", "content"}])';
  return new RollscopeError(
    'dataset',
    `${where.text}: the row has no problem: "${column}" is ${state}.`,
    `Give the row a problem or remove it. The columns are ${list(columns)}.`,
    { details: { reason: 'no-prompt', ...where.facts, field: column, state } },
  );
}

function missingCell(where: Place, name: string): never {
  throw new RollscopeError(
    'dataset',
    `${where.text}: the template uses "${name}", which this row lacks.`,
    'Add a value, or remove it from the template.',
    { details: { reason: 'missing-cell', ...where.facts, field: name } },
  );
}

function checkIds(file: string, wanted: ReadonlySet<string> | undefined, found: ReadonlyMap<string, unknown>): void {
  if (!wanted) return;
  const missing = [...wanted].filter((id) => !found.has(id));
  if (missing.length > 0) {
    throw new RollscopeError(
      'dataset',
      `${file} has no problem with the id ${list(missing)}.`,
      `Its first ids are ${list([...found.keys()].slice(0, 5))}.`,
      { details: { reason: 'unknown-id', file, value: missing } },
    );
  }
}
