/** Texts of the charts: they stay in the picture, and lie neither on curves nor on each other. */
import { describe, expect, test } from 'vitest';
import { quantityText, withUnit } from '../../../engine/protocol/quantities.ts';
import { problemScatter } from '../../../webview/charts/calibration.ts';
import { drawCurve } from '../../../webview/charts/curve.ts';
import { massChart } from '../../../webview/charts/mass.ts';
import { slopeChart } from '../../../webview/charts/slope.ts';
import { markup } from './markup.ts';

/** Texts of a picture with a class, and their places. */
function textsOf(html: string, kind: string) {
  return [...html.matchAll(new RegExp(`<text class="${kind}" x="([\\d.]+)" y="([\\d.]+)"[^>]*>([^<]*)<`, 'g'))].map(
    ([, x, y, text]) => ({ x: Number(x), y: Number(y), text: text! }),
  );
}

const LETTER = 6.2;

describe('the slope chart of answers', () => {
  const lines = [
    { answer: 'Fredrickson', correct: false, from: 0.13, to: 0 },
    { answer: 'Havana', correct: true, from: 0.5, to: 1 },
  ];

  test.each([200, 340, 428])('keeps its labels within %d pixels, and truncates no more than necessary', (width) => {
    const labels = textsOf(markup(slopeChart(lines, ['A: x', 'B: y'], width, 110)), 'slope-label');
    for (const { x, text } of labels) {
      const isLeft = x < width / 2;
      expect([text, isLeft ? x - text.length * LETTER >= 0 : x + text.length * LETTER <= width]).toEqual([text, true]);
    }
    if (width > 300) expect(labels.some(({ text }) => text.includes('Havana'))).toBe(true);
    if (width > 400) expect(labels.some(({ text }) => text.includes('Fredrickson 0.13'))).toBe(true);
  });

  test.each([200, 428])('labels A and B below its axes, within %d pixels', (width) => {
    const names = (a: string) => {
      const html = markup(slopeChart(lines, [a, 'B: step 24'], width, 110));
      return ['slope-name a', 'slope-name b'].map((kind) => textsOf(html, kind)[0]!.text);
    };
    expect(names('A: before training')).toEqual(['A: before training', 'B: step 24']);
    const [a, b] = names('A: majority-vote-problems-20261130-011753, before training');
    expect((a!.length + b!.length) * 5.4).toBeLessThan(width);
    expect([a!.endsWith('…'), b]).toEqual([width < 400, 'B: step 24']);
  });
});

describe('the answer distribution', () => {
  const step = (at: number, counts: Record<string, number>) => ({
    step: at,
    rollouts: 8,
    clusters: Object.entries(counts).map(([answer, count]) => ({ answer, count, correct: answer === '5' })),
  });

  test('labels answers where there is room, in their layer', () => {
    const groups = [0, 1, 2, 3, 4, 5, 6].map((at) => step(at, at < 4 ? { 5: 7, 6: 1 } : { 5: 1, 6: 7 }));
    const labels = textsOf(markup(massChart(groups, 400, 110, 6, null)), 'layer-name');
    expect(labels.map(({ text }) => text).sort()).toEqual(['5', '6']);
    const [five, six] = ['5', '6'].map((text) => labels.find((candidate) => candidate.text === text)!);
    expect(five!.x).toBeLessThan(six!.x);
  });

  test('is quick for a thousand steps', () => {
    const groups = Array.from({ length: 1000 }, (_, at) => step(at, { 5: 8 }));
    expect(textsOf(markup(massChart(groups, 400, 110, 1000, null)), 'layer-name')).toHaveLength(1);
  });
});

test('no curve crosses the unit of its axis', () => {
  const series = [{ name: 'plain', steps: [1, 2, 3], values: [1, 1, 1] }];
  const of = (unit?: string) => {
    const { scales } = drawCurve({ width: 300, height: 100, domain: [0, 3], series, ...(unit && { unit }) });
    return scales.y({})(1);
  };
  expect(of('nats/token')).toBeGreaterThan(of());
  const [, y] = /class="axis-name" x="294" y="([\d.]+)"/.exec(
    markup(drawCurve({ width: 300, height: 100, domain: [0, 3], series, unit: 'nats/token' }).picture),
  )!;
  expect(of('nats/token') - Number(y)).toBeGreaterThan(4);
});

test('problems at the same point are counted', () => {
  const row = (index: number, share: number, accuracy: number) =>
    ({
      problem: { index, id: `p-${index}` },
      view: { share, accuracy, confidence: null, verdict: accuracy > 0.5 ? 'correct' : 'wrong' },
    }) as never;
  const rows = [row(0, 1, 1), row(1, 1, 1), row(2, 0.99, 0.99), row(3, 0.5, 0), row(4, 0.5, 0)];
  const counts = textsOf(markup(problemScatter(rows, true, { width: 300, height: 300 }, null)), 'several');
  expect(counts.map(({ text }) => text)).toEqual(['3']);
});

test('long responses are as readable as their axis', () => {
  expect(quantityText('length', 4900)).toBe('4,900.0');
  expect(withUnit('length', 1234567.25)).toBe('1,234,567.3 tokens');
  expect(quantityText('length', 20)).toBe('20.0');
  expect([0.125, -0.05, -0.004].map((value) => quantityText('share', value))).toEqual(['0.13', '-0.05', '0.00']);
});
