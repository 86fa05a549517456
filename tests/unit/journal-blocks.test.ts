/** A journal that is read by the block: a block is there until the next one, and what is kept of it is a copy. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { EVENTS_FILE } from '../../engine/journal/layout.ts';
import { readLineBlocks } from '../../engine/journal/lines.ts';
import { openJournal } from '../../engine/journal/open.ts';
import { columnsOf } from '../../engine/runs/fold.ts';
import { scanLines } from '../../engine/runs/line-scan.ts';
import { openColumns } from '../../engine/runs/open.ts';
import { viewOf } from '../../engine/runs/packed.ts';
import { Table } from '../../engine/runs/table.ts';
import { trainedRows } from '../../engine/runs/trained-rows.ts';
import { temporaryFolder } from '../support/processes.ts';
import { group } from '../support/records.ts';
import { expectRejection } from '../support/refusals.ts';
import { createFixtureJournal, writeRunFixture } from '../support/run-fixture.ts';

const MEGABYTE = 2 ** 20;

test('blocks contain whole lines, however long they are', async () => {
  const file = path.join(temporaryFolder(), 'lines');
  const lines = Array.from({ length: 40 }, (_, i) => `${i} ${'x'.repeat((i % 7) * 100_000)}\n`);
  writeFileSync(file, `${lines.join('')}unfinished`);
  const blocks: string[] = [];
  const buffers = new Set<ArrayBufferLike>();
  for await (const block of readLineBlocks(file)) {
    blocks.push(block.toString());
    if (block.length <= MEGABYTE) buffers.add(block.buffer);
  }
  expect(blocks.join('')).toBe(lines.join(''));
  expect(blocks.every((block) => block.endsWith('\n'))).toBe(true);
  // one for those that fit, and none of its own for each
  expect(buffers.size).toBeLessThan(blocks.length);
});

test('the last record of a block counts even if later blocks contain only broken lines', async () => {
  const run = path.join(temporaryFolder(), 'run');
  await writeRunFixture(run, { problems: 2, steps: 2, votes: 2, outcome: 'interrupted' });
  const events = path.join(run, EVENTS_FILE);
  const records = readFileSync(events, 'utf8');
  const broken = `{"broken": ${'9'.repeat(50)}\n`.repeat((3 * MEGABYTE) / 62);
  writeFileSync(events, records + broken);
  expect(await scanLines(run, false)).toMatchObject({ skipped: {}, warnings: [] });
  // one is missing before the last
  const at = records.lastIndexOf('\n', records.length - 2) + 1;
  const last = { ...JSON.parse(records.slice(at)), seq: 99_999 };
  writeFileSync(events, `${records.slice(0, at)}${JSON.stringify(last)}\n${broken}`);
  await expectRejection(scanLines(run, false), 'run-broken', { reason: 'out-of-order', value: 99_999 });
});

test('tables have room for as many rows as a journal will have, and grow if it has more', async () => {
  const table = new Table({ a: Int32Array, b: Float64Array });
  table.push({ a: 1, b: 2 });
  table.reserve(1000);
  const { a } = table.columns;
  expect(a).toHaveLength(1000);
  for (let i = 2; i <= 1000; i++) table.push({ a: i, b: 2 * i });
  expect(table.columns.a).toBe(a);
  for (let i = 1001; i <= 3000; i++) table.push({ a: i, b: 2 * i });
  expect([...table.pack().a!]).toEqual(Array.from({ length: 3000 }, (_, i) => i + 1));

  // Lines that get longer, and then shorter than those that the number of rows is guessed from.
  const run = path.join(temporaryFolder(), 'run');
  const journal = await createFixtureJournal(run);
  await journal.close();
  const events = path.join(run, EVENTS_FILE);
  const before = readFileSync(events, 'utf8').split('\n').length - 1;
  const [long, short] = [24, 2].map((count) => {
    const answers = Array.from({ length: count }, (_, k) => `${k} ${'y'.repeat(10 * count)}`);
    return group(0, 1, answers[0]!, { problem: 0, answers, reference: '1' });
  });
  const records = Array.from({ length: 24_000 }, (_, i) => ({
    ...(i < 4000 ? long! : short!),
    ...{ seq: before + i, step: i + 1 },
  }));
  appendFileSync(events, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  const opened = viewOf(await openColumns(run));
  expect(opened.groups).toEqual(viewOf(columnsOf(records)).groups);
});

test('rollouts are in the run folder: a record that names another file has none', async () => {
  const root = temporaryFolder();
  const run = path.join(root, 'run');
  await writeRunFixture(run, { problems: 2, steps: 4, votes: 2, every: 2, outcome: 'stopped' });
  const outside = path.join(root, 'outside.bin');
  const rollouts = readFileSync(path.join(run, 'rollouts-000.bin'));
  writeFileSync(outside, rollouts);
  const events = path.join(run, EVENTS_FILE);
  writeFileSync(events, readFileSync(events, 'utf8').replaceAll('rollouts-000.bin', '../outside.bin'));
  await expectRejection(openJournal(run), 'run-broken', { reason: 'missing-rollouts', bytes: 0 });
  expect(readFileSync(outside)).toEqual(rollouts);
});

test('a record with a huge problem index costs no more than another', () => {
  const columns = columnsOf([
    group(0, 1, '1', { problem: 2_000_000_000, answers: ['1'], reference: '1' }),
    group(1, 1, '1', { problem: 3, answers: ['1'], reference: '1' }),
    group(2, 2, '2', { problem: 3, answers: ['2'], reference: '1' }),
  ]);
  expect(columns.sampled).toEqual([3, 2_000_000_000]);
  expect(columns.rowsOf(3)).toEqual([1, 2]);
  expect([columns.rowsOf(2_000_000_000), columns.rowsOf(5)]).toEqual([[0], []]);
  expect(trainedRows(columns).map(({ rows }) => rows)).toEqual([[1, 2], [0]]);
});
