/** The list of problems, the room of the panes, and the colors of the matrix. */
import { describe, expect, test } from 'vitest';
import type { ProblemView } from '../../../engine/runs/problem-view.ts';
import { contrastOf, MIN_CONTRAST, type Rgb, ramp } from '../../../webview/charts/contrast.ts';
import { cellEdge, stepAt } from '../../../webview/charts/matrix.ts';
import { CHARTS_HEIGHT, Layout } from '../../../webview/layout.ts';
import { listItems, ordered } from '../../../webview/problem-order.ts';
import type { ProblemRow } from '../../../webview/problem-row.ts';
import { Remembered } from '../../../webview/remembered.ts';
import { columnsFor } from '../../../webview/sections/problems/columns.ts';

const row = (index: number, id: string, view: Partial<ProblemView>): ProblemRow =>
  ({
    problem: { index, id },
    view: { flip: null, share: null, prediction: null, ...view },
    before: { share: 0.5 },
  }) as ProblemRow;

const ROWS = [
  row(0, 'a-10', { quadrant: 'confident-correct', share: 0.9 }),
  row(1, 'a-9', { quadrant: 'confident-wrong', share: 0.9, flip: { since: 5, until: 4, from: 'correct' } }),
  row(2, 'b-1', { quadrant: 'confident-wrong', share: 1, flip: { since: 53, until: 50, from: 'correct' } }),
  row(3, 'b-2', { quadrant: 'none' }),
];
const places = (sort: 'flipped' | 'share' | 'id' | 'gain', grouping: 'quadrant' | 'prefix' | 'none') =>
  ordered(ROWS, { sort, grouping }).map(({ index }) => index);

describe('the order of the problems', () => {
  test('has the problems that changed last first, and those without a value last', () => {
    expect(places('flipped', 'none')).toEqual([2, 1, 0, 3]);
    expect(places('share', 'none')).toEqual([2, 0, 1, 3]);
    expect(places('gain', 'none')).toEqual([2, 0, 1, 3]);
    expect(places('id', 'none')).toEqual([1, 0, 2, 3]);
  });

  test('has the problems whose answer changed last first, if there are no references', () => {
    const unlabeled = [3, 0, 12].map((answer, i) =>
      row(i, `p-${i}`, { verdict: 'unknown', since: { answer, verdict: null } }),
    );
    expect(ordered(unlabeled, { sort: 'flipped', grouping: 'none' }).map(({ index }) => index)).toEqual([2, 0, 1]);
  });

  test('keeps groups together: the confident & wrong first, or by id prefix', () => {
    expect(places('id', 'quadrant')).toEqual([1, 2, 0, 3]);
    expect(places('share', 'prefix')).toEqual([0, 1, 2, 3]);
    const items = listItems(ordered(ROWS, { sort: 'flipped', grouping: 'quadrant' }), new Set([1, 2, 3]));
    expect(
      items.map((item) => (item.kind === 'group' ? `${item.title} ${item.count}` : ROWS[item.index]!.problem.id)),
    ).toEqual(['Confident & wrong 2', 'b-1', 'a-9', 'Not sampled yet 1', 'b-2']);
  });
});

