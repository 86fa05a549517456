/** The panel's store, told by the host that tells the real page. */
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Pages } from '../../../engine/messages/webview.ts';
import { RollscopeError } from '../../../engine/protocol/errors.ts';
import type { GroupId } from '../../../engine/protocol/group.ts';
import { pack } from '../../../engine/runs/packed.ts';
import { PANEL, type PanelContract } from '../../../engine/runs/panel-contract.ts';
import { copyOf } from '../../../engine/runs/problem-view.ts';
import type { Conversation } from '../../../engine/view/conversation.ts';
import { groupPage } from '../../../engine/view/group-page.ts';
import { OpenRun } from '../../../engine/view/open-run.ts';
import { provideStore } from '../../../webview/component.ts';
import type { Frames } from '../../../webview/frames.ts';
import { GroupReader } from '../../../webview/group-reader.ts';
import { CalibrationView } from '../../../webview/sections/calibration.ts';
import { Curves } from '../../../webview/sections/curves.ts';
import { Histograms } from '../../../webview/sections/histograms.ts';
import { Inspector } from '../../../webview/sections/inspector.ts';
import { Problems } from '../../../webview/sections/problems.ts';
import { RolloutView } from '../../../webview/sections/rollout.ts';
import { RolloutBefore } from '../../../webview/sections/rollout-before.ts';
import { Store } from '../../../webview/store.ts';
import { forecastOf, problemForecast } from '../../support/forecast.ts';
import { temporaryFolder } from '../../support/processes.ts';
import { writeRunFixture } from '../../support/run-fixture.ts';
import { until } from '../../support/wait.ts';
import { FakeWebview } from './fake-webview.ts';
import { conversationOf } from './panel.ts';

let runs = 0;
const fixture = async (options: Parameters<typeof writeRunFixture>[1] = {}) => {
  const { folder } = await writeRunFixture(`${temporaryFolder()}/run-${runs++}`, {
    problems: 24,
    votes: 8,
    steps: 12,
    every: 4,
    ...options,
  });
  return folder;
};

/** A panel that shows a run. */
async function panelOn(folder: string) {
  const run = await OpenRun.read(folder);
  const webview = new FakeWebview();
  const host = conversationOf(webview);
  host.show(run);
  const store = new Store(webview.page());
  await until('the run is shown', () => store.phase === 'run');
  return { run, webview, host, store };
}

/** What the page shows of the problems. */
const viewsOf = (store: Store) => store.rows.map(({ view }) => copyOf(view));

