/** The grid of rows that are sampled together: its arrays, the tokens that it takes, and what stays when it is packed. */
import { expect, test } from 'vitest';
import { byStatistic } from '../../engine/protocol/group.ts';
import {
  appendTokens,
  arraysOf,
  finishedRollouts,
  type Grid,
  newRows,
  packGrid,
  progressOf,
} from '../../engine/rollout/grid.ts';

const EOS = 1;
const rules = { eosIds: [EOS], maxTokens: 3 };

/** Two problems of two rows each. */
function gridOf(): Grid {
  return [
    { problem: 7, prompt: Int32Array.of(5, 6), places: newRows(0, 2) },
    { problem: 9, prompt: Int32Array.of(8, 9, 10), places: newRows(4, 2) },
  ];
}

/** Every statistic of a token is the token itself. */
function taken(grid: Grid, drawn: number[], complete?: (tokens: readonly number[]) => number | null): number {
  return appendTokens(
    grid,
    Int32Array.from(drawn),
    byStatistic(() => Float32Array.from(drawn)),
    { ...rules, complete },
  );
}

test('a row continues from its last token, with its own random numbers', () => {
  const grid = gridOf();
  const random = (problem: number, rollout: number, token: number) => problem * 100 + rollout * 10 + token;
  const first = arraysOf(grid, 2, random);
  expect([...first.tokens]).toEqual([6, 6, 10, 10]);
  expect([...first.position]).toEqual([1n, 1n, 2n, 2n]);
  expect([...first.uniform]).toEqual([700, 710, 940, 950, 701, 711, 941, 951]);
  expect([...first.done]).toEqual([0, 0, 0, 0]);
  taken(grid, [20, EOS, 22, 23]);
  const second = arraysOf(grid, 1, random);
  expect([...second.tokens]).toEqual([20, EOS, 22, 23]);
  expect([...second.position]).toEqual([2n, 2n, 3n, 3n]);
  expect([...second.uniform]).toEqual([701, 0, 941, 951]);
  expect([...second.done]).toEqual([0, 1, 0, 0]);
});

test('a row ends at an end token or at the maximum length, and samples nothing after that', () => {
  const grid = gridOf();
  expect(taken(grid, [20, EOS, 22, 23, 30, 31, EOS, 33, 40, 41, 42, 43])).toBe(3 + 1 + 2 + 3);
  const [a, b] = grid.map(({ places }) => finishedRollouts(places.map((row) => row!)));
  expect(a!.map(({ tokens, finish }) => [[...tokens], finish])).toEqual([
    [[20, 30, 40], 'length'],
    [[EOS], 'stop'],
  ]);
  expect(b!.map(({ top1, finish }) => [[...top1], finish])).toEqual([
    [[22, EOS], 'stop'],
    [[23, 33, 43], 'length'],
  ]);
  // One buffer, so that a problem's arrays go to another thread together.
  expect(new Set(a!.flatMap(({ tokens, entropy }) => [tokens.buffer, entropy.buffer])).size).toBe(1);
});

test('a row ends where its text is complete; an end token sampled right there is kept', () => {
  const grid = gridOf();
  const complete = (tokens: readonly number[]) => (tokens.includes(30) ? tokens.indexOf(30) + 1 : null);
  taken(grid, [20, 30, 30, 23, 30, EOS, 32, 33, 40, 41, 42, 43], complete);
  const ends = grid.flatMap(({ places }) => places.map((row) => [row!.tokens, row!.statistics.entropy, row!.finish]));
  expect(ends).toEqual([
    [[20, 30], [20, 30], 'stop'],
    [[30, EOS], [30, EOS], 'stop'],
    [[30], [30], 'stop'],
    [[23, 33, 43], [23, 33, 43], 'length'],
  ]);
});

test('packing keeps problems with a running row, with as many places as the largest needs, and names their caches', () => {
  const grid: Grid = [
    { problem: 1, prompt: Int32Array.of(2), places: newRows(0, 3) },
    { problem: 2, prompt: Int32Array.of(3), places: newRows(0, 3) },
    { problem: 3, prompt: Int32Array.of(4), places: newRows(0, 3) },
  ];
  taken(grid, [EOS, 20, 21, EOS, EOS, EOS, EOS, EOS, 22]);
  expect(progressOf(grid)).toEqual({ places: 9, running: 3, length: 1 });
  const packed = packGrid(grid, 2);
  expect(packed.grid.map(({ problem, places }) => [problem, places.map((row) => row?.index ?? null)])).toEqual([
    [1, [1, 2]],
    [3, [2, null]],
  ]);
  // Two heads of each problem; of each head three rows before, two now.
  expect(packed.promptRows).toEqual([0, 1, 4, 5]);
  expect(packed.generatedRows).toEqual([1, 2, 4, 5, 14, 14, 17, 17]);
});
