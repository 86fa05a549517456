/** Rollouts that TRL writes again after each update that they are used for count once, and those of an evaluation as one. */
import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readGroup } from '../../engine/journal/groups.ts';
import { readPrompts } from '../../engine/journal/reader.ts';
import { openColumns } from '../../engine/runs/open.ts';
import { importFrom } from '../support/import.ts';
import { temporaryFolder } from '../support/processes.ts';

const DUMP = path.join(import.meta.dirname, '../fixtures/dumps/trl-1.16.0-reused');

async function imported(source: string) {
  const report = await importFrom(source, path.join(temporaryFolder(), 'run'));
  const columns = await openColumns(report.folder);
  const groups = columns.countedRows.map((row) => ({ ...columns.idOf(row), frame: columns.frameOf(row) }));
  const stepsOf = (phase: string) => [
    ...new Set(groups.filter((group) => group.phase === phase).map(({ step }) => step)),
  ];
  return { report, columns, groups, stepsOf };
}

describe('a TRL output folder in which rollouts are used for several updates', () => {
  test('has each generation once, at its first step, and its evaluations', async () => {
    const { report, columns, groups, stepsOf } = await imported(DUMP);
    expect(report).toMatchObject({ problems: 4, rollouts: 72, steps: 2, faults: 0 });
    expect(stepsOf('train')).toEqual([1, 5]);
    expect(stepsOf('evaluation')).toEqual([3, 6]);
    expect(columns.head.evaluations.map(({ problems, samples }) => ({ problems, samples }))).toEqual([
      { problems: 2, samples: 6 },
      { problems: 2, samples: 6 },
    ]);
    for (const group of groups) expect((await readGroup(report.folder, group)).rollouts).toHaveLength(6);
    // The curves have every update.
    expect(columns.series.steps).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('keeps the chat that was logged, for a model that reads it', async () => {
    const { report } = await imported(DUMP);
    const [prompt] = (await readPrompts(report.folder))!;
    expect(prompt!.messages!.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user']);
  });

  test('without a log contains no file twice', async () => {
    const copy = path.join(temporaryFolder(), 'output');
    cpSync(DUMP, copy, { recursive: true });
    rmSync(path.join(copy, 'trainer_state.json'));
    const { stepsOf } = await imported(copy);
    expect(stepsOf('train')).not.toContain(2);
    expect(stepsOf('train')).toEqual(expect.arrayContaining([1, 5]));
  });
});