describe('the store of the panel', () => {
  test('goes to a step that was named before the page existed', async () => {
    const webview = new FakeWebview();
    const host = conversationOf(webview);
    host.show(await OpenRun.read(await fixture()));
    host.showStep(5);
    const store = new Store(webview.page());
    await until('a step is looked at', () => Number.isFinite(store.selection.at));
    expect(store.selection.at).toBe(5);
  });

  test('notifies only the rollout pane of another shading, and only the charts of their changes', async () => {
    const { store } = await panelOn(await fixture());
    const next = vi.spyOn(Reflect.get(store, 'frames') as Frames, 'next');
    const told = (act: (selection: Store['selection']) => void) => {
      next.mockClear();
      act(store.selection);
      return next.mock.calls;
    };
    expect(told((selection) => selection.setShading('entropy'))).toEqual([['rollout']]);
    expect(told((selection) => selection.selectRolloutBefore(1))).toEqual([['rollout']]);
    expect(told((selection) => selection.setSmoothing(0.6))).toEqual([['charts']]);
    expect(told((selection) => selection.addChart('kl', store.columns))).toEqual([['charts']]);
    expect(told((selection) => selection.selectRollout(1))).toContainEqual([]);
    provideStore(store);
    // Every element in a pane hears of it.
    const panes = Object.fromEntries(
      [Curves, Histograms, Problems, Inspector, CalibrationView, RolloutView, RolloutBefore].map((element) => [
        element.name,
        Reflect.get(new element(), 'pane'),
      ]),
    );
    expect(panes).toEqual({
      ...{ Curves: 'charts', Histograms: 'charts', Problems: 'problems', Inspector: 'problem' },
      ...{ CalibrationView: 'problem', RolloutView: 'rollout', RolloutBefore: 'rollout' },
    });
  });

  test('shows the problem that was named before the page existed, if one pane is shown at a time', async () => {
    const wide = globalThis.innerWidth;
    vi.stubGlobal('innerWidth', 500);
    onTestFinished(() => void vi.stubGlobal('innerWidth', wide));
    const run = await OpenRun.read(await fixture());
    const webview = new FakeWebview();
    const host = conversationOf(webview);
    host.show(run);
    host.select(3);
    const store = new Store(webview.page());
    await until('the run is shown', () => store.phase === 'run');
    expect(store.selection.problem).toBe(3);
    expect(store.selection.layout.tab).toBe('problem');
  });

  test("shows the host's data, whether it arrived at once or in parts", async () => {
    const folder = await fixture();
    const { run, store, webview } = await panelOn(folder);
    expect(viewsOf(store)).toEqual(run.problems.map(({ index }) => run.view(index)));
    expect(store.rows).toHaveLength(24);
    // The top of the list is selected: a problem that is confidently wrong, where there is one.
    const { problem } = store.selection;
    expect(problem).toBe(store.order[0]!.index);
    expect(store.selected!.view.quadrant).toBe('confident-wrong');
    expect(webview.kept).toEqual({ run: run.folder, problem, step: null });

    const live = await fixture({ steps: 1, outcome: 'interrupted' });
    const growing = await panelOn(live);
    const { readRunFolder } = await import('../../../engine/journal/reader.ts');
    const { records } = await readRunFolder(folder);
    for (let at = growing.run.columns.seq + 1; at < records.length; at += 40) {
      growing.run.append(records.slice(at, at + 40));
      await until('the page has it', () => growing.store.columns.seq === growing.run.columns.seq);
    }
    expect(viewsOf(growing.store)).toEqual(viewsOf(store));
    expect(new Set(growing.webview.told)).toEqual(new Set(['shown', 'columns']));
  });

  test('puts every sampled problem into the quadrant of its majority, at the selected step', async () => {
    const { store } = await panelOn(await fixture());
    for (const step of [1, 6, null]) {
      store.selection.lookAt(step);
      for (const { problem, view } of store.rows) {
        expect(view.step).toBeLessThanOrEqual(step ?? 12);
        const right = view.answer === problem.answer;
        expect(view.quadrant).toBe(`${view.share! > 0.8 ? 'confident' : 'uncertain'}-${right ? 'correct' : 'wrong'}`);
      }
    }
    const kinds = [...new Set(viewsOf(store).map(({ quadrant }) => quadrant))];
    expect(kinds.some((kind) => kind.endsWith('wrong')) && kinds.some((kind) => kind.endsWith('correct'))).toBe(true);
  });

  test('says nothing about right and wrong without labels', async () => {
    const { store } = await panelOn(await fixture({ labels: false }));
    for (const { quadrant, verdict } of viewsOf(store)) {
      expect(['confident', 'uncertain']).toContain(quadrant);
      expect(verdict).toBe('unknown');
    }
  });

  test('filters by share, verdict, id, answer and words', async () => {
    const { store } = await panelOn(await fixture());
    const shown = (filter: string) => {
      store.selection.setFilter(filter);
      return store.filtered;
    };
    expect(shown('')).toHaveLength(24);
    const sure = shown('share>0.8');
    expect(sure.length).toBeGreaterThan(0);
    expect(sure.every(({ view }) => view.share! > 0.8)).toBe(true);
    expect(shown('share<=0.8').length + sure.length).toBe(24);
    const wrong = shown('share>0.5 right:no');
    expect(wrong.length).toBeGreaterThan(0);
    expect(wrong.every(({ view }) => view.verdict === 'wrong' && view.share! > 0.5)).toBe(true);
    const [first] = store.rows;
    expect(shown(`id:${first!.problem.id}`)).toContainEqual(first);
    expect(shown(`answer:${first!.view.answer}`)).toContainEqual(first);
    expect(shown('no-such-word')).toEqual([]);
  });

  test('knows the forecast, filters by it, and shows its outcome', async () => {
    const { run, store } = await panelOn(await fixture());
    expect(viewsOf(store).every(({ prediction, outcome }) => prediction === null && outcome === null)).toBe(true);
    const forecast = forecastOf([
      problemForecast(0),
      problemForecast(3, { right: 0.2 }),
      problemForecast(4, { answer: null, right: 0 }),
    ]);
    const estimate = { mean: 0.5, low: 0.2, high: 0.8 };
    const score = { problems: 3, auroc: null, brier: estimate, baseBrier: 0.25, expected: 0.6, actual: estimate };
    const { seq } = run.columns;
    const time = '2025-01-01T00:00:00.000Z';
    run.append([{ type: 'forecast', seq: seq + 1, time, step: 0, forecast }]);
    await until('the prediction has come', () => store.columns.head.forecast !== null);
    const shown = (filter: string) => {
      store.selection.setFilter(filter);
      return store.filtered.map(({ problem }) => problem.index);
    };
    expect([shown('likely:wrong'), shown('likely:right'), shown('forecast<0.5'), shown('forecast>=0.83')]).toEqual([
      [3],
      [0],
      [3, 4],
      [0],
    ]);
    run.append([{ type: 'forecast-score', seq: seq + 2, time, step: 12, score }]);
    await until('the score has come', () => store.columns.head.forecastScore !== null);
    for (const { outcome, prediction, verdict } of viewsOf(store)) {
      expect(outcome).toBe(prediction ? verdict === 'correct' : null);
    }
  });

  test('keeps the metrics chosen for the charts, and lets two swap places', async () => {
    const { run, store, webview } = await panelOn(await fixture({ steps: 1 }));
    expect(store.selection.charts(store.columns)).toEqual(['rewardAccuracy', 'entropy', 'length']);
    expect(webview.kept).not.toHaveProperty('charts');
    store.selection.chooseChart(1, 'kl', store.columns);
    store.selection.chooseChart(0, 'length', store.columns);
    expect(webview.kept?.charts).toEqual(['length', 'kl', 'rewardAccuracy']);
    expect(new Store(webview.page()).selection.charts(store.columns)).toEqual(['length', 'kl', 'rewardAccuracy']);
    webview.kept = { ...webview.kept!, charts: ['length', 'kl', 'gone' as 'kl'] };
    conversationOf(webview).show(run);
    const afresh = new Store(webview.page());
    await until('the run is shown', () => afresh.phase === 'run');
    expect(afresh.selection.charts(afresh.columns)).toEqual(['rewardAccuracy', 'entropy', 'length']);
  });

  test('groups problems by columns of the dataset once the host has read them', async () => {
    const level = Array.from({ length: 24 }, (_, i) => String(i % 2));
    const webview = new FakeWebview();
    const dataColumns = vi.fn(async (): Promise<Record<string, string[]>> => ({ level }));
    const host = conversationOf(webview, { dataColumns });
    host.show(await OpenRun.read(await fixture({ steps: 1 })));
    const store = new Store(webview.page());
    await until('the columns are there', () => 'level' in store.dataColumns);
    store.selection.setOrder({ grouping: 'column:level' });
    expect([...new Set(store.order.map(({ group }) => group))]).toEqual(['0', '1']);
    // The dataset of another run is another one.
    dataColumns.mockResolvedValue({});
    host.show(await OpenRun.read(await fixture({ steps: 1 })));
    await until('its columns are gone', () => !('level' in store.dataColumns));
    expect(new Set(store.order.map(({ group }) => group))).toEqual(new Set(['']));
  });

  test('starts with a metric that the run has', async () => {
    const first = async (labels: boolean, reward: string) => {
      const { store } = await panelOn(await fixture({ steps: 1, labels }));
      const saysRight = reward === 'majority-vote';
      store.columns.head = { ...store.columns.head, saysRight };
      expect(store.selection.charts(store.columns).slice(1)).toEqual(['entropy', 'length']);
      expect(store.columns.metricAt(store.selection.charts(store.columns)[0]!, 1)).not.toBeNull();
      return store.selection.charts(store.columns)[0];
    };
    expect(await first(true, 'majority-vote')).toBe('rewardAccuracy');
    expect(await first(true, 'trajectory-entropy')).toBe('labelAccuracy');
    expect(await first(false, 'majority-vote')).toBe('majorityShare');
  });

  test('asks the editor to act on the run that is shown', async () => {
    const webview = new FakeWebview();
    const actions = { control: vi.fn(async () => {}), openRollout: vi.fn(async () => {}), revealProblem: vi.fn() };
    const run = await OpenRun.read(await fixture({ steps: 1 }));
    conversationOf(webview, actions).show(run);
    const store = new Store(webview.page());
    await until('the run is shown', () => store.phase === 'run');
    store.requests.control('pause');
    store.requests.revealProblem(3);
    store.requests.openRollout(store.columns.idOf(store.selected!.view.row!), 5);
    await until('all have come', () => actions.openRollout.mock.calls.length > 0);
    expect(actions.control).toHaveBeenCalledWith('pause', run);
    expect(actions.revealProblem).toHaveBeenCalledWith(run, 3);
    expect(actions.openRollout).toHaveBeenCalledWith(
      run,
      { phase: 'evaluation', step: 1, problem: store.order[0]!.index },
      5,
    );
  });
});

