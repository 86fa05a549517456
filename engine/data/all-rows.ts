/** Decisions that need all rows of a data file: how answers name choices, which replies are solutions, which ids repeat. */
import path from 'node:path';
import type { DatasetConfig } from '../protocol/config.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { placeholders } from '../protocol/template.ts';
import { wellFormed } from '../protocol/well-formed.ts';
import { type ChoiceColumns, type ChoiceNaming, choiceColumns, choiceNaming } from './choices.ts';
import { columnList } from './columns.ts';
import type { DatasetColumns, RowValues } from './fields.ts';
import { mapInChunks } from './map-in-chunks.ts';
import { placeOfRow } from './place.ts';
import { splitReply } from './reply.ts';
import type { ReadRow } from './row.ts';

/** The columns of choices, unless the template shows them. */
export function shownChoices(
  rows: readonly RowValues[],
  columns: DatasetColumns,
  template: string,
): ChoiceColumns | null {
  const found = columns.prompt === null ? null : choiceColumns(rows);
  if (!found) return null;
  const shown = placeholders(template);
  const uses = (name: string) => shown.some((other) => other === name || other.startsWith(`${name}.`));
  const taken = [columns.prompt, columns.answer, columns.id];
  return found.columns.some((name) => uses(name) || taken.includes(name)) ? null : found;
}

/** How the answers name the choices, with a warning unless by letter or text; null if they do not all do so in one way. */
export function nameChoices(
  rows: readonly ReadRow[],
  columns: DatasetColumns,
  warnings: string[],
): ChoiceNaming | null {
  if (!rows.some(({ choices, label }) => choices && label)) return null;
  const naming = choiceNaming(rows);
  if (naming === null) {
    warnings.push(
      `The answers in "${columns.answer}" do not all name one of the choices by letter, text or number, so they are compared as they are.`,
    );
  } else if (typeof naming === 'number') {
    warnings.push(
      `The answers in "${columns.answer}" are taken as numbers of choices, counted from ${naming}: ${naming} is A. A response may name the letter or the text of the choice.`,
    );
  }
  return naming;
}

/** Hides the assistant's replies to questions that are solutions, and lets responses continue those that are beginnings. */
export async function splitReplies(
  rows: readonly ReadRow[],
  columns: DatasetColumns,
  warnings: string[],
): Promise<void> {
  let solutions = 0;
  let labels = 0;
  let beginnings = 0;
  await mapInChunks(rows, (row) => {
    const reply = row.asked?.reply ?? null;
    if (reply === null || reply.trim() === '') return;
    const { prefill, label } = splitReply(reply, columns.prompt!, row.label);
    row.prefill = prefill;
    if (prefill !== null) beginnings++;
    else solutions++;
    if (prefill === null && columns.answer === null && label !== null) {
      row.label = label;
      labels++;
    }
  });
  if (solutions > 0) {
    const use = labels > 0 ? `, and ${labels} of them give the reference answer` : '';
    warnings.push(
      `${solutions} of ${rows.length} chats in "${columns.prompt}" end with an assistant turn, which is not shown to the model${use}.`,
    );
  }
  if (beginnings > 0) {
    warnings.push(
      `${beginnings} of ${rows.length} chats in "${columns.prompt}" end with the beginning of an assistant turn, which responses continue.`,
    );
  }
}

/** Replaces ids by row numbers if they repeat; throws instead if the user chose the column. */
export function numberIds(
  rows: readonly ReadRow[],
  columns: DatasetColumns,
  config: DatasetConfig,
  warnings: string[],
): void {
  const rowOfId = new Map<string, ReadRow>();
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

/** The rows that the configuration selects. */
export function selectRows(rows: readonly ReadRow[], config: DatasetConfig, source: string): readonly ReadRow[] {
  const wanted = config.ids && new Set(config.ids);
  if (wanted) checkIds(source, wanted, rows);
  const own = wanted ? rows.filter(({ id }) => wanted.has(id) || wanted.has(wellFormed(id))) : rows;
  return config.limit === undefined ? own : own.slice(0, config.limit);
}

function checkIds(file: string, wanted: ReadonlySet<string>, rows: readonly ReadRow[]): void {
  const found = new Set(rows.map(({ id }) => id));
  const named = new Set(rows.map(({ id }) => wellFormed(id)));
  const missing = [...wanted].filter((id) => !found.has(id) && !named.has(id));
  if (missing.length > 0) {
    throw new RollscopeError(
      'dataset',
      `${file} has no problem with the id ${columnList(missing)}.`,
      `Its first ids are ${columnList([...found].slice(0, 5))}.`,
      { details: { reason: 'unknown-id', file, value: missing } },
    );
  }
}
