/** The columns of a row that its reward reads. Pure. */
import { RollscopeError } from '../protocol/errors.ts';
import type { Problem } from '../protocol/problem.ts';
import { placeholders } from '../protocol/template.ts';
import { columnValue, type DatasetColumns, namesLabel, type RowValues, rewardValue, withoutColumns } from './fields.ts';
import type { RowPlace } from './place.ts';

/** Columns that the reward reads in addition to prompt, answer and id. */
export interface RewardColumns {
  /** Every row must have these. They are part of the problem, so they are kept even under a common name of labels. */
  required: readonly string[];
  /** `*` means all columns except the prompt and possible labels. */
  optional: readonly string[];
}

/**
 * The columns of a row that its reward reads, under the names that the reward uses. The label is included only if the
 * reward requires it, or if the reward names it and the template shows it to the model, which makes it part of the problem.
 */
export function rewardColumns(
  values: RowValues,
  { required, optional }: RewardColumns,
  { columns: { prompt, answer }, template, where }: { columns: DatasetColumns; template: string; where: RowPlace },
): Pick<Problem, 'columns'> {
  const found = new Map<string, unknown>();
  const keep = (name: string, value: unknown) => {
    if (value !== undefined && value !== null) found.set(name, JSON.parse(JSON.stringify(value, plainNumber)));
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
  // If the answer's path leads into a list, the whole list is a label.
  const isLabel = (path: string, value: unknown) =>
    path === answer || (Array.isArray(value) && answer?.startsWith(`${path}.`) === true);
  const shown = placeholders(template);
  const others = optional.filter((name) => name !== '*' && name !== prompt && !required.includes(name));
  if (others.length > 0) {
    const open = withoutColumns(values, isLabel);
    for (const name of others) keep(name, columnValue(shown.includes(name) ? values : open, name));
  }
  if (optional.includes('*')) {
    const open = withoutColumns(values, (path, value) => isLabel(path, value) || namesLabel(path));
    for (const [name, value] of Object.entries(open)) {
      if (name !== prompt && !found.has(name)) keep(name, value);
    }
  }
  return found.size > 0 ? { columns: Object.fromEntries(found) as NonNullable<Problem['columns']> } : {};
}

/** Converts Parquet's 64-bit integers, which JSON lacks, to numbers, or to text if they are not exact as doubles. */
function plainNumber(_: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