describe('rollouts', () => {
  /** A host whose readings go wrong as long as `broken` is set. */
  async function fakeHost() {
    const run = await OpenRun.read(await fixture({ steps: 1 }));
    const webview = new FakeWebview();
    const state = { broken: true, asked: 0 };
    new Pages<PanelContract>(webview, { contract: PANEL }, (peer) => {
      peer.handle('attach', async () => {
        const columns = pack(run.columns);
        const { info, problems } = run;
        const shown = { run: info, problems, progress: null, columns, loaded: 1, error: null, select: null };
        await peer.notify('shown', shown);
        return null;
      });
      peer.handle('readGroup', async ({ group }) => {
        state.asked++;
        if (state.broken) throw new RollscopeError('run-broken', 'The rollouts are missing.', 'Copy them back.');
        return groupPage(run, group);
      });
    });
    const store = new Store(webview.page());
    await until('the run is shown', () => store.phase === 'run');
    return { state, store };
  }

  test('that cannot be read are reported in their place, and can be requested again', async () => {
    const { state, store } = await fakeHost();
    const id = store.columns.idOf(store.selected!.view.row!);
    expect(store.groups.of(id)).toEqual({ state: 'reading' });
    await until('the reading failed', () => store.groups.of(id).state === 'failed');
    expect(store.groups.of(id)).toMatchObject({
      failure: { message: 'The rollouts are missing.', hint: 'Copy them back.' },
    });
    // Looking at it asks for nothing; requesting it again does.
    expect(state.asked).toBe(1);
    state.broken = false;
    store.groups.again(id);
    await until('they are read', () => store.groups.of(id).state === 'read');
    const read = store.groups.of(id);
    if (read.state !== 'read') throw new Error('not read');
    expect(read.detail.rollouts).toHaveLength(8);
    expect(read.detail.rollouts[0]!.statistics.logprob).toBeInstanceOf(Float32Array);
    expect(read.why).toHaveLength(8);
    expect(state.asked).toBe(2);
  });

  test('that are no longer shown are not waited for, and are read when they are', async () => {
    const signals: AbortSignal[] = [];
    const waiting: (() => void)[] = [];
    const run = await OpenRun.read(await fixture({ steps: 1 }));
    const request = async (_: string, { group }: { group: GroupId }, { signal }: { signal: AbortSignal }) => {
      signals.push(signal);
      await new Promise<void>((resolve) => waiting.push(resolve));
      if (signal.aborted) throw new RollscopeError('canceled', 'Canceled.');
      return run.readGroup(group);
    };
    const groups = new GroupReader({ request } as never, () => run.folder, vi.fn());
    const [one, another] = [run.columns.idOf(0), run.columns.idOf(1)];
    for (const id of [one, one, another]) groups.of(id);
    await until('the other one is asked for', () => signals.length === 2);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    for (const go of waiting) go();
    await until('the other one is read', () => groups.of(another).state === 'read');
    expect(groups.of(one)).toEqual({ state: 'reading' });
    await until('it is asked for again', () => signals.length === 3);
    waiting.at(-1)!();
    await until('it is read after all', () => groups.of(one).state === 'read');
    expect([signals.length, groups.of(another).state]).toEqual([3, 'read']);
  });

  test('that are only passed by scrubbing are not requested', async () => {
    const asked: number[] = [];
    const request = async (_: string, { group }: { group: GroupId }) => {
      asked.push(group.step);
      return new Promise(() => undefined);
    };
    const groups = new GroupReader({ request } as never, () => 'run', vi.fn());
    for (let step = 1; step <= 50; step++) groups.of({ phase: 'train', step, problem: 0 });
    await until('the last one is asked for', () => asked.includes(50));
    // The first one at once.
    expect(asked).toEqual([1, 50]);
  });

  test('are read once, and forgotten with their run', async () => {
    const { store, host } = await panelOn(await fixture());
    const id = store.columns.idOf(store.selected!.view.row!);
    store.groups.of(id);
    store.groups.of(id);
    await until('they are read', () => store.groups.of(id).state === 'read');
    host.show(await OpenRun.read(await fixture({ steps: 1 })));
    await until('another run is shown', () => store.info?.steps === 1);
    expect(store.groups.of(id)).toEqual({ state: 'reading' });
  });
});

