/** The calibration of a step, the scatter of the problems, and the filter that a rectangle over it gives. */
import { expect, test, vi } from 'vitest';
import { alignment } from '../../../engine/analysis/alignment.ts';
import { type Confidences, MEASURE_NAMES } from '../../../engine/analysis/confidence.ts';
import { OpenRun } from '../../../engine/view/open-run.ts';
import { brushFilter } from '../../../webview/brush.ts';
import { matches, parseFilter } from '../../../webview/filter.ts';
import { Store } from '../../../webview/store.ts';
import { temporaryFolder } from '../../support/processes.ts';
import { writeRunFixture } from '../../support/run-fixture.ts';
import { until } from '../../support/wait.ts';
import { FakeWebview } from './fake-webview.ts';
import { clicksOf } from './markup.ts';
import { conversationOf, rendered, template } from './panel.ts';

const NONE = Object.fromEntries(MEASURE_NAMES.map((name) => [name, [null, null, null, null]]));
const MEASURES = alignment([
  {
    correct: [true, false, true, null],
    values: {
      ...NONE,
      'token-probability': [0.9, 0.3, 0.8, 0.5],
      'mean-logprob': [-0.1, -1, -0.2, -0.7],
    },
  } as unknown as Confidences,
]);

async function panel({ labels = true, isAlone = false } = {}) {
  const { folder } = await writeRunFixture(`${temporaryFolder()}/run`, { problems: 6, steps: 3, labels });
  const calibrate = vi.fn(async () => MEASURES);
  const webview = new FakeWebview();
  conversationOf(webview, { calibrate }).show(await OpenRun.read(folder));
  const store = new Store(Object.assign(webview.page(), { isReadOnly: isAlone, isAlone }));
  await until('the run is shown', () => store.phase === 'run');
  store.selection.lookAt(2);
  return { store, calibrate, webview };
}

test('problems are points, and the measures of the step are requested on demand', async () => {
  const { store, calibrate } = await panel();
  expect(rendered(store, 'calibration').match(/data-problem=/g)).toHaveLength(6);
  const compute = clicksOf(template(store, 'calibration')).find(({ element }) => element.includes('"calibrate"'))!;
  compute.click();
  await until('they are there', () => store.calibration.measures('train', 2) !== null);
  const html = rendered(store, 'calibration');
  expect(html).toContain('expected calibration error');
  expect(html.match(/data-bin=/g)!.length).toBeGreaterThan(1);
  expect(html).toMatch(/data-measure="mean-logprob"/);

  const all = clicksOf(template(store, 'calibration')).find(({ element }) => element.includes('calibrate-steps'))!;
  all.click();
  await until('all steps are there', () => [1, 2, 3].every((step) => store.calibration.measures('train', step)));
  expect(calibrate).toHaveBeenCalledTimes(3);
  expect(rendered(store, 'calibration')).toMatch(
    /<path class="measure chosen" data-measure="token-probability" d="M[^"]+L/,
  );
});

test('without references there is only the scatter plot of share and confidence', async () => {
  const { store, calibrate } = await panel({ labels: false });
  const html = rendered(store, 'calibration');
  expect(html).toMatch(/Without reference answers/);
  expect(html).toContain('token probability');
  expect(calibrate).not.toHaveBeenCalled();
});

test('a page without a host requests nothing, and says where they are computed', async () => {
  // Outside the editor the page names its window.
  vi.stubGlobal('document', { title: '' });
  const { store, calibrate } = await panel({ isAlone: true });
  expect(rendered(store, 'calibration')).toContain('computed in VS Code');
  store.calibration.ask('train', [2]);
  expect(store.calibration.of('train', 2)).toEqual({ state: 'unread' });
  expect(calibrate).not.toHaveBeenCalled();
});

test('its visibility is remembered', async () => {
  const { store, webview } = await panel();
  expect(rendered(store, 'app')).toContain('<rs-inspector>');
  store.selection.showCalibration(true);
  expect(rendered(store, 'app')).toContain('<rs-calibration>');
  expect(new Store(webview.page()).selection.showsCalibration).toBe(true);
});

test('a selected rectangle becomes terms of the filter, replacing those of the previous one', async () => {
  const brush = { share: [0.301, 0.8], value: [0, 0.499] } as const;
  expect(brushFilter('cars broke', brush, true)).toBe('cars broke share>=0.3 share<=0.8 accuracy<=0.5');
  expect(brushFilter('cars share>=0.1 accuracy<=0.2', brush, false)).toBe('cars share>=0.3 share<=0.8 confidence<=0.5');
  expect(brushFilter('x', { share: [0, 1], value: [0, 1] }, true)).toBe('x');
  const { store } = await panel();
  const found = store.rows.filter((row) => matches(parseFilter('accuracy<=0.5'), row));
  expect(found.map(({ view }) => view.accuracy)).toEqual(
    store.rows.flatMap(({ view }) => (view.accuracy !== null && view.accuracy <= 0.5 ? [view.accuracy] : [])),
  );
});
