/** More values than a call takes arguments: texts and tables of any length are shown, and read. */
import { expect, test } from 'vitest';
import { table } from '../../engine/cli/table.ts';
import { corpusRows } from '../../engine/data/corpus.ts';
import { code } from '../../engine/protocol/markdown.ts';
import { largest, smallest } from '../../engine/protocol/values.ts';

const MANY = 200_000;

test('the largest and the smallest', () => {
  const values = Array.from({ length: MANY }, (_, i) => (i * 7919) % MANY);
  expect([largest(values), smallest(values)]).toEqual([MANY - 1, 0]);
  expect([largest([]), smallest([])]).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
});

test('code with many backticks', () => {
  expect(code('``` '.repeat(MANY)).startsWith('````')).toBe(true);
});

test('a table with many rows', () => {
  const rows = Array.from({ length: MANY }, (_, i) => [String(i)]);
  expect(table(['n'], rows).split('\n')).toHaveLength(MANY + 1);
});

test('a text in one line', () => {
  expect(corpusRows('word '.repeat(MANY)).length).toBeGreaterThan(100);
});
