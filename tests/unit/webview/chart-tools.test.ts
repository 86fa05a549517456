/** What the charts can do with their curves: smoothing, parts of the steps, numbers as a file, and which are shown. */
import { describe, expect, test } from 'vitest';
import { RunColumns } from '../../../engine/runs/columns.ts';
import { ChartChoice } from '../../../webview/chart-choice.ts';
import { lastOfAxis, partBetween, stepIn, zoomed } from '../../../webview/charts/domain.ts';
import { csvText, merged, tableOf } from '../../../webview/charts/export.ts';
import { MAX_CHARTS, METRIC_CHOICES } from '../../../webview/charts/metrics.ts';
import { smoothed } from '../../../webview/charts/smooth.ts';
import { chartColumns } from '../../../webview/sections/curves/rows.ts';

describe('smoothing', () => {
  test('keeps a constant, and starts where the curve starts', () => {
    for (const value of smoothed([2, 2, 2, 2], 0.9)) expect(value).toBeCloseTo(2, 12);
    expect(smoothed([3, 5], 0.6)[0]).toBeCloseTo(3, 12);
    // (0.4 * 5 + 0.6 * 0.4 * 3) / (1 - 0.6^2)
    expect(smoothed([3, 5], 0.6)[1]).toBeCloseTo((0.4 * 5 + 0.24 * 3) / 0.64, 12);
  });

  test('skips steps without a value, and changes nothing at 0', () => {
    const [first, gap, second] = smoothed([1, Number.NaN, 2], 0.6);
    expect(gap).toBeNaN();
    expect([first, second]).toEqual(smoothed([1, 2], 0.6));
    expect(smoothed([1, Number.NaN, 2], 0)).toEqual([1, Number.NaN, 2]);
  });
});

test('an axis has the planned steps once half of them exist, and before that enough for the existing ones', () => {
  expect([0, 9, 59, 700, 2600, 5000].map((step) => lastOfAxis(step, 5000))).toEqual([20, 20, 79, 1250, 5000, 5000]);
  expect([0, 6, 12].map((step) => lastOfAxis(step, 12))).toEqual([12, 12, 12]);
  // More than planned, and nothing planned.
  expect([lastOfAxis(30, 12), lastOfAxis(7, null), lastOfAxis(0, 0)]).toEqual([30, 7, 1]);
});

describe('a range of steps', () => {
  test('is what lies between two positions, within all steps, in either direction', () => {
    expect(partBetween(10.4, 20.2, [0, 100])).toEqual([10, 21]);
    expect(partBetween(20.2, 10.4, [0, 100])).toEqual([10, 21]);
    expect(partBetween(-5, 300, [0, 100])).toEqual([0, 100]);
    expect(partBetween(10, 11, [0, 100])).toBeNull();
  });

  test('zooms in around a step, and shows everything again from far enough', () => {
    expect(zoomed([0, 100], 50, 0.5, [0, 100])).toEqual([25, 75]);
    expect(zoomed([0, 100], 0, 0.5, [0, 100])).toEqual([0, 50]);
    expect(zoomed([25, 75], 50, 2, [0, 100])).toBeNull();
    expect(zoomed([10, 12], 11, 0.5, [0, 100])).toEqual([10, 12]);
    expect([stepIn([20, 40], 0.5), stepIn([20, 40], 2)]).toEqual([30, 40]);
  });
});

test('added charts are in the same row if they fit, else in rows of the same length', () => {
  expect([400, 900, 1000, 2176].map((width) => chartColumns(width, 4))).toEqual([1, 2, 4, 4]);
  expect([400, 900, 1000, 2176].map((width) => chartColumns(width, 5))).toEqual([1, 2, 5, 5]);
  expect([6, 8, 10].map((charts) => chartColumns(1000, charts))).toEqual([3, 4, 5]);
  expect([6, 8, 10, 12].map((charts) => chartColumns(2176, charts))).toEqual([6, 8, 10, 6]);
});

test('the numbers of a chart are a table, empty if there is no value', () => {
  const columns = [
    { name: 'Reward (proxy)', values: [0.5, Number.NaN] },
    { name: 'a, "b"', values: [null, 2] },
  ];
  expect(csvText(tableOf({ steps: [1, 2], columns }))).toBe('step,Reward (proxy),"a, ""b"""\n1,0.5,\n2,,2\n');
});

test('curves of two runs have a row for each step of either', () => {
  const table = merged([
    { name: 'loss', steps: [1, 2], values: [0.5, 0.25] },
    { name: 'loss (other)', steps: [2, 4], values: [3, Number.NaN] },
  ]);
  expect(csvText(table)).toBe('step,loss,loss (other)\n1,0.5,\n2,0.25,3\n4,,\n');
});

describe('the charts', () => {
  const columns = new RunColumns();
  const usual = new ChartChoice(undefined).of(columns);

  test('can be added, moved and removed, and are remembered', () => {
    const choice = new ChartChoice(undefined);
    choice.add('kl', columns);
    choice.add('kl', columns);
    expect(choice.of(columns)).toEqual([...usual, 'kl']);
    choice.move(3, -2, columns);
    choice.move(0, -1, columns);
    expect(choice.of(columns)).toEqual([usual[0], 'kl', usual[1], usual[2]]);
    choice.remove(0, columns);
    expect(new ChartChoice(choice.chosen!).of(columns)).toEqual(['kl', usual[1], usual[2]]);
    for (const place of [2, 1, 0]) choice.remove(place, columns);
    expect(new ChartChoice(choice.chosen!).of(columns)).toEqual([]);
  });

  test('are limited to what fits', () => {
    const choice = new ChartChoice(undefined);
    for (const { metric } of METRIC_CHOICES) choice.add(metric, columns);
    expect(choice.of(columns).length).toBe(Math.min(MAX_CHARTS, METRIC_CHOICES.length));
  });
});