describe('panes', () => {
  test('share the space, and none becomes unreadable', () => {
    const layout = new Layout(undefined, () => undefined);
    expect(layout.kept).toEqual({});
    for (const width of [1000, 1400, 2200]) {
      const { problems, problem, rollout } = layout.paneWidths(width);
      expect(problems + problem + rollout).toBe(width);
      expect(Math.min(problems, problem, rollout)).toBeGreaterThanOrEqual(220);
    }
    layout.move('problems', -2000, 1400, 900);
    expect(layout.paneWidths(1400).problems).toBe(220);
    layout.move('rollout', -2000, 1400, 900);
    expect(layout.paneWidths(1400)).toEqual({ problems: 220, problem: 220, rollout: 960 });
    layout.move('charts', 2000, 1400, 900);
    expect(layout.chartsHeight(1400, 900)).toBe(450);
    const again = new Layout(layout.kept, () => undefined);
    expect(again.paneWidths(1400)).toEqual(layout.paneWidths(1400));
    again.reset();
    expect(again.chartsHeight(1400, 900)).toBe(CHARTS_HEIGHT.usual);
  });

  test('of a wide panel give the list more space, until an edge is moved', () => {
    const layout = new Layout(undefined, () => undefined);
    const usual = layout.paneWidths(1400).problems / 1400;
    const wide = layout.paneWidths(2200);
    expect(wide.problems / 2200).toBeGreaterThan(usual);
    // Two charts of the problem are next to each other still.
    expect(wide.problem).toBeGreaterThan(560);
    layout.show('problem');
    expect(layout.paneWidths(2200)).toEqual(wide);
    layout.move('rollout', 40, 2200, 1200);
    expect(layout.paneWidths(2200)).toEqual({ ...wide, problem: wide.problem + 40, rollout: wide.rollout - 40 });
    layout.move('problems', -100, 2200, 1200);
    expect(layout.paneWidths(2200).problems).toBe(wide.problems - 100);
    expect(layout.paneWidths(2200).rollout).toBe(wide.rollout - 40);
  });

  test('are larger if there is space, one at a time if there is little', () => {
    const layout = new Layout({ layout: { charts: 'x' } as never, scroll: { problems: 40 } }, () => undefined);
    expect(layout.chartsHeight(2200, 1200)).toBeGreaterThan(layout.chartsHeight(1400, 1200));
    expect([999, 1000].map((width) => layout.isNarrow(width))).toEqual([true, false]);
    expect(layout.kept).toEqual({ scroll: { problems: 40 } });
    // Another tab or another width of a pane is no word about the charts.
    layout.show('problem');
    layout.move('problems', 20, 2200, 1200);
    const again = new Layout(JSON.parse(JSON.stringify(layout.kept)), () => undefined);
    expect(again.tab).toBe('problem');
    expect(again.chartsHeight(2200, 1200)).toBe(CHARTS_HEIGHT.wide);
    again.move('charts', 10, 2200, 1200);
    expect(again.chartsHeight(2200, 1200)).toBe(CHARTS_HEIGHT.wide + 10);
    expect(again.chartsHeight(1400, 1200)).toBe(CHARTS_HEIGHT.wide + 10);
  });

  test('have the columns that fit their width', () => {
    const run = { trained: true, labeled: true, forecast: true };
    const keys = (width: number, of = run) => columnsFor(width, of).map(({ key }) => key);
    expect(keys(300)).toEqual(['id', 'marks', 'matrix', 'now']);
    expect(keys(1000)).toContain('curve');
    const unlabeled = keys(1000, { ...run, labeled: false });
    expect(unlabeled).not.toContain('until');
    // Since when it has its answer is known without references, too.
    expect(unlabeled).toContain('since');
    const hint = (labeled: boolean) => columnsFor(1000, { ...run, labeled }).find(({ key }) => key === 'since')!.hint;
    expect(hint(false)).not.toBe(hint(true));
  });
});

describe('the matrix', () => {
  const themes: [Rgb, Rgb][] = [
    [
      [31, 31, 31],
      [55, 148, 255],
    ],
    [
      [255, 255, 255],
      [26, 133, 255],
    ],
    [
      [0, 0, 0],
      [241, 76, 76],
    ],
    [
      [255, 255, 255],
      [229, 20, 0],
    ],
    [
      [255, 255, 255],
      [255, 255, 200],
    ],
  ];
  test.each(themes)(
    'has colors on %j that can be distinguished from it, the stronger the larger the share',
    (background, color) => {
      const contrasts = ramp(color, background, 6).map((entry) => contrastOf(entry, background));
      expect(Math.min(...contrasts)).toBeGreaterThanOrEqual(MIN_CONTRAST);
      expect(contrasts).toEqual([...contrasts].sort((a, b) => a - b));
      expect(contrasts.at(-1)! - contrasts[0]!).toBeGreaterThan(3);
    },
  );

  test('finds the step under a point', () => {
    const frame = { steps: 10, width: 220 };
    for (const step of [0, 1, 7, 10]) expect(stepAt(frame, cellEdge(frame, step) + 1)).toBe(step);
    expect([stepAt(frame, -5), stepAt(frame, 500)]).toEqual([0, 10]);
  });
});

test('a cached value is recomputed when a part of it has changed', () => {
  const known = new Remembered<number>();
  let made = 0;
  const of = (...parts: unknown[]) => known.of(parts, () => ++made);
  expect([of(1, 'a'), of(1, 'a'), of(2, 'a'), of(2), of(2)]).toEqual([1, 1, 2, 3, 3]);
});
