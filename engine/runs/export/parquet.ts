/** Rollouts as a Parquet file, which pandas, Polars, DuckDB and the Hugging Face viewer read. */
import type { SchemaElement } from 'hyparquet';
import { fileWriter, parquetWriteRows } from 'hyparquet-writer';
import { writeAside } from '../../system/aside.ts';
import { type RolloutExportOptions, type RolloutRow, rolloutRows } from './rows.ts';

/** Rows that are held in memory at a time. */
const ROW_GROUP = 1000;

type Leaf = Pick<SchemaElement, 'type' | 'converted_type'>;
const TEXT: Leaf = { type: 'BYTE_ARRAY', converted_type: 'UTF8' };
const INTEGER: Leaf = { type: 'INT32' };
const NUMBER: Leaf = { type: 'DOUBLE' };
const SINGLE: Leaf = { type: 'FLOAT' };
const YES_NO: Leaf = { type: 'BOOLEAN' };

type Column = [name: keyof RolloutRow, leaf: Leaf, kind: 'REQUIRED' | 'OPTIONAL' | 'LIST'];

const COLUMNS: Column[] = [
  ['problem', INTEGER, 'REQUIRED'],
  ['problemId', TEXT, 'REQUIRED'],
  ['step', INTEGER, 'REQUIRED'],
  ['phase', TEXT, 'REQUIRED'],
  ['rollout', INTEGER, 'REQUIRED'],
  ['problemText', TEXT, 'REQUIRED'],
  ['prompt', TEXT, 'OPTIONAL'],
  ['text', TEXT, 'REQUIRED'],
  ['answer', TEXT, 'OPTIONAL'],
  ['reference', TEXT, 'OPTIONAL'],
  ['references', TEXT, 'OPTIONAL'],
  ['correct', YES_NO, 'OPTIONAL'],
  ['voteStatus', TEXT, 'REQUIRED'],
  ['majorityAnswer', TEXT, 'OPTIONAL'],
  ['majorityShare', NUMBER, 'OPTIONAL'],
  ['verdict', TEXT, 'REQUIRED'],
  ['current', YES_NO, 'REQUIRED'],
  ['reward', NUMBER, 'OPTIONAL'],
  ['rewards', TEXT, 'OPTIONAL'],
  ['advantage', NUMBER, 'OPTIONAL'],
  ['finish', TEXT, 'OPTIONAL'],
  ['tokens', INTEGER, 'OPTIONAL'],
  ['logprob', NUMBER, 'OPTIONAL'],
  ['entropy', NUMBER, 'OPTIONAL'],
  ['repetition', NUMBER, 'OPTIONAL'],
  ['foreign', TEXT, 'OPTIONAL'],
];

const PER_TOKEN: Column[] = [
  ['tokenIds', INTEGER, 'LIST'],
  ['tokenTexts', TEXT, 'LIST'],
  ['tokenLogprobs', SINGLE, 'LIST'],
  ['tokenEntropies', SINGLE, 'LIST'],
];

/** Writes one row per rollout; returns their number. */
export async function exportRolloutsParquet(
  folder: string,
  path: string,
  options: RolloutExportOptions = {},
): Promise<number> {
  const columns = options.perToken ? [...COLUMNS, ...PER_TOKEN] : COLUMNS;
  let count = 0;
  const rows = async function* () {
    for await (const row of rolloutRows(folder, options)) {
      count++;
      yield row;
    }
  };
  await writeAside(path, async (aside) => {
    await parquetWriteRows({
      writer: fileWriter(aside),
      rows: rows(),
      columns: columns.map(([name]) => ({ name })),
      schema: [{ name: 'rollouts', num_children: columns.length }, ...columns.flatMap(schemaOf)],
      rowGroupSize: ROW_GROUP,
      createdBy: 'rollscope',
    });
  });
  return count;
}

function schemaOf([name, leaf, kind]: Column): SchemaElement[] {
  if (kind !== 'LIST') return [{ name, ...leaf, repetition_type: kind }];
  return [
    { name, repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', ...leaf, repetition_type: 'REQUIRED' },
  ];
}
