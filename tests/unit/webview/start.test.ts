/** A start in the panel: it stands before the run, and answers to what is clicked. */
import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { StartState } from '../../../engine/runs/start-state.ts';
import { OpenRun } from '../../../engine/view/open-run.ts';
import { Store } from '../../../webview/store.ts';
import { temporaryFolder } from '../../support/processes.ts';
import { writeRunFixture } from '../../support/run-fixture.ts';
import { until } from '../../support/wait.ts';
import { FakeWebview } from './fake-webview.ts';
import { clicksOf } from './markup.ts';
import { conversationOf, rendered, template } from './panel.ts';

const FAILED: StartState = {
  ...{ state: 'failed', what: 'train on problems.jsonl', usual: 'preset', answers: ['usual', 'again'] },
  error: { code: 'config', message: 'setting rollscope.group 16 must not exceed setting rollscope.votes 8.' },
  settings: [{ id: 'rollscope.group', name: 'rollscope.group', value: '16', usual: '8' }],
};

let run: OpenRun;
beforeAll(async () => {
  const { folder } = await writeRunFixture(`${temporaryFolder()}/run`, { problems: 2, votes: 2, steps: 1 });
  run = await OpenRun.read(folder);
});

async function panel() {
  const webview = new FakeWebview();
  const host = conversationOf(webview);
  host.show(run);
  const store = new Store(webview.page());
  await until('the run is shown', () => store.phase === 'run');
  const start = { state: FAILED, answer: vi.fn(async () => {}), openSetting: vi.fn(async () => {}) };
  const click = (part: string) => {
    const found = clicksOf(template(store, 'start')).find(({ element }) => element.includes(part));
    found!.click();
  };
  return { store, host, start, click, webview };
}

describe('a start', () => {
  test('is shown during preparation and after a failure, and the run returns to its place', async () => {
    const { store, host, start } = await panel();
    store.selection.select(1);
    host.showStart({ ...start, state: { state: 'preparing', what: 'train' } });
    await until('it is prepared', () => store.start?.state === 'preparing');
    expect(rendered(store, 'app')).toContain('rs-start');
    host.showStart(start);
    await until('it has failed', () => store.start?.state === 'failed');
    expect(rendered(store, 'start')).toContain('data-code="config"');
    host.showStart(null);
    await until('the run is shown again', () => store.phase === 'run');
    expect([store.info!.folder, store.selection.problem, store.start]).toEqual([run.folder, 1, null]);
  });

  test('ends once a run is shown, and stays for a page that returns', async () => {
    const { store, host, start, webview } = await panel();
    host.showStart(start);
    await until('it has failed', () => store.start !== null);
    const again = new Store(webview.page());
    await until('it is there', () => again.start !== null);
    host.show(run);
    await until('the run is shown', () => again.phase === 'run');
    expect(again.start).toBeNull();
  });

  test('has a table if it says more than the text with its links', async () => {
    const { store, host, start } = await panel();
    const tell = async (message: string, value: string) => {
      const state = { ...FAILED, error: { code: 'model', message }, settings: [{ ...NAMED, value }] } as StartState;
      host.showStart({ ...start, state });
      await until('it is told', () => rendered(store, 'start').includes(message.slice(-12)));
      return rendered(store, 'start').includes('<table');
    };
    const NAMED = { id: 'rollscope.model', name: 'model', usual: 'W' };
    expect(await tell('The model is not there: no network', 'W')).toBe(false);
    expect(await tell('The model is not there: another one', 'V')).toBe(true);
    expect(await tell('What it needs is not there: no link', 'W')).toBe(true);
  });

  test('offers what helps, and each setting as a link', async () => {
    const { store, host, start, click } = await panel();
    host.showStart(start);
    await until('it has failed', () => store.start !== null);
    for (const answer of ['usual', 'again', 'dismiss'] as const) {
      click(`data-answer="${answer}"`);
      await until(`${answer} has arrived`, () => start.answer.mock.calls.length > 0);
      expect(start.answer.mock.calls.splice(0)).toEqual([[answer]]);
    }
    // Only what it names is a link; the host opens nothing else.
    expect(rendered(store, 'start').split('role="link"').length - 1).toBe(2);
    click('role="link"');
    await until('it is opened', () => start.openSetting.mock.calls.length > 0);
    expect(start.openSetting.mock.calls).toEqual([['rollscope.group']]);
    store.requests.openSetting('editor.fontSize');
    store.requests.answerStart('again');
    await until('both were handled', () => start.answer.mock.calls.length > 0);
    expect(start.openSetting).toHaveBeenCalledOnce();
  });
});
