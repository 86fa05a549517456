/** The columns of a dataset, how each is used, and which are unused. Pure. */
import type { DatasetConfig } from '../protocol/config.ts';
import { RollscopeError } from '../protocol/errors.ts';
import type { DataReading } from '../protocol/records.ts';
import { isProblemPlaceholder, placeholders } from '../protocol/template.ts';
import {
  columnValue,
  type DatasetColumns,
  type Field,
  findColumns,
  NO_IDS,
  type RowValues,
  USUAL_NAMES,
} from './fields.ts';
import type { RewardColumns } from './reward-columns.ts';

interface Table {
  name: string;
  columns: readonly string[];
  rows: readonly RowValues[];
}

/**
 * The columns of the three fields; the problem column is null if the template consists of other columns alone. Throws
 * RollscopeError `dataset` if one of them, or a column in the template, does not exist.
 */
export function checkColumns({ name: file, columns: names, rows }: Table, config: DatasetConfig): DatasetColumns {
  const exists = (name: string) => rows.some((values) => columnValue(values, name) !== undefined);
  const has = `${file} has ${columnList(names)}.`;
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
    if (!isProblemPlaceholder(name) && !exists(name)) {
      throw new RollscopeError(
        'dataset',
        `The template uses the missing column "${name}". ${has}`,
        'Correct the template.',
        { details: { reason: 'missing-column', file, field: 'template', value: name, columns: names } },
      );
    }
  }
  if (columns.prompt === null && (shown.length === 0 || shown.some(isProblemPlaceholder))) {
    throw new RollscopeError(
      'dataset',
      `No problem column: none is named ${columnList(USUAL_NAMES.prompt)}. ${has}`,
      'Set the column (--problem-field, or rollscope.fields in the editor), or write a prompt template from the columns that the file has (--template "Make {{target}} from {{nums}}.").',
      { details: { reason: 'no-problem-column', file, columns: names } },
    );
  }
  return columns;
}

/** Column names in quotes, at most 20, then the number of the others. */
export function columnList(names: readonly string[]): string {
  const shown = names.slice(0, 20).map((name) => `"${name}"`);
  return names.length > 20 ? `${shown.join(', ')} and ${names.length - 20} more` : shown.join(', ');
}

interface UsedColumns {
  source: string;
  names: readonly string[];
  problems: number;
  columns: DatasetColumns;
  /** Whether any row has a reference answer, in its column or in the problem's chat. */
  labeled: boolean;
  /** Columns in the prompt in addition to the problem. */
  shown: readonly string[];
  kept: RewardColumns;
}

/** Which column is used for what. A path into a column uses the column. */
export function dataReading({ source, names, problems, columns, labeled, shown, kept }: UsedColumns): DataReading {
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
