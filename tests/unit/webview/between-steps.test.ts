/** What the panel says of two steps: flows between quadrants, the slope of answers, and filters with their completion. */
import { describe, expect, test } from 'vitest';
import { changeText } from '../../../engine/protocol/quantities.ts';
import type { ProblemView } from '../../../engine/runs/problem-view.ts';
import { flowChart, flowsOf } from '../../../webview/charts/flows.ts';
import { slopeLines, slopeText, spreadLabels } from '../../../webview/charts/slope.ts';
import { matches, parseFilter } from '../../../webview/filter.ts';
import { completed, completions, FILTER_TERMS, lastWord } from '../../../webview/filter-completion.ts';
import { markup } from './markup.ts';

const view = (quadrant: ProblemView['quadrant'], over: Partial<ProblemView> = {}) =>
  ({ quadrant, verdict: /-wrong/.test(quadrant) ? 'wrong' : 'correct', answer: 'x', ...over }) as ProblemView;
const row = (before: ProblemView['quadrant'], now: ProblemView['quadrant']) => ({
  problem: { id: 'p', text: 'text' },
  before: view(before),
  view: view(now),
});

describe('flows between quadrants', () => {
  const rows = [
    row('uncertain-wrong', 'confident-wrong'),
    row('uncertain-wrong', 'confident-wrong'),
    row('uncertain-wrong', 'confident-correct'),
    row('none', 'confident-correct'),
    row('confident-correct', 'confident-correct'),
    row('uncertain-correct', 'unanswered'),
  ];

  test('count each problem that is known at both steps once, the largest first', () => {
    const flows = flowsOf(rows);
    expect(flows[0]).toEqual({ from: 'uncertain-wrong', to: 'confident-wrong', count: 2 });
    expect(flows.reduce((sum, { count }) => sum + count, 0)).toBe(5);
  });

  test('match the filter that a click sets', () => {
    const terms = parseFilter('was:uncertain-wrong is:confident-wrong');
    expect(rows.filter((item) => matches(terms, item))).toHaveLength(2);
    expect(rows.filter((item) => matches(parseFilter('was:none'), item))).toHaveLength(1);
  });

  test('are drawn as bands between two stacks of the same height', () => {
    const html = markup(flowChart(flowsOf(rows), 150, 96, () => undefined));
    expect(html.match(/class="flow quadrant/g)).toHaveLength(4);
    const heights = [...html.matchAll(/<rect [^>]*height="?([\d.]+)/g)].map(([, height]) => Number(height));
    const sum = heights.reduce((a, b) => a + b, 0);
    expect(sum / 2).toBeCloseTo(96 - 7 * 1.5, 6);
    expect(markup(flowChart([], 150, 96, () => undefined))).not.toContain('flow quadrant');
  });
});

describe('the answers at A and B', () => {
  const cluster = (answer: string, count: number, correct: boolean | null) => ({ answer, count, correct });

  test('are lines from share to share; right ones are one line, however they are written', () => {
    const a = { rollouts: 8, unanswered: 2, clusters: [cluster('0.5', 2, true), cluster('7', 4, false)] };
    const b = { rollouts: 4, unanswered: 0, clusters: [cluster('1/2', 3, true), cluster('9', 1, false)] };
    expect(slopeLines(a, b)).toEqual([
      { answer: '1/2', correct: true, from: 0.25, to: 0.75 },
      { answer: '9', correct: false, from: 0, to: 0.25 },
      { answer: '7', correct: false, from: 0.5, to: 0 },
      { answer: null, correct: null, from: 0.25, to: 0 },
    ]);
    expect(slopeText(slopeLines(a, b))).toContain('no answer 0.25 to 0.00');
  });

  test('are at most six, those with the largest share at either end', () => {
    const clusters = Array.from({ length: 10 }, (_, i) => cluster(String(i), i + 1, null));
    const lines = slopeLines({ rollouts: 55, unanswered: 0, clusters }, { rollouts: 1, unanswered: 0, clusters: [] });
    expect(lines.map(({ answer }) => answer)).toEqual(['9', '8', '7', '6', '5', '4']);
  });

  test('have labels that do not overlap, in the order of their lines', () => {
    const places = spreadLabels([50, 50, 52, 8, 100], 8, 102);
    const sorted = [...places].sort((a, b) => a - b);
    sorted.slice(1).forEach((place, i) => {
      expect(place - sorted[i]!).toBeGreaterThanOrEqual(12);
    });
    expect(places[3]).toBe(8);
    expect(Math.max(...places)).toBeLessThanOrEqual(102);
  });

  test('show a change with a sign, and a dash if one value is unknown', () => {
    expect(changeText('share', 0.25, 0.5)).toBe('+0.25');
    expect(changeText('share', 0.5, 0.25)).toBe('-0.25');
    expect(changeText('share', 0.5, 0.5)).toBe('±0.00');
    expect(changeText('share', null, 0.5)).toBe('–');
  });
});

describe('the filter for two steps', () => {
  const stayed = [row('uncertain-wrong', 'confident-wrong'), row('confident-correct', 'confident-correct')];

  test('finds what did not change', () => {
    expect(stayed.filter((item) => matches(parseFilter('stayed:wrong'), item))).toEqual([stayed[0]]);
    expect(stayed.filter((item) => matches(parseFilter('stayed:correct'), item))).toEqual([stayed[1]]);
  });

  test('does not call a right answer with another spelling switched', () => {
    const one = {
      ...row('confident-correct', 'confident-correct'),
      view: view('confident-correct', { answer: '0.5' }),
    };
    expect(matches(parseFilter('switched'), one)).toBe(false);
  });

  test('completes the last word, and describes its terms', () => {
    expect(completions('share>0.8 bro').map(({ term }) => term)).toEqual(['broke']);
    expect(completed('share>0.8 bro', completions('bro')[0]!)).toBe('share>0.8 broke ');
    expect(completed('sin', completions('sin')[0]!)).toBe('since>');
    expect(completions('broke')).toEqual([]);
    expect(completions('nothing-like-it')).toEqual([]);
    expect(completions('').length).toBeGreaterThan(3);
    expect(lastWord('a bc')).toBe(2);
  });

  test('accepts every term that it offers', () => {
    for (const { term } of FILTER_TERMS) {
      const value = /[<>]$/.test(term) ? `${term}0.5` : term.endsWith(':') ? `${term}x` : term;
      expect(parseFilter(value)[0]!.kind, term).not.toBe('text');
    }
  });
});
