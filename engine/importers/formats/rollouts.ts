/**
 * Rollouts in one file, one per row, whoever wrote them: prompt and response, and where the file has them step, reward,
 * rewards by name, advantage, reference answer and id, by the names that trainers use or that the user gives.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { RowValues } from '../../data/fields.ts';
import { readTable } from '../../data/readers.ts';
import type { Dump, DumpOptions, DumpPart, Importer, Look } from '../importer.ts';
import { LineFile } from '../line-file.ts';
import { fileState, firstLine } from '../line-index.ts';
import { RowReader } from '../rows.ts';
import { readTableSteps } from '../table-file.ts';

const LINES = /\.(jsonl|ndjson)$/i;
const TABLES = /\.(json|csv|tsv|parquet)$/i;

export const rollouts: Importer = {
  name: 'rollouts',
  title: 'JSON Lines, CSV or Parquet with one rollout per row',
  checked: 'any trainer',
  async detect(file, { map }) {
    const values = await firstRow(file).catch(() => null);
    const rows = new RowReader(map);
    return values !== null && rows.has(values, 'prompt') && rows.has(values, 'response');
  },
  async open(file, options) {
    const values = await firstRow(file).catch(() => null);
    const { origin, run } = described(file, values, options);
    return { origin, run, created: null, ...(LINES.test(file) ? ofLines(file, options) : ofTable(file, options)) };
  },
};

function described(file: string, values: RowValues | null, { map }: DumpOptions): Pick<Dump, 'origin' | 'run'> {
  const reward = values ? (new RowReader(map).nameOf(values, 'reward') ?? null) : null;
  return {
    origin: { engine: 'rollouts', version: null, files: [file] },
    run: { model: null, dataset: null, reward, steps: null, settings: {} },
  };
}

function ofLines(file: string, { map }: DumpOptions): Pick<Dump, 'look'> {
  const lines = new LineFile(file, { name: path.basename(file), step: 1, phase: 'train', rows: new RowReader(map) });
  return {
    async look(context, following): Promise<Look> {
      await lines.scan(context, !following);
      return { parts: lines.parts(following), waiting: lines.waiting };
    },
  };
}

/** A table cannot grow: it is written as a whole, and read again only when it was written again. */
function ofTable(file: string, { map }: DumpOptions): Pick<Dump, 'look'> {
  const name = path.basename(file);
  const rows = new RowReader(map);
  let read: { stamp: string; parts: DumpPart[] } | null = null;
  return {
    async look(context): Promise<Look> {
      const { size, stamp } = (await fileState(file)) ?? { size: 0, stamp: '' };
      if (read?.stamp !== stamp) {
        const steps = await readTableSteps(file, { name, step: 1, phase: 'train', rows }, context);
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
  if (TABLES.test(file)) return (await readTable(file)).rows[0]?.values ?? null;
  return LINES.test(file) ? firstLine(file) : null;
}
