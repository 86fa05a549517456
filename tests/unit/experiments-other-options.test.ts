/** Options of an experiment that are not its own, and parts of so many problems. */
import { expect, test } from 'vitest';
import { otherOptions, otherOptionsText } from '../../engine/experiments/other-options.ts';
import { partText } from '../../engine/experiments/parts/criteria.ts';
import { countOf } from '../../engine/protocol/format.ts';
import { RunConfig } from '../../engine/protocol/index.ts';

const base = RunConfig.parse({ dataset: { path: 'embedded' }, steps: 250 });
const recipe = (given: Partial<RunConfig> = {}, seeds = [0, 1, 2], against: string[] = []) => ({
  base: { ...base, ...given },
  seeds,
  against,
});

test('an experiment with its own options has none; threads and memory do not count', () => {
  expect(otherOptions(recipe({ threads: 1, memoryLimit: 2 ** 30 }), recipe())).toEqual([]);
});

test('each option is listed with its value', () => {
  const given = recipe(
    { steps: 5, optimizer: { ...base.optimizer, lr: 0.5 }, model: 'embedded:W' },
    [0],
    ['embedded:L'],
  );
  const found = otherOptions(given, recipe());
  expect(found.map(({ name, value, usual }) => [name, value, usual])).toEqual([
    ['--model', 'embedded:W', 'embedded'],
    ['--steps', '5', '250'],
    ['--lr', '0.5', String(base.optimizer.lr)],
    ['seeds', '0', '0, 1, 2'],
    ['--against', 'embedded:L', 'none'],
  ]);
  expect(otherOptionsText(found)).toContain('--steps 5 (250), --lr 0.5 (');
});

test('a subset of problems is listed by its number', () => {
  const all = { mean: 1, low: 0.926, high: 1, n: 48 };
  expect(partText(all, 48)).toBe('48 of 48 problems, a share of 1 (0.926 to 1)');
  expect(countOf(0.5, 3)).toBe('1.5 of 3');
});
