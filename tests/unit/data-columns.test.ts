/** Columns of a dataset that its problems are grouped by. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { expect, test } from 'vitest';
import type { ProblemView } from '../../engine/runs/problem-view.ts';
import { dataColumns } from '../../engine/view/data-columns.ts';
import { columnOf, groupings, listItems, ordered } from '../../webview/problem-order.ts';
import { temporaryFolder } from '../support/processes.ts';

const folder = temporaryFolder();
const file = path.join(folder, 'problems.jsonl');
const rows = Array.from({ length: 12 }, (_, i) => ({
  id: `p${i}`,
  question: `What is "${i}"?`,
  level: i % 3,
  subject: i % 2 === 0 ? 'algebra' : 'geometry',
  url: `https://example.org/${i}`,
  same: 'x',
  rare: i === 0 ? 'a' : i === 1 ? 'b' : null,
}));
writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
const problems = rows.map(({ question }, row) => ({ source: file, row, text: question }));
const at = (name: string) => name;

test('are those with few values, which most problems have', async () => {
  const found = await dataColumns(problems, at);
  expect(Object.keys(found)).toEqual(['level', 'subject']);
  expect(found.level!.slice(0, 4)).toEqual(['0', '1', '2', '0']);
});

test('are read from a JSON list, and from columns that the run kept', async () => {
  const list = path.join(folder, 'problems.json');
  writeFileSync(list, JSON.stringify(rows));
  expect(
    Object.keys(
      await dataColumns(
        problems.map((entry) => ({ ...entry, source: list })),
        at,
      ),
    ),
  ).toContain('subject');
  const kept = problems.map((entry, i) => ({ ...entry, source: 'gone.jsonl', columns: { part: i < 6 ? 'a' : 'b' } }));
  expect(Object.keys(await dataColumns(kept, at))).toEqual(['part']);
});

test('are read from tables and Parquet files', async () => {
  const names = ['id', 'question', 'level', 'subject'] as const;
  const cell = (value: unknown) => `"${String(value).replaceAll('"', '""')}"`;
  const table = (separator: string) =>
    [names, ...rows.map((row) => names.map((name) => cell(row[name])))].map((line) => line.join(separator)).join('\n');
  writeFileSync(path.join(folder, 'problems.csv'), `\uFEFF${table(',')}`);
  writeFileSync(path.join(folder, 'problems.tsv'), table('\t'));
  const columnData = names.map((name) => ({
    name,
    data: rows.map((row) => (name === 'level' ? BigInt(row.level) : row[name])),
    type: name === 'level' ? ('INT64' as const) : ('STRING' as const),
  }));
  writeFileSync(path.join(folder, 'problems.parquet'), Buffer.from(parquetWriteBuffer({ columnData })));
  for (const extension of ['csv', 'tsv', 'parquet']) {
    const there = problems.map((entry) => ({ ...entry, source: path.join(folder, `problems.${extension}`) }));
    const found = await dataColumns(there, at);
    expect([extension, Object.keys(found)]).toEqual([extension, ['level', 'subject']]);
    expect(found.level!.slice(0, 4)).toEqual(['0', '1', '2', '0']);
  }
});

test('are not taken from rows that have changed, or from a missing file', async () => {
  const moved = problems.map((entry) => ({ ...entry, row: (entry.row + 1) % 12 }));
  expect(await dataColumns(moved, at)).toEqual({});
  expect(await dataColumns(problems, () => path.join(folder, 'nothing.jsonl'))).toEqual({});
  // A folder of that name.
  mkdirSync(path.join(folder, 'folder.csv'));
  expect(await dataColumns(problems, () => path.join(folder, 'folder.csv'))).toEqual({});
  writeFileSync(path.join(folder, 'broken.jsonl'), '{"question": ');
  expect(await dataColumns(problems, () => path.join(folder, 'broken.jsonl'))).toEqual({});
});

test('group the list, in the order of their values; problems without a value come last', () => {
  const list = problems.map(({ text }, index) => ({
    problem: { index, id: `p${index}`, text, answer: null, source: file, row: index, line: null },
    view: { quadrant: 'uncertain', share: 0.5, flip: null } as unknown as ProblemView,
    before: {} as ProblemView,
    isSame: false,
  }));
  const data = { level: problems.map((_, i) => (i === 5 ? null : String([10, 9][i % 2]))) };
  const order = ordered(list, { sort: 'file', grouping: 'column:level' }, data);
  const items = listItems(order, null);
  expect(items.flatMap((item) => (item.kind === 'group' ? [item.title] : []))).toEqual(['9', '10', 'Without a value']);
  expect(groupings(data).at(-1)).toEqual(['column:level', 'level']);
  expect([columnOf('column:level'), columnOf('none')]).toEqual(['level', null]);
  // A column of another run's dataset groups nothing.
  expect(new Set(ordered(list, { sort: 'file', grouping: 'column:other' }, data).map(({ group }) => group))).toEqual(
    new Set(['']),
  );
});
