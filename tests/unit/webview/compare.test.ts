/** The page that compares runs, with its host in the same process. */
import path from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { ComparisonState } from '../../../engine/runs/comparison/contract.ts';
import { ComparisonConversation } from '../../../engine/view/comparison.ts';
import { OpenRun } from '../../../engine/view/open-run.ts';
import { editorWords } from '../../../extension/remedies.ts';
import { CompareApp } from '../../../webview/compare/app.ts';
import { valueAt } from '../../../webview/compare/overlay.ts';
import { CompareStore } from '../../../webview/compare/store.ts';
import type { Host } from '../../../webview/host.ts';
import type { ChartPointer } from '../../../webview/sections/curves/pointer.ts';
import { temporaryFolder } from '../../support/processes.ts';
import { writeRunFixture } from '../../support/run-fixture.ts';
import { until } from '../../support/wait.ts';
import { FakeWebview } from './fake-webview.ts';
import { clicksOf, markup, textsOf } from './markup.ts';

const runs = temporaryFolder();
const folder = (name: string) => path.join(runs, name);

beforeAll(async () => {
  await writeRunFixture(folder('one'), { seed: 7 });
  await writeRunFixture(folder('two'), { seed: 7, steps: 5 });
  await writeRunFixture(folder('three'), { seed: 7, votes: 4 });
  await writeRunFixture(folder('other'), { seed: 8, problems: 3 });
});

async function compare(...names: string[]) {
  const webview = new FakeWebview();
  const open = vi.fn(async () => {});
  const saveFile = vi.fn(async (_name: string, _content: Uint8Array) => {});
  const report = (error: unknown) => {
    throw error;
  };
  const opened = await Promise.all(names.map((name) => OpenRun.open(folder(name))));
  const conversation = new ComparisonConversation(webview, opened, { open, saveFile, report }, editorWords('vscode'));
  const store = new CompareStore(webview.page() as Host<unknown> as Host<ComparisonState>);
  await until('the runs are compared', () => store.shown?.comparison != null);
  const app = Object.assign(new CompareApp(), { store, width: 1200 });
  return {
    store,
    app,
    open,
    saveFile,
    conversation,
    webview,
    template: () => app.render(),
    html: () => markup(app.render()),
  };
}

