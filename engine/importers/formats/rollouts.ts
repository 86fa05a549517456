/**
 * Rollouts in one file, one per row, from any writer: prompt and response, and where the file has them step, reward,
 * rewards by name, advantage, reference answer and id, and log-probabilities and entropies of the tokens, by the names
 * that trainers use or that the user gives. A folder of JSON Lines is read as one log: each process of a trainer wrote
 * its own file.
 */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { columnValue, type RowValues } from '../../data/fields.ts';
import { ParquetOnDisk } from '../../data/parquet.ts';
import { readTable } from '../../data/readers.ts';
import { RollscopeError } from '../../protocol/errors.ts';
import type { ColumnMap, RolloutColumn } from '../columns.ts';
import type { Dump, DumpOptions, DumpPart, DumpScan, Importer } from '../importer.ts';
import { LineFiles } from '../line-files.ts';
import { fileState, firstLine } from '../line-index.ts';
import { filesWithSteps, NamedSteps } from '../named-steps.ts';
import { parquetParts } from '../parquet-file.ts';
import { LINES, TABLES } from '../row-files.ts';
import { RowReader } from '../rows.ts';
import { readTableSteps } from '../table-file.ts';
import { verl } from './verl.ts';

/** Largest Parquet file that is read as a whole, in bytes. */
const MAX_WHOLE_BYTES = 64 * 2 ** 20;

export const rollouts: Importer = {
  name: 'rollouts',
  title: 'JSON Lines, CSV or Parquet with one rollout per row, or a folder of such JSON Lines',
  checked: 'any trainer; fields of RLLoggingBoard',
  detect,
  async open(root, options) {
    const sources = await sourcesIn(root, options);
    const values = await firstRow(sources[0] ?? root).catch(() => null);
    const { origin, run } = describeDump(root, values, options);
    if (await areNamedBySteps(root, options)) {
      return { origin, run, created: null, ...namedStepsDump(root, options) };
    }
    const isLog = LINES.test(sources[0] ?? root);
    return { origin, run, created: null, ...(isLog ? lineDump(root, options) : tableDump(root, options)) };
  },
};

/** The number of files of a folder to check; a folder with more files and no rollouts in these is not a log. */
const MAX_CHECKED_FILES = 8;

/** Files of prompts and responses can be anything; a folder of them is a log if they have steps and rewards. */
async function detect(root: string, options: DumpOptions): Promise<boolean> {
  const isFile = (await filesIn(root))[0] === root;
  if (await hasFile(root, options, isFile ? REQUIRED_COLUMNS : [...REWARDED_COLUMNS, 'step'])) return true;
  return (await areNamedBySteps(root, options)) && !(await verl.detect(root, options));
}

/** Whether a folder that the user names has rewarded rollouts, of whatever step: too little to offer it. */
export async function hasRollouts(root: string, options: DumpOptions): Promise<boolean> {
  return hasFile(root, options, REWARDED_COLUMNS);
}

async function hasFile(root: string, { map }: DumpOptions, needed: readonly RolloutColumn[]): Promise<boolean> {
  const rows = new RowReader(map);
  for (const file of (await filesIn(root)).slice(0, MAX_CHECKED_FILES)) {
    const values = await firstRow(file).catch(() => null);
    if (values && hasColumns(rows, values, needed)) return true;
  }
  return false;
}

/** Whether files contain rollouts with rewards whose steps are only in the file names. */
async function areNamedBySteps(root: string, { map }: DumpOptions): Promise<boolean> {
  const rows = new RowReader(map);
  for (const { path: file, name } of (await filesWithSteps(root)).slice(0, MAX_CHECKED_FILES)) {
    const values = await firstRow(file).catch(() => null);
    if (!values || !hasColumns(rows, values, REWARDED_COLUMNS)) continue;
    return name.includes('/') || !LINES.test(file) || !hasColumns(rows, values, ['step']);
  }
  return false;
}

/**
 * Checks the user's column names against the first rows.
 * @throws RollscopeError `usage` for a name that no file has, if the rows must have it
 */
export async function checkColumns(root: string, map: ColumnMap): Promise<void> {
  const first: { file: string; values: RowValues }[] = [];
  for (const file of (await filesIn(root)).slice(0, MAX_CHECKED_FILES)) {
    const values = await firstRow(file).catch(() => null);
    if (values) first.push({ file, values });
  }
  if (first.length === 0) return;
  for (const [column, name] of Object.entries(map)) {
    if (first.some(({ values }) => columnValue(values, name) !== undefined)) continue;
    // A row of JSON Lines may lack what others have.
    const isNeeded = (REQUIRED_COLUMNS as readonly string[]).includes(column);
    if (!isNeeded && first.some(({ file }) => LINES.test(file))) continue;
    const columns = Object.keys(first[0]!.values);
    throw new RollscopeError(
      'usage',
      `${first[0]!.file} has no column '${name}' for the ${column}.`,
      `Its columns: ${columns.join(', ')}.`,
      { details: { reason: 'no-column', file: first[0]!.file, field: column, value: name, columns } },
    );
  }
}

