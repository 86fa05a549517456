/** Histograms of the problems: their bins, the filter that a bin makes, and metrics that the collapse watch names. */
import { beforeAll, describe, expect, test } from 'vitest';
import { WATCHED_METRICS } from '../../../engine/protocol/watched-metrics.ts';
import { OpenRun } from '../../../engine/view/open-run.ts';
import { binFilter, binned, edgesOf, rangeIn } from '../../../webview/bins.ts';
import { namedByWatch } from '../../../webview/chart-choice.ts';
import { choiceOf } from '../../../webview/charts/metrics.ts';
import { matches, parseFilter } from '../../../webview/filter.ts';
import type { Store } from '../../../webview/store.ts';
import { temporaryFolder } from '../../support/processes.ts';
import { writeRunFixture } from '../../support/run-fixture.ts';
import { markup, templatesOf } from './markup.ts';
import { changeHead, panelOn, rendered, template } from './panel.ts';

let run: OpenRun;
beforeAll(async () => {
  const { folder } = await writeRunFixture(`${temporaryFolder()}/run`, { problems: 40, votes: 8, steps: 3 });
  run = await OpenRun.read(folder);
});

const bins = (html: string, name: string) =>
  [
    ...(new RegExp(`data-histogram="${name}"(.*?)</section>`, 's').exec(html)?.[1] ?? '').matchAll(
      /data-count="(\d+)"/g,
    ),
  ].map(([, count]) => Number(count));

describe('bins', () => {
  test('of shares are tenths, of others round numbers, and contain every value once', () => {
    expect(edgesOf([0.2, 0.9])).toEqual([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]);
    expect(edgesOf([])).toEqual([]);
    for (const values of [[0, 0.1, 0.3, 0.3, 0.7, 1], [12, 512.5, 17], [-3, 2], [5], [1e-7, 4e9]]) {
      const found = binned(values, edgesOf(values));
      expect([values, found.reduce((sum, { count }) => sum + count, 0)]).toEqual([values, values.length]);
    }
  });

  test('become filter terms that find exactly their problems, replacing earlier ones', () => {
    const values = [0, 0.1, 0.25, 0.3, 0.95, 1, -2, 1e-7, 12345.5];
    const found = binned(values, edgesOf(values));
    for (const bin of found) {
      const filter = binFilter('broke reward>=3 reward<4 share>0.5', 'reward', { first: bin, last: bin });
      const terms = parseFilter(filter).filter(({ kind }) => kind === 'reward');
      expect([filter, terms.length, filter.startsWith('broke share>0.5 ')]).toEqual([filter, 2, true]);
      const matching = values.filter((reward) => matches(terms, { view: { reward } } as never));
      expect([filter, matching.length]).toEqual([filter, bin.count]);
      expect(rangeIn(filter, 'reward')).toEqual({ from: bin.from, to: bin.to });
    }
    expect(binFilter('broke reward>=3 reward<4', 'reward', null)).toBe('broke');
    expect(rangeIn('broke share>0.5', 'share')).toBeNull();
  });
});

describe('the histograms', () => {
  /** Presses a bin with a mouse. */
  function press(store: Store, name: string, bin: number, shiftKey = false): void {
    const histogram = templatesOf(template(store, 'histograms')).find((candidate) =>
      markup(candidate).startsWith(`<section data-histogram="${name}"`),
    );
    const parts = templatesOf(histogram).filter((item) => markup(item).startsWith('<g class="bin"'));
    const { values } = parts[bin] as { values: unknown[] };
    const [click] = values.filter((value) => typeof value === 'function') as ((event: object) => void)[];
    click!({ shiftKey });
  }

  test('count every problem, and filter by bins', async () => {
    const store = await panelOn(run);
    const html = rendered(store, 'histograms');
    for (const name of ['reward', 'share', 'length']) {
      const known = store.rows.filter(({ view }) => view[name as 'share'] !== null).length;
      expect([name, bins(html, name).reduce((sum, count) => sum + count, 0)]).toEqual([name, known]);
    }
    const bin = bins(html, 'share').findLastIndex((count) => count > 0);
    press(store, 'share', bin);
    expect(store.filtered).toHaveLength(bins(html, 'share')[bin]!);
    expect(rendered(store, 'histograms')).toContain('data-action="clear-bins"');
    // Again: all of them.
    press(store, 'share', bin);
    expect([store.selection.filter, store.filtered.length]).toEqual(['', store.rows.length]);
  });

  test('are shown below the charts on request, also after a reload', async () => {
    const store = await panelOn(run);
    expect(rendered(store, 'curves')).not.toContain('<rs-histograms');
    store.selection.showHistograms(true);
    expect(rendered(store, 'curves')).toContain('<rs-histograms');
    expect(store.selection.kept).toMatchObject({ histograms: true });
    expect(rendered(store, 'calibration')).toContain('<rs-histograms');
  });
});

test('every signal of the collapse watch has a chart', () => {
  for (const [signal, metric] of Object.entries(WATCHED_METRICS)) expect(choiceOf(metric), signal).toBeDefined();
});

test("charts of the collapse watch's signals come first, until they are removed", async () => {
  const store = await panelOn(run);
  const { columns, selection } = store;
  const usual = selection.charts(columns);
  // As the watch writes them.
  const reasons = ['drift', 'unsettled', 'flipped', 'certain', 'of a newer version'].map((signal) => ({
    signal,
    level: 'alarm' as const,
    text: signal,
  }));
  changeHead(store, { warnings: [{ seq: 9, code: 'collapse', message: 'x', step: 2, watch: { reasons } } as never] });
  expect(namedByWatch(columns)).toEqual(['kl', 'answerEntropy']);
  expect(selection.charts(columns)).toEqual(['kl', 'answerEntropy', ...usual]);
  expect(rendered(store, 'curves')).toContain('data-chart="answerEntropy"');
  selection.removeChart(0, columns);
  expect(selection.charts(columns)).toEqual(['answerEntropy', ...usual]);
  selection.moveChart(0, 1, columns);
  expect(selection.charts(columns)).toEqual([usual[0], 'answerEntropy', ...usual.slice(1)]);
});
