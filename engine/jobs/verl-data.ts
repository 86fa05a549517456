/** Problems as Parquet files in verl's schema, for verl's dataset and the job's reward code. */
import type { SchemaElement } from 'hyparquet';
import { fileWriter, parquetWriteRows } from 'hyparquet-writer';
import { messagesOf, type PromptText } from '../model/prompt-text.ts';
import type { Problem } from '../protocol/index.ts';
import { writeAside } from '../system/aside.ts';

const ROW_GROUP = 1000;

const TEXT = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const;

const SCHEMA: SchemaElement[] = [
  { name: 'problems', num_children: 5 },
  { name: 'data_source', ...TEXT, repetition_type: 'REQUIRED' },
  { name: 'prompt', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  { name: 'element', repetition_type: 'REQUIRED', num_children: 2 },
  { name: 'role', ...TEXT, repetition_type: 'REQUIRED' },
  { name: 'content', ...TEXT, repetition_type: 'REQUIRED' },
  { name: 'ability', ...TEXT, repetition_type: 'REQUIRED' },
  { name: 'reward_model', repetition_type: 'REQUIRED', num_children: 2 },
  { name: 'style', ...TEXT, repetition_type: 'REQUIRED' },
  { name: 'ground_truth', ...TEXT, repetition_type: 'OPTIONAL' },
  { name: 'extra_info', repetition_type: 'REQUIRED', num_children: 4 },
  { name: 'index', type: 'INT64', repetition_type: 'REQUIRED' },
  { name: 'split', ...TEXT, repetition_type: 'REQUIRED' },
  { name: 'id', ...TEXT, repetition_type: 'REQUIRED' },
  { name: 'problem', ...TEXT, repetition_type: 'REQUIRED' },
];

/** `test` is for validation, in which the score of a rollout is its correctness. */
export type Split = 'train' | 'test';

/** A problem as a row for verl. `extra_info.problem` is the problem as JSON for `rollscope score`. */
export function verlRow(problem: Problem, prompt: PromptText, source: string, split: Split) {
  const { index, id, text, answer, accepted, columns, rule } = problem;
  return {
    data_source: source,
    prompt: messagesOf(prompt),
    ability: 'math',
    reward_model: { style: 'rule', ground_truth: answer },
    extra_info: {
      index: BigInt(index),
      split,
      id,
      problem: JSON.stringify({
        text,
        ...(answer !== null && { answer: accepted ?? answer }),
        ...(columns && { columns }),
        ...(rule !== undefined && { rule }),
      }),
    },
  };
}

/** Writes rows as one Parquet file, atomically. @throws RollscopeError `disk` */
export async function writeVerlData(file: string, rows: readonly ReturnType<typeof verlRow>[]): Promise<void> {
  const names = ['data_source', 'prompt', 'ability', 'reward_model', 'extra_info'];
  await writeAside(file, async (aside) => {
    await parquetWriteRows({
      writer: fileWriter(aside),
      rows: [...rows],
      columns: names.map((name) => ({ name })),
      schema: SCHEMA,
      rowGroupSize: ROW_GROUP,
      createdBy: 'rollscope',
    });
  });
}