describe('another run', () => {
  test('is shown by its own name at once, while it is read, and starts afresh', async () => {
    const { store, host, webview } = await panelOn(await fixture());
    store.selection.select(5);
    store.selection.lookAt(3);
    webview.told.length = 0;
    const other = await OpenRun.open(await fixture({ steps: 2, problems: 3 }));
    host.show(other);
    await until('its name is shown', () => store.info?.run === other.run && store.problems.length === 3);
    expect(webview.told[0]).toBe('shown');
    // It may have been read since: then the first of its own problems is selected.
    expect([null, store.order[0]?.index]).toContain(store.selection.problem);
    expect(store.selection.step).toBeNull();
    await until('it is read', () => store.phase === 'run');
    expect(store.selection.problem).toBe(store.order[0]!.index);
    expect(viewsOf(store)).toEqual(other.problems.map(({ index }) => other.view(index)));
  });

  test('that is still being read shows no numbers of the previous one', async () => {
    const { store, host } = await panelOn(await fixture());
    const slow = await OpenRun.read(await fixture({ steps: 1 }));
    vi.spyOn(slow, 'loadedPart', 'get').mockReturnValue(0.25);
    host.show(slow);
    await until('it is being read', () => store.phase === 'loading');
    expect([store.info!.run, store.loaded, store.columns.groups.length]).toEqual([slow.run, 0.25, 0]);
  });

  test('that cannot be read shows the reason, and can be retried', async () => {
    const { writeFileSync, readFileSync } = await import('node:fs');
    const folder = await fixture({ steps: 1 });
    const events = `${folder}/events.jsonl`;
    const whole = readFileSync(events, 'utf8');
    writeFileSync(events, whole.replace('"type":"step"', '"type":"step'));
    const webview = new FakeWebview();
    conversationOf(webview).show(await OpenRun.open(folder));
    const store = new Store(webview.page());
    await until('it failed', () => store.phase === 'failed');
    expect(store.failures.of('attach')?.message).toContain('events.jsonl line');
    writeFileSync(events, whole);
    store.failures.of('attach')!.again!();
    await until('it is read', () => store.phase === 'run');
    expect(store.failures.of('attach')).toBeNull();
  });

  test('that is shown while a page attaches is what the page shows', async () => {
    const [slow, quick] = [await OpenRun.read(await fixture({ steps: 1 })), await OpenRun.read(await fixture())];
    const webview = new FakeWebview();
    const host = conversationOf(webview);
    host.show(slow);
    const info = vi.spyOn(slow, 'info', 'get');
    info.mockImplementation(() => {
      queueMicrotask(() => host.show(quick));
      info.mockRestore();
      return slow.info;
    });
    const store = new Store(webview.page());
    await until('both have come', () => webview.told.length === 2 && store.info?.run === quick.run);
    expect([store.info!.run, store.rows.length]).toEqual([quick.run, 24]);
  });

  test('may not exist', async () => {
    const { store, host } = await panelOn(await fixture({ steps: 1 }));
    host.show(null);
    await until('none is shown', () => store.phase === 'no-run');
    expect([store.problems, store.info]).toEqual([[], null]);
  });
});

