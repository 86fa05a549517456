/** Cursor A at a step of another run: what the page shows, asks and keeps. */
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { parseAddress } from '../../../engine/protocol/address.ts';
import { partnersOf, viewInOther } from '../../../engine/runs/comparison/other-run.ts';
import { copyOf, problemView, viewBefore } from '../../../engine/runs/problem-view.ts';
import { OpenRun } from '../../../engine/view/open-run.ts';
import { selectedAddress } from '../../../webview/notebook.ts';
import { Store } from '../../../webview/store.ts';
import { temporaryFolder } from '../../support/processes.ts';
import { writeRunFixture } from '../../support/run-fixture.ts';
import { until } from '../../support/wait.ts';
import { FakeWebview } from './fake-webview.ts';
import { clicksOf } from './markup.ts';
import { conversationOf, readSelected, rendered, template } from './panel.ts';

let run: OpenRun;
let other: OpenRun;
beforeAll(async () => {
  const folder = temporaryFolder();
  const open = async (name: string, steps: number, votes: number) =>
    OpenRun.read((await writeRunFixture(`${folder}/${name}`, { seed: 7, problems: 8, steps, every: 3, votes })).folder);
  run = await open('shown', 9, 8);
  other = await open('other', 6, 4);
});

async function panel() {
  const webview = new FakeWebview();
  const compareRollouts = vi.fn(async () => {});
  const takeRun = vi.fn(async (folder: string) => (folder === other.folder ? other : OpenRun.open(folder)));
  const { run: name, folder, job, model, reward, dataset, step, created } = other.info;
  const listRuns = async () => [{ run: name, folder, job, model, reward, dataset, step, created }];
  const host = conversationOf(webview, { compareRollouts, takeRun, listRuns });
  host.show(run);
  const store = new Store(webview.page());
  await until('the run is shown', () => store.phase === 'run');
  return { webview, host, store, takeRun, compareRollouts };
}

async function compared(step: number | null = null) {
  const all = await panel();
  all.store.compareWithRun(other.folder, step);
  await until('the run of A is there', () => all.store.cursorARun.other !== null);
  return all;
}

const beforesOf = (store: Store) => store.rows.map(({ before }) => copyOf(before));

