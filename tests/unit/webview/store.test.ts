import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readFrame, readRunFolder } from '../../../engine/journal/reader.ts';
import type { FromView, ToView, ViewState } from '../../../engine/protocol/view.ts';
import type { Host } from '../../../webview/host.ts';
import { Store } from '../../../webview/store.ts';
import { forecastOf, problemForecast } from '../../support/forecast.ts';
import { temporaryFolder } from '../../support/processes.ts';
import { writeRunFixture } from '../../support/run-fixture.ts';

/** The extension host's side, as a test sees it. */
class FakeHost implements Host {
  readonly posted: FromView[] = [];
  kept: ViewState | undefined;
  private listener: ((message: ToView) => void) | null = null;

  post(message: FromView): void {
    this.posted.push(message);
  }
  onMessage(listener: (message: ToView) => void): void {
    this.listener = listener;
  }
  getState(): ViewState | undefined {
    return this.kept;
  }
  setState(state: ViewState): void {
    this.kept = state;
  }
  send(message: ToView): void {
    this.listener!(message);
  }
}

beforeEach(() => {
  vi.stubGlobal('requestAnimationFrame', (callback: () => void) => setImmediate(callback));
});
afterEach(() => {
  vi.unstubAllGlobals();
});

async function fixture(options: Parameters<typeof writeRunFixture>[1] = {}) {
  const { folder, runFile } = await writeRunFixture(`${temporaryFolder()}/run`, {
    problems: 24,
    votes: 8,
    steps: 12,
    every: 4,
    ...options,
  });
  const { problems, records } = await readRunFolder(folder);
  const info = {
    run: runFile.run,
    folder,
    created: runFile.created,
    job: runFile.config.job,
    model: runFile.config.model,
    dataset: runFile.config.dataset.path,
    reward: runFile.config.reward,
    step: 12,
    steps: 12,
    status: 'completed' as const,
    accuracyBefore: null,
    accuracyAfter: null,
  };
  return { folder, problems, records, info };
}

