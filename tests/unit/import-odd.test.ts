/** Dumps of verl as strangers have them: linked folders, empty and packed files, several validation sets, labels in objects. */
import { mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test, vi } from 'vitest';
import { importFile } from '../../engine/cli/commands/import.ts';
import { labelOf } from '../../engine/data/labels.ts';
import { readRunFolder } from '../../engine/journal/reader.ts';
import { openColumns } from '../../engine/runs/open.ts';
import { importFrom } from '../support/import.ts';
import { temporaryFolder } from '../support/processes.ts';
import { refusalOf } from '../support/refusals.ts';
import { expectWarnings } from '../support/wording.ts';

type Row = Record<string, unknown>;

/** Two problems with two rollouts each, of which the first is right. */
function rows(step: number, { set = 'p', gts = (answer: string): unknown => answer } = {}): Row[] {
  return [1, 2].flatMap((problem) =>
    [0, 1].map((rollout) => ({
      ...{ input: `user\nOf ${set}: what is ${problem} + 1?\nassistant\n`, gts: gts(`${problem + 1}`) },
      ...{ output: `\\boxed{${problem + 1 + rollout}}`, score: 1 - rollout, step },
    })),
  );
}

function write(folder: string, step: number, options?: Parameters<typeof rows>[1]): string {
  mkdirSync(folder, { recursive: true });
  const text = rows(step, options).map((row) => `${JSON.stringify(row)}\n`);
  const file = path.join(folder, `${step}.jsonl`);
  writeFileSync(file, text.join(''));
  return file;
}

const runIn = () => path.join(temporaryFolder(), 'run');

test('a folder of rollouts may be a link', async () => {
  const root = temporaryFolder();
  write(path.join(root, 'elsewhere', 'data'), 1);
  mkdirSync(path.join(root, 'dump'));
  symlinkSync(path.join(root, 'elsewhere', 'data'), path.join(root, 'dump', 'rollouts'));
  symlinkSync(path.join(root, 'nowhere'), path.join(root, 'dump', 'broken'));
  expect(await importFrom(path.join(root, 'dump'), runIn())).toMatchObject({ importer: 'verl', rollouts: 4, steps: 1 });
});

test('the first files may be empty', async () => {
  const root = temporaryFolder();
  writeFileSync(path.join(root, '1.jsonl'), '');
  writeFileSync(path.join(root, '2.jsonl'), '\n');
  write(root, 3);
  expect(await importFrom(root, runIn())).toMatchObject({ importer: 'verl', rollouts: 4, steps: 1 });
});

test('a compressed step is reported, and the others are imported', async () => {
  const root = temporaryFolder();
  for (const step of [1, 2]) write(root, step);
  writeFileSync(path.join(root, '3.jsonl.gz'), gzipSync('{}'));
  const report = await importFrom(root, runIn());
  expect(report).toMatchObject({ rollouts: 8, steps: 2, faults: 1 });
  expect(report.named).toMatchObject([{ place: '3.jsonl.gz', why: 'compressed: unpack it first' }]);
  const packed = temporaryFolder();
  renameSync(path.join(root, '3.jsonl.gz'), path.join(packed, '3.jsonl.gz'));
  await expect(importFrom(packed, runIn())).rejects.toThrow(/3\.jsonl\.gz: compressed: unpack it first/);
});

test('several sets that are validated at one step are one evaluation', async () => {
  const root = temporaryFolder();
  for (const step of [0, 2]) {
    write(path.join(root, 'val_aime'), step, { set: 'aime' });
    write(path.join(root, 'val_math'), step, { set: 'math' });
  }
  for (const step of [1, 2]) write(path.join(root, 'rollouts'), step);
  const folder = runIn();
  expect(await importFrom(root, folder)).toMatchObject({ problems: 6, groups: 12, steps: 2 });
  const { records } = await readRunFolder(folder);
  const evaluations = records.flatMap((record) =>
    record.type === 'evaluation' ? [[record.step, record.problems]] : [],
  );
  expect(evaluations).toEqual([
    [0, 4],
    [2, 4],
  ]);
  const { head } = await openColumns(folder);
  expect(head.evaluations.map(({ problems }) => problems)).toEqual([4, 4]);
});