test('a page that returns gets the existing columns, without reading them again', async () => {
  const { run, webview } = await panelOn(await fixture());
  const { rmSync } = await import('node:fs');
  rmSync(`${run.folder}/events.jsonl`);
  webview.told.length = 0;
  const again = new Store(webview.page());
  await until('the run is shown', () => again.phase === 'run');
  expect(viewsOf(again)).toEqual(run.problems.map(({ index }) => run.view(index)));
  expect(webview.told).toEqual(['shown']);
});

describe.each([
  ['the host says so', (host: Conversation, _: Store, isVisible: boolean) => host.setVisible(isVisible)],
  ['it says so itself', (_: Conversation, store: Store, isVisible: boolean) => store.tellVisible(isVisible)],
] as const)('a hidden page, %s,', (_, setVisible) => {
  const heard = async (host: Conversation) =>
    until('the host has heard it', () => Reflect.get(host, 'isHidden') === true);

  test('is told nothing, and what it has missed once, when it is shown again', async () => {
    const folder = await fixture();
    const { readRunFolder } = await import('../../../engine/journal/reader.ts');
    const { records } = await readRunFolder(folder);
    const growing = await panelOn(await fixture({ steps: 1, outcome: 'interrupted' }));
    const { run, webview, host, store } = growing;
    setVisible(host, store, false);
    await heard(host);
    webview.told.length = 0;
    for (let at = run.columns.seq + 1; at < records.length; at += 40) run.append(records.slice(at, at + 40));
    await until('it would have been told', () => Reflect.get(host, 'missed').has('columns'));
    expect(webview.told).toEqual([]);
    setVisible(host, store, true);
    await until('the page has it', () => store.columns.seq === run.columns.seq);
    expect(webview.told).toEqual(['columns']);
    expect(viewsOf(store)).toEqual(run.problems.map(({ index }) => run.view(index)));
  });

  test('shows the current run when it is shown again, and only that', async () => {
    const { webview, host, store } = await panelOn(await fixture());
    const runs = await Promise.all(
      [fixture({ steps: 1 }), fixture({ steps: 2 })].map(async (item) => OpenRun.read(await item)),
    );
    setVisible(host, store, false);
    await heard(host);
    webview.told.length = 0;
    for (const run of runs) host.show(run);
    expect(webview.told).toEqual([]);
    setVisible(host, store, true);
    await until('it is shown', () => store.info?.folder === runs[1]!.folder);
    expect(webview.told).toEqual(['shown']);
  });

  test('knows where it was asked to go', async () => {
    const { webview, host, store } = await panelOn(await fixture());
    setVisible(host, store, false);
    await heard(host);
    const other = await OpenRun.read(await fixture({ steps: 3 }));
    host.show(other);
    host.select(5);
    await until('it is selected', () => store.info?.folder === other.folder && store.selection.problem === 5);
    expect(webview.told.slice(-2)).toEqual(['shown', 'select']);
  });
});

test('a problem that was requested before the page listened is selected once it does', async () => {
  const run = await OpenRun.read(await fixture({ steps: 1 }));
  const webview = new FakeWebview();
  const host = conversationOf(webview);
  host.show(run);
  host.select(7);
  const store = new Store(webview.page());
  await until('the run is shown', () => store.phase === 'run');
  expect(store.selection.problem).toBe(7);
  host.select(2);
  await until('another is selected', () => store.selection.problem === 2);
});