describe('cursor A at another run', () => {
  test("shows each problem at that run's latest step, at a given step, and before training", async () => {
    const { store } = await compared();
    const { indices } = partnersOf(run.problems, other.problems);
    expect(indices.size).toBe(8);
    const expected = (at?: number) =>
      run.problems.map(({ index }) => problemView(other.columns, indices.get(index)!, at));
    expect(beforesOf(store)).toEqual(expected());
    expect(store.rows.every(({ isSame }) => !isSame)).toBe(true);
    store.selection.compareWith(2);
    expect(beforesOf(store)).toEqual(expected(2));
    store.selection.compareWith(0);
    expect(beforesOf(store)).toEqual(
      run.problems.map(({ index }) => viewBefore(other.columns, indices.get(index)!, null)),
    );
  });

  test('filters by what changed from that run to this one', async () => {
    const { store } = await compared(1);
    for (const [filter, from, to] of [
      ['fixed', 'wrong', 'correct'],
      ['broke', 'correct', 'wrong'],
    ] as const) {
      const wanted = store.rows.filter(({ view, before }) => before.verdict === from && view.verdict === to);
      store.selection.setFilter(filter);
      expect(store.filtered.map(({ problem }) => problem.id)).toEqual(wanted.map(({ problem }) => problem.id));
    }
    const moves = store.rows.filter(({ view, before }) => view.verdict !== before.verdict);
    expect(moves.length).toBeGreaterThan(0);
    store.selection.setFilter('gained>0.1');
    expect(store.filtered.every(({ view, before }) => view.share! - before.share! > 0.1)).toBe(true);
    expect(store.filtered.length).toBeGreaterThan(0);
  });

  test('shows its answers, rollouts and curves, and the settings that differ', async () => {
    const { store, compareRollouts } = await compared();
    store.selection.lookAt(4);
    await readSelected(store);
    expect(rendered(store, 'inspector')).toContain('A: other, ');
    store.selection.showBefore(true);
    const { columnsBefore, selected } = store;
    expect(columnsBefore).toBe(store.cursorARun.other!.columns);
    const group = columnsBefore.idOf(selected!.before.row!);
    rendered(store, 'before');
    await until('its rollouts are read', () => store.groupsBefore.of(group).state === 'read');
    const { detail } = await other.readGroup(group);
    expect(detail.rollouts.length).toBe(4);
    expect(rendered(store, 'before')).toContain('of 4');
    expect(rendered(store, 'before')).toContain('A, other');

    const line = rendered(store, 'cursorARun');
    expect(line).toContain('data-cursor-a-run="other"');
    expect(line).toContain('data-matched="8"');
    expect(line).not.toContain('data-setting=');
    expect(store.cursorARun.other!.settings.map(({ setting }) => setting)).toContain('steps');

    // A dashed curve of the other run in each chart, with its value.
    const charts = rendered(store, 'curves');
    expect(charts.split('stroke-dasharray="4 2"').length).toBeGreaterThan(2);
    expect(charts).toContain('class="name-of-a"');

    const diff = clicksOf(template(store, 'before')).find(({ element }) => element.includes('diff-before'));
    diff!.click();
    await until('the diff is asked for', () => compareRollouts.mock.calls.length > 0);
    const [[left, right]] = compareRollouts.mock.calls as unknown as [
      [{ run: OpenRun; group: object }, { run: OpenRun }],
    ];
    expect([left.run, right.run]).toEqual([other, run]);
    expect(left.group).toMatchObject(group);
  });

  test('is chosen in the panel, and removed again', async () => {
    const { store, host } = await panel();
    store.cursorARun.list();
    await until('the runs are listed', () => store.cursorARun.choices !== null);
    expect(store.cursorARun.choices!.map(({ run: name }) => name)).toEqual(['other']);
    store.compareWithRun(other.folder);
    await until('it is there', () => store.cursorARun.other !== null);
    expect(host.needsRun(other)).toBe(true);
    store.compareWithRun(null);
    await until('the host has let go of it', () => !host.needsRun(other));
    expect(beforesOf(store)).toEqual(run.problems.map(({ index }) => viewBefore(run.columns, index, null)));
    expect(rendered(store, 'cursorARun')).not.toContain('data-cursor-a-run');
  });

  test('survives a reload, and ends when another run is shown', async () => {
    const { store, webview, host } = await compared(3);
    expect(webview.kept).toMatchObject({ fromRun: other.folder, from: 3 });
    const again = new Store(webview.page());
    await until('it is there again', () => again.cursorARun.other !== null);
    expect(beforesOf(again)).toEqual(beforesOf(store));
    host.show(other);
    await until('another run is shown', () => again.info?.folder === other.folder);
    expect([again.cursorARun.folder, again.selection.fromRun, again.selection.from]).toEqual([null, null, null]);
  });

  test('has a link, which opens it', async () => {
    const { store } = await compared(3);
    const text = selectedAddress(store);
    const { folder: _, says: __, ...place } = parseAddress(text)!;
    expect(place).toMatchObject({ fromRun: other.folder, from: 3 });
    const opened = await panel();
    opened.host.goTo(place);
    await until('it is there', () => opened.store.cursorARun.other?.folder === other.folder);
    expect(opened.store.selection.from).toBe(3);
    expect(selectedAddress(opened.store)).toBe(text);
  });

  test('shows the last of several that are requested', async () => {
    const { store, takeRun } = await panel();
    let late: () => void = () => {};
    takeRun.mockImplementationOnce(async () => {
      await new Promise<void>((resolve) => {
        late = resolve;
      });
      return run;
    });
    store.compareWithRun(run.folder);
    await until('the first is asked for', () => takeRun.mock.calls.length === 1);
    store.compareWithRun(other.folder);
    await until('the second is there', () => store.cursorARun.other?.folder === other.folder);
    late();
    store.cursorARun.list();
    await until('the page has heard more', () => store.cursorARun.choices !== null);
    expect(store.cursorARun.other!.folder).toBe(other.folder);
  });

  test('that is gone is reported, and the problems have nothing to compare with', async () => {
    const { store } = await panel();
    store.compareWithRun('/nowhere/at/all');
    await until('it has failed', () => store.failures.of('compareWithRun') !== null);
    expect(beforesOf(store).every(({ row }) => row === null)).toBe(true);
    expect(rendered(store, 'cursorARun')).toContain('data-code="run-not-found"');
  });

  test('grows with it', async () => {
    const { folder } = await writeRunFixture(`${temporaryFolder()}/growing`, { seed: 7, problems: 8, steps: 1 });
    const growing = await OpenRun.read(folder);
    const { store, takeRun } = await panel();
    takeRun.mockResolvedValueOnce(growing);
    store.compareWithRun(folder);
    await until('it is there', () => store.cursorARun.other !== null);
    const rows = store.columnsBefore.groups.length;
    const record = {
      type: 'warning',
      seq: growing.columns.seq + 1,
      time: new Date().toISOString(),
      code: 'x',
      message: 'A warning.',
      step: 1,
    };
    growing.append([record as never]);
    await until('the page has it', () => store.columnsBefore.seq === record.seq);
    expect(store.columnsBefore.groups.length).toBe(rows);
  });
});

describe('the problems of another run', () => {
  test('are found by text, then by id; one that it lacks is not sampled', () => {
    const problem = (index: number, id: string, text: string) => ({ ...run.problems[0]!, index, id, text });
    const ours = [problem(0, 'a', 'one'), problem(1, 'b', 'two'), problem(2, 'c', 'three')];
    const theirs = [problem(0, 'x', 'two'), problem(1, 'a', 'Question: one')];
    const partners = partnersOf(ours, theirs);
    expect([...partners.indices]).toEqual([
      [0, 1],
      [1, 0],
    ]);
    expect(partners.byText).toBe(1);
    expect(viewInOther(other.columns, partners, 2, null)).toMatchObject({ row: null, status: 'unsampled' });
  });
});
