/** Which columns a dataset has, which of them are taken for what, and which are left. Pure. */
import type { DatasetConfig } from '../protocol/config.ts';
import { RollscopeError } from '../protocol/errors.ts';
import type { DataReading } from '../protocol/records.ts';
import { meansProblem, placeholders } from '../protocol/template.ts';
import {
  columnValue,
  type DatasetColumns,
  type Field,
  findColumns,
  NO_IDS,
  type RowValues,
  USUAL_NAMES,
} from './fields.ts';
import type { RewardColumns } from './kept.ts';

interface Table {
  name: string;
  columns: readonly string[];
  rows: readonly RowValues[];
}

/**
 * Columns that exist, for the three fields and in the template. There is none of problems where the template is made of
 * other columns alone.
 */
export function checkColumns({ name: file, columns: names, rows }: Table, config: DatasetConfig): DatasetColumns {
  const exists = (name: string) => rows.some((values) => columnValue(values, name) !== undefined);
  const has = `${file} has ${list(names)}.`;
  for (const field of Object.keys(config.fields) as Field[]) {
    const name = config.fields[field];
    if (name === undefined || exists(name) || (field === 'id' && name === NO_IDS)) continue;
    const nested = names.find((own) => name.startsWith(`${own}.`));
    throw new RollscopeError(
      'dataset',
      `No column "${name}" for the ${field}. ${has}`,
      nested ? `"${nested}" has no such field in any row. Correct the column mapping.` : 'Correct the column mapping.',
      { details: { reason: 'missing-column', file, field, value: name, columns: names } },
    );
  }
  const columns = findColumns(rows, config.fields);
  const shown = placeholders(config.template);
  for (const name of shown) {
    if (!meansProblem(name) && !exists(name)) {
      throw new RollscopeError(
        'dataset',
        `The template uses the missing column "${name}". ${has}`,
        'Correct the template.',
        { details: { reason: 'missing-column', file, field: 'template', value: name, columns: names } },
      );
    }
  }
  if (columns.prompt === null && (shown.length === 0 || shown.some(meansProblem))) {
    throw new RollscopeError(
      'dataset',
      `No problem column: none is named ${list(USUAL_NAMES.prompt)}. ${has}`,
      'Set the column (--problem-field, or rollscope.fields in the editor), or a prompt template of the columns that there are (--template "Make {{target}} of {{nums}}.").',
      { details: { reason: 'no-problem-column', file, columns: names } },
    );
  }
  return columns;
}

/** Column names in quotes, at most 20 of them, then how many more there are. */
export function list(names: readonly string[]): string {
  const shown = names.slice(0, 20).map((name) => `"${name}"`);
  return names.length > 20 ? `${shown.join(', ')} and ${names.length - 20} more` : shown.join(', ');
}

interface Used {
  source: string;
  names: readonly string[];
  problems: number;
  columns: DatasetColumns;
  /** Whether any row has a reference answer. */
  /** Some row has a reference answer: in its column, or else in the chat that the problem is. */
  labeled: boolean;
  /** In the prompt, in addition to the problem. */
  shown: readonly string[];
  kept: RewardColumns;
}

/** What was taken for what. A path into a column uses the column. */
export function readingOf({ source, names, problems, columns, labeled, shown, kept }: Used): DataReading {
  const { prompt, answer, id } = columns;
  const forReward = [...kept.required, ...kept.optional.filter((name) => name !== '*')].filter((name) =>
    names.some((own) => own === name || name.startsWith(`${own}.`)),
  );
  const used = [prompt, answer, id, ...shown, ...forReward].filter((name) => name !== null);
  const isUsed = (own: string) => used.some((name) => name === own || name.startsWith(`${own}.`));
  return {
    ...{ source, problems, prompt, answer: labeled ? (answer ?? prompt) : null, id },
    shown: [...new Set(shown)],
    kept: [...new Set(forReward)],
    left: kept.optional.includes('*') ? [] : names.filter((own) => !isUsed(own)),
  };
}
