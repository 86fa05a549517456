import { describe, expect, test } from 'vitest';
import { StepRecord } from '../../../engine/protocol/records.ts';
import { MetricSeries } from '../../../engine/runs/series.ts';
import { CHOSEN_CHARTS, defaultCharts, METRIC_CHOICES } from '../../../webview/charts/metrics.ts';
import { areShares, axisRange } from '../../../webview/charts/scale.ts';

describe('axes', () => {
  test('cover values of any scale', () => {
    expect(axisRange([])).toEqual([0, 1]);
    expect(axisRange([null, null])).toEqual([0, 1]);
    expect(axisRange([0, 0])).toEqual([0, 1]);
    expect(axisRange([0.5, null, 2])).toEqual([0, 2.1]);
    // All below 0, as entropies are: the largest must not be cut off.
    const [low, high] = axisRange([-3, -1]);
    expect([low, high]).toEqual([-3.1, -0.9]);
    expect(axisRange([-2, 2])).toEqual([-2.2, 2.2]);
    const [under, over] = axisRange([-5, -5]);
    expect(under).toBeLessThan(-5);
    expect(over).toBeGreaterThan(-5);
  });

  test('distinguish shares from other values', () => {
    expect([areShares([0, 1, null]), areShares([]), areShares([0.5, 1.01]), areShares([-0.01])]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('the choice of metrics', () => {
  const metrics = new Set(Object.keys(StepRecord.shape.metrics.shape));

  test('lists each metric of a step once, including the default ones', () => {
    const chosen = METRIC_CHOICES.map(({ metric }) => metric);
    for (const metric of chosen) expect(metrics).toContain(metric);
    expect(new Set(chosen).size).toBe(chosen.length);
    for (const labeled of [true, false]) {
      for (const saysRight of [true, false]) {
        const charts = defaultCharts({ labeled, saysRight }, new MetricSeries());
        expect(charts).toHaveLength(CHOSEN_CHARTS);
        for (const metric of charts) expect(chosen).toContain(metric);
      }
    }
    for (const metric of ['answerEntropy', 'repetition', 'kl', 'confidenceAgreement', 'clipFraction', 'gradientNorm']) {
      expect(chosen).toContain(metric);
    }
  });

  test('starts with metrics that the run has, if it lacks the default ones', () => {
    const head = { labeled: true, saysRight: false };
    const series = new MetricSeries();
    series.push(1, [
      ['labelAccuracy', 0.5],
      ['entropy', null],
      ['length', 20],
      ['foreign/loss', 0.1],
    ]);
    expect(defaultCharts(head, series)).toEqual(['labelAccuracy', 'foreign/loss', 'length']);
    const without = new MetricSeries();
    without.push(1, [['length', 20]]);
    expect(defaultCharts(head, without)).toEqual(['labelAccuracy', 'entropy', 'length']);
  });

  test('shows a dash if there is no value', () => {
    for (const { text } of METRIC_CHOICES) expect(text(null)).toMatch(/^–/);
  });
});