/** The columns that every rollout has. */
const REQUIRED_COLUMNS = ['prompt', 'response'] as const;
const REWARDED_COLUMNS = [...REQUIRED_COLUMNS, 'reward'] as const;

function hasColumns(rows: RowReader, values: RowValues, columns: readonly RolloutColumn[]): boolean {
  const [one = values] = rows.rolloutRows(values);
  return columns.every((column) => rows.has(one, column));
}

/** The file, or the files of a folder, that contain rollouts. */
async function sourcesIn(root: string, { map }: DumpOptions): Promise<string[]> {
  const rows = new RowReader(map);
  const found: string[] = [];
  for (const file of await filesIn(root)) {
    const values = await firstRow(file).catch(() => null);
    if (values && hasColumns(rows, values, REQUIRED_COLUMNS)) found.push(file);
  }
  return found;
}

async function filesIn(root: string): Promise<string[]> {
  const names = await readdir(root).catch(() => null);
  return names === null
    ? [root]
    : names
        .filter((name) => LINES.test(name))
        .toSorted()
        .map((name) => path.join(root, name));
}

function describeDump(file: string, values: RowValues | null, { map }: DumpOptions): Pick<Dump, 'origin' | 'run'> {
  const rows = new RowReader(map);
  const reward = values ? (rows.nameOf(rows.rolloutRows(values)[0] ?? values, 'reward') ?? null) : null;
  return {
    origin: { engine: 'rollouts', version: null, files: [file] },
    run: { model: null, dataset: null, reward, steps: null, settings: {} },
  };
}

function lineDump(root: string, options: DumpOptions): Pick<Dump, 'scan'> {
  const rows = new RowReader(options.map);
  const lines = new LineFiles((file) => ({ name: path.basename(file), step: 1, phase: 'train', rows }));
  return {
    async scan(context, following): Promise<DumpScan> {
      if ((await stat(root)).isFile()) return lines.scanFile(root, context, following);
      return lines.scan(await sourcesIn(root, options), context, following);
    },
  };
}

function namedStepsDump(root: string, { map }: DumpOptions): Pick<Dump, 'scan'> {
  const steps = new NamedSteps(root, new RowReader(map));
  return { scan: (_, following): Promise<DumpScan> => steps.scan(following) };
}

/** A table cannot grow: it is written as a whole, and read again only when it was written again. */
function tableDump(file: string, { map }: DumpOptions): Pick<Dump, 'scan'> {
  const name = path.basename(file);
  const rows = new RowReader(map);
  let read: { stamp: string; parts: DumpPart[] } | null = null;
  return {
    async scan(context): Promise<DumpScan> {
      const { size, stamp } = (await fileState(file)) ?? { size: 0, stamp: '' };
      if (read?.stamp !== stamp) {
        const fileOptions = { name, step: 1, phase: 'train', rows } as const;
        if (/\.parquet$/i.test(file) && size > MAX_WHOLE_BYTES) {
          read = { stamp, parts: await parquetParts(file, stamp, fileOptions, context) };
          return { parts: read.parts, waiting: 0 };
        }
        const steps = await readTableSteps(file, fileOptions, context);
        const parts = steps.map(
          ({ step, phase, groups }): DumpPart => ({
            name: `${name}#${phase}-${step}`,
            phase,
            step,
            bytes: size / steps.length,
            stamp,
            async *groups() {
              yield* groups;
            },
          }),
        );
        read = { stamp, parts };
      }
      return { parts: read.parts, waiting: 0 };
    },
  };
}

async function firstRow(file: string): Promise<RowValues | null> {
  if (!(await stat(file)).isFile()) return null;
  if (/\.parquet$/i.test(file)) return firstParquetRow(file);
  if (TABLES.test(file)) return (await readTable(file)).rows[0]?.values ?? null;
  return LINES.test(file) ? firstLine(file) : null;
}

/** Reads the first row group only. */
function firstParquetRow(file: string): RowValues | null {
  const table = new ParquetOnDisk(file);
  try {
    const group = table.groups.findIndex((rows) => rows > 0);
    return group < 0 ? null : (table.rows(group)[0] ?? null);
  } finally {
    table.close();
  }
}