describe('the store of the panel', () => {
  test('asks for the run, and shows the same whether records come at once or one by one', async () => {
    const { problems, records, info } = await fixture();
    const host = new FakeHost();
    const store = new Store(host);
    expect(host.posted).toEqual([{ kind: 'ready' }]);
    expect(store.phase).toBe('loading');
    host.send({ kind: 'run', info, problems, records, progress: null });
    const slow = new FakeHost();
    const other = new Store(slow);
    slow.send({ kind: 'run', info, problems, records: records.slice(0, 5), progress: null });
    for (const record of records.slice(5)) slow.send({ kind: 'records', run: info.run, records: [record] });
    // Records of another run, and records that are known, change nothing.
    slow.send({ kind: 'records', run: 'another', records: records.slice(0, 3) });
    slow.send({ kind: 'records', run: info.run, records: records.slice(2, 9) });
    expect(other.views).toEqual(store.views);
    expect(store.views).toHaveLength(24);
    expect(store.problem).toBe(problems[0]!.index);
    expect(host.kept).toEqual({ run: info.run, problem: 0, step: null });
  });

  test('puts every sampled problem into the quadrant of its majority, at the step that is looked at', async () => {
    const { problems, records, info } = await fixture();
    const host = new FakeHost();
    const store = new Store(host);
    host.send({ kind: 'run', info, problems, records, progress: null });
    for (const step of [1, 6, null]) {
      store.lookAt(step);
      for (const { quadrant, share, group, problem } of store.views) {
        if (!group) {
          expect(quadrant).toBe('none');
          continue;
        }
        expect(group.step).toBeLessThanOrEqual(step ?? 12);
        const right = group.majority?.answer === problem.answer;
        expect(quadrant).toBe(`${share !== null && share > 0.8 ? 'sure' : 'unsure'}-${right ? 'right' : 'wrong'}`);
      }
    }
    const kinds = new Set(store.views.map(({ quadrant }) => quadrant));
    expect([...kinds].some((k) => k.endsWith('wrong')) && [...kinds].some((k) => k.endsWith('right'))).toBe(true);
  });

  test('says nothing of right and wrong without labels', async () => {
    const { problems, records, info } = await fixture({ labels: false });
    const host = new FakeHost();
    const store = new Store(host);
    host.send({ kind: 'run', info, problems, records, progress: null });
    for (const { quadrant, correct } of store.views) {
      expect(['sure', 'unsure', 'none']).toContain(quadrant);
      expect(correct).toBeNull();
    }
  });

  test('filters by share, verdict, id, answer and words', async () => {
    const { problems, records, info } = await fixture();
    const host = new FakeHost();
    const store = new Store(host);
    host.send({ kind: 'run', info, problems, records, progress: null });
    const shown = (filter: string) => {
      store.setFilter(filter);
      return store.filtered;
    };
    expect(shown('')).toHaveLength(24);
    const sure = shown('share>0.8');
    expect(sure.length).toBeGreaterThan(0);
    expect(sure.every(({ share }) => share! > 0.8)).toBe(true);
    expect(shown('share<=0.8').length + sure.length).toBe(store.views.filter(({ share }) => share !== null).length);
    const wrong = shown('share>0.5 right:no');
    expect(wrong.length).toBeGreaterThan(0);
    expect(wrong.every(({ correct, share }) => correct === false && share! > 0.5)).toBe(true);
    const [first] = store.views;
    expect(shown(`id:${first!.problem.id}`)).toContainEqual(first);
    expect(shown(`answer:${first!.group!.majority!.answer}`)).toContainEqual(first);
    expect(shown('no-such-word')).toEqual([]);
  });

  test('knows what was foretold, filters by it, and says how it ended', async () => {
    const { problems, records, info } = await fixture();
    const host = new FakeHost();
    const store = new Store(host);
    host.send({ kind: 'run', info, problems, records, progress: null });
    expect(store.views.every(({ foretold, outcome }) => foretold === null && outcome === null)).toBe(true);
    const forecast = forecastOf([
      problemForecast(0),
      problemForecast(3, { right: 0.2 }),
      problemForecast(4, { answer: null, right: 0 }),
    ]);
    const estimate = { mean: 0.5, low: 0.2, high: 0.8 };
    const score = { problems: 3, auroc: null, brier: estimate, baseBrier: 0.25, expected: 0.6, actual: estimate };
    const seq = records.at(-1)!.seq;
    const time = records.at(-1)!.time;
    host.send({
      kind: 'records',
      run: info.run,
      records: [{ type: 'forecast', seq: seq + 1, time, step: 0, forecast }],
    });
    const shown = (filter: string) => {
      store.setFilter(filter);
      return store.filtered.map(({ problem }) => problem.index);
    };
    expect([shown('likely:wrong'), shown('likely:right'), shown('forecast<0.5'), shown('forecast>=0.83')]).toEqual([
      [3],
      [0],
      [3, 4],
      [0],
    ]);
    expect(store.views[3]!.outcome).toBeNull();
    host.send({
      kind: 'records',
      run: info.run,
      records: [{ type: 'forecast-score', seq: seq + 2, time, step: 12, score }],
    });
    for (const { outcome, foretold, history } of store.views) {
      expect(outcome).toBe(foretold ? (history!.evaluations.at(-1)!.majority?.correct ?? false) : null);
    }
  });

  test('keeps the metrics that were chosen for the charts, and lets two change places', async () => {
    const { problems, records, info } = await fixture({ steps: 1 });
    const host = new FakeHost();
    const store = new Store(host);
    host.send({ kind: 'run', info, problems, records, progress: null });
    expect(store.charts).toEqual(['rewardAccuracy', 'entropy', 'length']);
    expect(host.kept).not.toHaveProperty('charts');
    store.chooseChart(1, 'kl');
    store.chooseChart(0, 'length');
    expect(host.kept?.charts).toEqual(['length', 'kl', 'rewardAccuracy']);
    const reloaded = new FakeHost();
    reloaded.kept = host.kept;
    expect(new Store(reloaded).charts).toEqual(['length', 'kl', 'rewardAccuracy']);
    const older = new FakeHost();
    older.kept = { ...host.kept!, charts: ['length', 'kl', 'gone' as 'kl'] };
    const afresh = new Store(older);
    older.send({ kind: 'run', info, problems, records, progress: null });
    expect(afresh.charts).toEqual(['rewardAccuracy', 'entropy', 'length']);
  });

  test('begin with a measure that the run has', async () => {
    const first = async (labels: boolean, reward: string) => {
      const { problems, records, info } = await fixture({ steps: 1, labels });
      const host = new FakeHost();
      const store = new Store(host);
      const by = records.map((one) => (one.type === 'run' ? { ...one, config: { ...one.config, reward } } : one));
      host.send({ kind: 'run', info, problems, records: by, progress: null });
      expect(store.charts.slice(1)).toEqual(['entropy', 'length']);
      const [metric] = store.charts;
      expect(store.state.series[metric!]).toEqual([expect.any(Number)]);
      return metric;
    };
    expect(await first(true, 'majority-vote')).toBe('rewardAccuracy');
    expect(await first(true, 'trajectory-entropy')).toBe('labelAccuracy');
    expect(await first(false, 'majority-vote')).toBe('majorityShare');
    expect(await first(false, 'self-certainty')).toBe('majorityShare');
  });

  test('reads the rollouts of a group once, and another run begins afresh', async () => {
    const { folder, problems, records, info } = await fixture();
    const host = new FakeHost();
    const store = new Store(host);
    host.send({ kind: 'run', info, problems, records, progress: null });
    const group = store.selected!.group!;
    expect(store.textsOf(group)).toBeNull();
    expect(store.textsOf(group)).toBeNull();
    expect(host.posted.filter(({ kind }) => kind === 'read-rollouts')).toEqual([
      { kind: 'read-rollouts', group: group.seq },
    ]);
    const record = records.find(({ seq }) => seq === group.seq);
    if (record?.type !== 'group') throw new Error('the group has no record');
    const { rollouts } = await readFrame(folder, record.frame);
    const why = rollouts.map((_, i) => `reason ${i}`);
    host.send({ kind: 'rollouts', group: group.seq, rollouts, why });
    expect(store.textsOf(group)).toEqual({ rollouts, why });
    store.select(5);
    store.lookAt(3);
    host.send({ kind: 'run', info: { ...info, run: 'another' }, problems, records: [], progress: null });
    expect([store.problem, store.step]).toEqual([0, null]);
    host.send({ kind: 'no-run' });
    expect([store.phase, store.problems]).toEqual(['no-run', []]);
  });
});