describe('a comparison of two runs', () => {
  test('shows each at its step, the pair, settings and problems that differ', async () => {
    const { html } = await compare('one', 'two');
    const text = textsOf(html());
    expect(text).toContain('12 problems in both runs, matched by text · evaluation rollouts');
    expect(html()).toMatch(/data-setting="steps"/);
    expect(html()).toMatch(/data-pair="B-A"/);
    // Told apart by dash and marker, not by color alone.
    const lines = [...html().matchAll(/class="run-line run\d"(?: stroke-dasharray="([^"]*)")?/g)].map(
      ([, dash]) => dash,
    );
    expect(new Set(lines.slice(0, 2)).size).toBe(2);
  });

  test('that is hidden is told once what it missed', async () => {
    const { webview, conversation } = await compare('one', 'two');
    const [run] = Reflect.get(conversation, 'runs') as OpenRun[];
    conversation.setVisible(false);
    webview.told.length = 0;
    run!.announceStatus();
    await until('it would have been told', () => Reflect.get(conversation, 'hasMissed') === true);
    expect(webview.told).toEqual([]);
    conversation.setVisible(true);
    conversation.setVisible(true);
    expect(webview.told).toEqual(['shown']);
  });

  test('follows the step of each run, and says from which step the rollouts are', async () => {
    const { store, html } = await compare('one', 'two');
    store.setStep(0, 3);
    await until('the step is compared', () => store.shown!.comparison!.runs[0]!.asked === 3);
    expect(store.shown!.comparison!.runs.map(({ at }) => at.step)).toEqual([0, 5]);
    expect(textsOf(html())).toContain('rollouts of step 0');
    store.setStep(0, null);
    await until('the latest is compared', () => store.shown!.comparison!.runs[0]!.at.step === 10);
  });

  test('has the values of all runs at the step under the pointer in each chart, and goes to that step', async () => {
    const { store, app, html } = await compare('one', 'two');
    const values = (curve: string) =>
      textsOf(new RegExp(`data-curve="${curve}".*?</figure>`, 's').exec(html())![0])
        .split('\n')
        .join(' ');
    expect(values('majorityShare')).not.toContain('step 3:');
    const charts = Reflect.get(app, 'charts') as object;
    const pointer = Reflect.get(charts, 'pointer') as ChartPointer;
    pointer.hover = 3;
    const { curves } = store.shown!.comparison!;
    for (const name of ['majorityShare', 'evaluation/accuracy']) {
      const [a, b] = curves[name]!.map((curve) => valueAt(curve, 3)!.toFixed(name === 'majorityShare' ? 2 : 3));
      expect(values(name), name).toContain(`step 3: A ${a} · B ${b}`);
    }
    // A run that has not come so far has no value there.
    pointer.hover = 9;
    expect(values('majorityShare')).toMatch(/step 9: A [\d.]+ · B –/);
    pointer.show([2, 5]);
    expect(html()).toContain('data-action="all-steps"');
    store.setAllSteps(4);
    await until('the step is compared', () => store.shown!.comparison!.runs[1]!.asked === 4);
    store.setAllSteps(10);
    expect(store.look.steps).toEqual([null, null]);
  });

  test('saves its charts as files, with a column for each run', async () => {
    const { store, saveFile, template } = await compare('one', 'two');
    // The menu closes after the choice; here there is no page.
    const event = { currentTarget: { closest: () => ({}) } };
    const csv = clicksOf(template()).filter(({ element }) => element.includes('data-action="csv"'));
    expect(csv).toHaveLength(store.look.curves.length);
    (csv[1]!.click as (event: unknown) => void)(event);
    await until('it is saved', () => saveFile.mock.calls.length === 1);
    const [name, content] = saveFile.mock.calls[0]!;
    expect(name).toBe('A-one-B-two-majorityShare.csv');
    const [head, ...rows] = Buffer.from(content).toString().trim().split('\n');
    expect(head).toBe('step,one,two');
    expect(rows).toHaveLength(10);
    expect(rows[0]).toMatch(/^1,[\d.]+,[\d.]+$/);
    expect(rows[9]).toMatch(/^10,[\d.]+,$/);
  });

  test('lists the problems behind each count of the pair', async () => {
    const { store, template, html } = await compare('one', 'two');
    store.setStep(1, 0);
    await until('the step is compared', () => store.shown!.comparison!.runs[1]!.asked === 0);
    const { outcomes } = store.shown!.comparison!.pairs[0]!;
    for (const [key, count] of [
      ['both', outcomes.bothRight],
      ['first', outcomes.onlyFirst],
      ['second', outcomes.onlySecond],
      ['neither', outcomes.bothWrong],
    ] as const) {
      clicksOf(template())
        .find(({ element }) => element.includes(`data-outcome="${key}"`))!
        .click();
      expect(store.rows, key).toHaveLength(count);
    }
    expect(html()).toContain(`data-matching="${outcomes.bothWrong}"`);
  });

  test('says why no problem is listed, and offers a way back', async () => {
    const { store, template, html } = await compare('one', 'two');
    const press = (action: string) =>
      clicksOf(template())
        .find(({ element }) => element.includes(`data-action="${action}"`))!
        .click();
    store.choose({ filter: 'nowhere', all: true });
    expect(store.rows).toEqual([]);
    expect(html()).toContain('data-word="nowhere" data-count="0"');
    press('clear-filter');
    expect([store.filter, store.rows.length]).toEqual(['', 12]);
    expect(html()).not.toContain('data-nothing-found');
    // A run against itself.
    const same = await compare('one', 'one');
    expect(same.store.rows).toEqual([]);
    expect(same.html()).toContain('data-nothing-found');
    clicksOf(same.template())
      .find(({ element }) => element.includes('data-action="show-all"'))!
      .click();
    expect(same.store.rows).toHaveLength(12);
  });

  test('opens a problem in either run, at its step', async () => {
    const { store, open, template } = await compare('one', 'two');
    store.choose({ all: true });
    store.setStep(1, 5);
    const answers = clicksOf(template()).filter(({ element }) => element.includes('Open in'));
    answers[0]!.click();
    answers[1]!.click();
    await until('both are open', () => open.mock.calls.length === 2);
    const problem = store.rows[0]!.view.problem;
    expect(open.mock.calls).toEqual([
      [{ folder: folder('one'), problem, step: null, from: null }],
      [{ folder: folder('two'), problem, step: 5, from: null }],
    ]);
  });

  test('opens in the panel with cursor A at the other run', async () => {
    const { store, open, template } = await compare('one', 'two');
    store.setStep(0, 3);
    const [link] = clicksOf(template()).filter(({ element }) => element.includes('open-with-a'));
    link!.click();
    await until('it is open', () => open.mock.calls.length === 1);
    const from = { folder: folder('one'), step: 3 };
    expect(open.mock.calls).toEqual([[{ folder: folder('two'), problem: null, step: null, from }]]);
  });

  test('survives a reload', async () => {
    const { store, webview } = await compare('one', 'two');
    store.choose({ filter: 'fixed' });
    expect(webview.kept).toMatchObject({ folders: [folder('one'), folder('two')], filter: 'fixed' });
    const again = new CompareStore(webview.page() as Host<unknown> as Host<ComparisonState>);
    expect(again.filter).toBe('fixed');
    await until('the page is back', () => again.shown?.comparison != null);
  });
});

test('any of three runs can be the first', async () => {
  const { store, html } = await compare('one', 'two', 'three');
  store.setLook({ first: 2 });
  await until('another is the first', () => store.shown!.comparison!.pairs[0]!.first === 2);
  expect(html()).toContain('data-pair="A-C"');
  expect(html()).toContain('data-pair="B-C"');
  expect([store.first, store.second]).toEqual([2, 1]);
});

test('runs without a common problem are compared by curves and settings, and a message says so', async () => {
  const { html } = await compare('one', 'other');
  expect(html()).toContain('data-matched="0"');
  expect(html()).toMatch(/class="run-line run1"/);
  expect(html()).not.toContain('data-matching');
});

test('a run that is not compared is not opened', async () => {
  const { store, open } = await compare('one', 'two');
  store.shown!.runs[0]!.folder = folder('other');
  store.open(0, 0);
  await until('it is refused', () => store.failure !== null);
  expect(store.failure).toMatchObject({ code: 'usage', details: { reason: 'not-compared' } });
  expect(open).not.toHaveBeenCalled();
});
