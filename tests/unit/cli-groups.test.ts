/** The groups that `analyze` and `rescore` look at are those of the read model. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readGroups } from '../../engine/cli/groups.ts';
import { readRunFolder } from '../../engine/journal/reader.ts';
import { columnsOf } from '../../engine/runs/fold.ts';
import { recordedForecast } from '../../engine/runs/head.ts';
import { forecastOf, problemForecast } from '../support/forecast.ts';
import { temporaryFolder } from '../support/processes.ts';
import { TIME } from '../support/records.ts';
import { expectRejection } from '../support/refusals.ts';
import { writeRunFixture } from '../support/run-fixture.ts';

const RUN = { problems: 4, votes: 4, steps: 3, every: 3 };

test('are those of the first phase that the run has, or of the given phase and step', async () => {
  const folder = join(temporaryFolder(), 'run');
  await writeRunFixture(folder, RUN);
  const { phase, groups, detail } = await readGroups(folder, {});
  expect([phase, groups.length]).toEqual(['train', 12]);
  expect(await detail(groups[0]!)).toMatchObject({ phase: 'train', step: 1, problem: groups[0]!.problem });
  const named = await readGroups(folder, { phase: 'evaluation', step: 3 });
  expect(named.groups.map(({ step }) => step)).toEqual([3, 3, 3, 3]);
  const reason = 'no-such-rollouts';
  await expectRejection(readGroups(folder, { phase: 'probe' }), 'usage', { reason, phase: 'probe' });
  await expectRejection(readGroups(folder, { step: 9 }), 'usage', { reason, step: 9 });
});

test('of two records of one group, the later one counts', async () => {
  const folder = join(temporaryFolder(), 'run');
  await writeRunFixture(folder, RUN);
  const path = join(folder, 'events.jsonl');
  const { records } = await readRunFolder(folder);
  const last = records.findLast((record) => record.type === 'group' && record.phase === 'train')!;
  const again = { ...last, seq: records.length };
  writeFileSync(path, `${readFileSync(path, 'utf8')}${JSON.stringify(again)}\n`);
  expect((await readGroups(folder, {})).groups).toHaveLength(12);
});

test('of a problem that is missing from the run are left out and reported', async () => {
  const folder = join(temporaryFolder(), 'run');
  await writeRunFixture(folder, RUN);
  const path = join(folder, 'events.jsonl');
  const { records } = await readRunFolder(folder);
  const last = records.findLast((record) => record.type === 'group' && record.phase === 'train')!;
  const damaged = { ...last, seq: records.length, problem: 2_000_000_000 };
  writeFileSync(path, `${readFileSync(path, 'utf8')}${JSON.stringify(damaged)}\n`);
  const { groups, chosenGroups } = await readGroups(folder, { phase: 'train' });
  expect(groups).toHaveLength(12);
  expect(chosenGroups).toBe('Left out: 1 group of problems that the run does not have');
});

test('a row contains what the record of its group contains', async () => {
  const folder = join(temporaryFolder(), 'run');
  await writeRunFixture(folder, RUN);
  const { records } = await readRunFolder(folder);
  const columns = columnsOf(records);
  const recorded = records.filter((record) => record.type === 'group');
  expect(columns.countedRows).toHaveLength(recorded.length);
  for (const [row, { type: _, seq: __, time: ___, frame, ...summary }] of recorded.entries()) {
    expect(columns.summaryOf(row)).toEqual(summary);
    expect(columns.frameOf(row)).toEqual(frame);
  }
});

test('columns contain the forecast as it was recorded', () => {
  const forecast = forecastOf([0.2, 0.8].map((right, problem) => problemForecast(problem, { right })));
  const { head } = columnsOf([{ type: 'forecast', seq: 0, time: TIME, step: 0, forecast }]);
  expect(recordedForecast(head)).toEqual(forecast);
});
