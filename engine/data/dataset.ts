/** Turns a data file into problems and prompts. */
import { assetPath } from '../assets.ts';
import type { DatasetConfig } from '../protocol/config.ts';
import { EMBEDDED } from '../protocol/embedded.ts';
import type { Problem } from '../protocol/problem.ts';
import type { DataReading } from '../protocol/records.ts';
import { isProblemPlaceholder, placeholders } from '../protocol/template.ts';
import { nameChoices, numberIds, selectRows, shownChoices, splitReplies } from './all-rows.ts';
import { choiceLabel } from './choices.ts';
import { checkColumns, dataReading } from './columns.ts';
import { dataFingerprint } from './data-fingerprint.ts';
import { withObjects } from './fields.ts';
import { mapInChunks } from './map-in-chunks.ts';
import { notesOf } from './notes.ts';
import type { PromptParts } from './prompt-parts.ts';
import { readTable } from './readers.ts';
import { type RewardColumns, rewardColumns } from './reward-columns.ts';
import { conversation, inputColumn, questionOf, type ReadRow, readRow, renderedPrompt } from './row.ts';
import { RULE_COLUMN, ruleOf } from './rule.ts';

export type { PromptParts } from './prompt-parts.ts';
export type { RewardColumns };

export interface Dataset {
  problems: Problem[];
  /** Prompts before the chat template is applied, with the prompt template filled in; parallel to `problems`. */
  prompts: PromptParts[];
  /** The system message, if all prompts have the same one. */
  system?: string;
  /** SHA-256 (hexadecimal) over the problems, prompts and labels taken from the file, and over the mapping. */
  fingerprint: string;
  /** Problems in the data that the user should know about, but that do not prevent a run. */
  warnings: string[];
  /** Which column is used for what. */
  reading: DataReading;
}

/**
 * Reads a dataset; problems keep the columns named in `kept`. `signal` cancels a download.
 * Throws RollscopeError `dataset` that names file, line, column or field, or `canceled`.
 */
export async function loadDataset(
  config: DatasetConfig,
  kept: RewardColumns = { required: [], optional: [] },
  signal: AbortSignal | null = null,
): Promise<Dataset> {
  const embedded = config.path === EMBEDDED;
  const source = embedded ? assetPath('engine', 'embedded', 'problems.jsonl') : config.path;
  const table = await readTable(source, { fields: config.fields, split: config.split, signal });
  const tableRows = await mapInChunks(table.rows, (row) => ({ ...row, values: withObjects(row.values) }));
  const values = tableRows.map((row) => row.values);
  const columns = checkColumns({ ...table, rows: values }, config);
  const choices = shownChoices(values, columns, config.template);
  const warnings = [...table.notes];

  const rows = await mapInChunks(tableRows, (from, at) =>
    readRow(from, at, { columns, choices, names: table.columns }),
  );
  numberIds(rows, columns, config, warnings);
  const naming = nameChoices(rows, columns, warnings);
  await splitReplies(rows, columns, warnings);

  const problems: Problem[] = [];
  const prompts: PromptParts[] = [];
  await mapInChunks(selectRows(rows, config, source), (row) => {
    const text = questionOf(row, columns, config.template);
    const user = renderedPrompt(row, text, config.template);
    const where = { index: problems.length, embedded };
    problems.push({
      ...problemOf(row, row.asked === null ? user : text, naming, where),
      ...rewardColumns(row.values, kept, { columns, template: config.template, where: row.where }),
    });
    prompts.push(partsOf(row, user, config));
  });
  const reading = dataReading({
    source: embedded ? EMBEDDED : source,
    names: table.columns,
    problems: problems.length,
    columns,
    labeled: rows.some(({ label }) => label !== null),
    shown: [
      ...placeholders(config.template).filter((name) => !isProblemPlaceholder(name)),
      ...(choices?.columns ?? []),
      ...(problems.some(({ rule }) => rule !== undefined) ? [RULE_COLUMN] : []),
      ...(inputColumn(columns, values, config.template) ?? []),
    ],
    kept,
  });
  const system = commonSystem(config, rows);
  const found = { columns, problems, prompts };
  return {
    ...{ problems, prompts, reading },
    warnings: [...warnings, ...notesOf(config, { ...found, reading, rows })],
    ...(system !== undefined && { system }),
    fingerprint: dataFingerprint(config, { ...found, system }),
  };
}

/** A row as a problem, without the columns for rewards. @param naming how the labels identify choices */
function problemOf(
  row: ReadRow,
  question: string,
  naming: ReturnType<typeof nameChoices>,
  { index, embedded }: { index: number; embedded: boolean },
): Problem {
  const { from } = row;
  const label = row.label && row.choices && naming !== null ? choiceLabel(row.label, row.choices, naming) : row.label;
  return {
    ...{ index, id: row.id },
    ...conversation(row, question),
    answer: label?.answer ?? null,
    ...(label?.accepted && { accepted: label.accepted }),
    ...ruleOf(row.values, row.where),
    ...{ source: embedded ? EMBEDDED : from.file, row: from.row, line: from.line },
  };
}

/** The prompt with its earlier turns and the system message. */
function partsOf({ asked, prefill }: ReadRow, user: string, config: DatasetConfig): PromptParts {
  const { system = null, before = [] } = asked ?? {};
  return {
    system: config.system ?? system ?? undefined,
    ...(before.length > 0 && { before }),
    user,
    ...(prefill !== null && { prefill }),
  };
}

/** The system message if all prompts have the same one. */
function commonSystem(config: DatasetConfig, rows: readonly ReadRow[]): string | undefined {
  const systems = new Set(rows.map(({ asked }) => asked?.system ?? null));
  const [only] = systems;
  return config.system ?? (systems.size === 1 ? (only ?? undefined) : undefined);
}