test.each([
  [{ ground_truth: '5', style: 'rule' }, { answer: '5' }],
  [{ target: ['5', 'five'] }, { answer: '5', accepted: ['5', 'five'] }],
  [{ answer: 7 }, { answer: '7' }],
  [
    { value: '5', aliases: ['V'] },
    { answer: '5', accepted: ['5', 'V'] },
  ],
])('%j is a label', (cell, label) => {
  expect(labelOf(cell)).toEqual(label);
});

test('the reference of a dump may be an object', async () => {
  const root = temporaryFolder();
  write(root, 1, { gts: (answer) => ({ ground_truth: answer, style: 'rule' }) });
  expect(await importFrom(root, runIn())).toMatchObject({ compared: 4, disagreements: 0 });
});

test('the error about an unrecognized folder says where rollouts are', async () => {
  const root = temporaryFolder();
  write(path.join(root, 'outputs', 'first', 'rollouts'), 1);
  const nested = await refusalOf(importFile(root, { out: runIn() }));
  expect(nested).toMatchObject({ code: 'dataset', details: { reason: 'no-importer' } });
  expect(nested.hint).toContain(path.join(root, 'outputs', 'first'));
  const file = path.join(root, 'rollouts.jsonl.gz');
  writeFileSync(file, gzipSync('{}\n'));
  const packed = await refusalOf(importFile(file, { out: runIn() }));
  expect(packed.hint).toContain('unpack it first');
});

/** Rows of a log of any trainer. */
async function importRows(rows: readonly Row[]) {
  const file = path.join(temporaryFolder(), 'log.jsonl');
  const text = rows.map((row) => `${JSON.stringify({ prompt: '1+1=', completion: 'It is 2.', ...row })}\n`);
  writeFileSync(file, text.join(''));
  return { file, folder: runIn() };
}

test('rollouts without a step are counted if others have one, and their new step is reported', async () => {
  const { file, folder } = await importRows([{ step: null }, { step: 4 }, { step: null }, {}]);
  const report = await importFrom(file, folder);
  expect(report).toMatchObject({ rollouts: 4, steps: 2, faults: 0 });
  expect(report.withoutStep).toContain('3');
  const { head } = await openColumns(folder);
  expect(head.warnings.map(({ code, message }) => [code, message])).toEqual([['import', report.withoutStep]]);
  expectWarnings((await readRunFolder(folder)).records);
});

test('a log without steps is one step, without a remark', async () => {
  const { file, folder } = await importRows([{}, { step: null }]);
  expect(await importFrom(file, folder)).toMatchObject({ steps: 1, withoutStep: null });
});

test('a row with an impossible step is skipped', async () => {
  const { file, folder } = await importRows([{ step: 1e15 }, { step: 2 ** 31 }, { step: 2 ** 31 - 1 }]);
  expect(await importFrom(file, folder)).toMatchObject({ rollouts: 1, faults: 2 });
  expect((await openColumns(folder)).groups.columns.step[0]).toBe(2 ** 31 - 1);
});

test('--out is the run itself, or an existing folder that contains it', async () => {
  const { file } = await importRows([{ step: 1 }]);
  const root = temporaryFolder();
  const quiet = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const runs = path.join(root, 'runs');
  await importFile(file, { out: path.join(runs, 'mine') });
  // Once more: the same run, in which nothing is imported twice.
  await importFile(file, { out: path.join(runs, 'mine') });
  await importFile(file, { out: runs, name: 'named' });
  await importFile(file, { out: runs });
  write.mockRestore();
  quiet.mockRestore();
  const names = readdirSync(runs).sort();
  expect(names.filter((name) => !name.startsWith('import-'))).toEqual(['mine', 'named']);
  expect(names).toHaveLength(3);
  expect((await openColumns(path.join(runs, 'mine'))).groups.length).toBe(1);
});
