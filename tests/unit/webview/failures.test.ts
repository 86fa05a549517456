/** Every request of the panel's contract, when it fails and when it comes too late. */
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { Peer } from '../../../engine/messages/peer.ts';
import { pageTransport } from '../../../engine/messages/webview.ts';
import { RollscopeError } from '../../../engine/protocol/errors.ts';
import type { Note } from '../../../engine/protocol/note.ts';
import { PANEL, type PanelContract } from '../../../engine/runs/panel-contract.ts';
import { OpenRun } from '../../../engine/view/open-run.ts';
import type { PanelRequest } from '../../../webview/failures.ts';
import { Store } from '../../../webview/store.ts';
import { temporaryFolder } from '../../support/processes.ts';
import { writeRunFixture } from '../../support/run-fixture.ts';
import { until } from '../../support/wait.ts';
import { FakeWebview } from './fake-webview.ts';
import { clicksOf, markup, templatesOf } from './markup.ts';
import { conversationOf, NO_REWARDS, readSelected, rendered, type Section, template } from './panel.ts';

/** How each request comes about, and the section in which that is: a new request does not compile before it is here. */
const REQUESTS: Record<PanelRequest, { section: Section; ask(store: Store): void }> = {
  attach: { section: 'app', ask: (store) => store.readAgain() },
  readGroup: { section: 'inspector', ask: (store) => void store.groups.of(idOf(store)) },
  find: { section: 'find', ask: (store) => store.finder.start() },
  readNotes: { section: 'notes', ask: (store) => store.notebook.read() },
  writeNote: { section: 'notes', ask: (store) => store.notebook.write(NOTE) },
  openRollout: {
    section: 'rollout',
    ask: (store) => store.requests.openRollout(store.columns.idOf(store.selected!.view.row!), 2),
  },
  compareRollouts: {
    section: 'rollout',
    ask: (store) => {
      const group = store.columns.idOf(store.selected!.view.row!);
      store.requests.compareRollouts({ group, rollout: 0 }, { group, rollout: 1 });
    },
  },
  listRuns: { section: 'cursorA', ask: (store) => store.cursorARun.list() },
  compareWithRun: { section: 'cursorARun', ask: (store) => store.compareWithRun(other.folder) },
  readPrompt: { section: 'rollout', ask: (store) => store.prompts.ask(store.selected!.problem.index) },
  calibrate: { section: 'calibration', ask: (store) => store.calibration.ask('train', [1], { again: true }) },
  rescore: {
    section: 'inspector',
    ask: (store) => store.rewards.ask({ phase: 'train', step: 1, problem: null }, { again: true }),
  },
  saveFile: {
    section: 'curves',
    ask: (store) => store.requests.saveFile({ name: 'a.csv', content: 'x', encoding: 'utf8' }),
  },
  revealProblem: { section: 'inspector', ask: (store) => store.requests.revealProblem(0) },
  control: { section: 'header', ask: (store) => store.requests.control('pause') },
  perform: { section: 'header', ask: (store) => store.requests.perform('choose-run') },
  answerStart: { section: 'start', ask: (store) => askOfStart(store, () => store.requests.answerStart('again')) },
  openSetting: {
    section: 'start',
    ask: (store) => askOfStart(store, () => store.requests.openSetting('rollscope.votes')),
  },
};
/** What is asked of a start is shown with it. */
function askOfStart(store: Store, ask: () => void): void {
  const error = { code: 'config' as const, message: 'The start failed.' };
  store.start = { state: 'failed', what: 'train', error, settings: [], usual: 'preset', answers: ['again'] };
  ask();
}
const NOTE: Note = {
  ...{ id: 'one', time: '2026-11-24T19:31:00.000Z', text: 'The note.', pinned: false },
  ...{ step: 1, phase: null, problem: null, row: null, rollout: null, tokens: null },
};
const group = { phase: 'train', step: 1, problem: 0 };
/** Their parameters in addition to the run. */
const MORE: Partial<Record<PanelRequest, object>> = {
  readGroup: { group },
  find: { query: {} },
  writeNote: { note: NOTE },
  openRollout: { group, rollout: 0 },
  compareRollouts: { group, rollout: 0, other: { run: '', group, rollout: 1 } },
  compareWithRun: { other: null },
  readPrompt: { problem: 0 },
  rescore: { phase: 'train', step: 1, problem: null },
  saveFile: { name: 'a.csv', content: 'x', encoding: 'utf8' },
  calibrate: { phase: 'train', step: 1 },
  revealProblem: { problem: 0 },
  control: { action: 'stop' },
};
const NAMES = (Object.keys(PANEL.requests) as (PanelRequest | 'watch')[]).filter((name) => name !== 'watch');
/** Requests that name their run. */
const OF_A_RUN = NAMES.filter((name) => 'run' in PANEL.requests[name].params.shape);

const SECTIONS: readonly Section[] = [
  'app',
  'header',
  'diagnosis',
  'find',
  'notes',
  'scrubber',
  'curves',
  'problems',
  'inspector',
  'calibration',
  'rollout',
  'start',
  'cursorA',
  'cursorARun',
];
const idOf = (store: Store) => store.columns.idOf(store.selected!.view.row!);

let run: OpenRun;
let other: OpenRun;
beforeAll(async () => {
  const open = async (steps: number) => {
    const { folder } = await writeRunFixture(`${temporaryFolder()}/run-of-${steps}`, { problems: 4, steps });
    return OpenRun.read(folder);
  };
  [run, other] = await Promise.all([open(1), open(2)]);
});

/** Asked before each request of a page is handled; what it throws is the answer. */
const admit = vi.fn<(name: PanelRequest) => void>();
const { handleAll } = Peer.prototype;
vi.spyOn(Peer.prototype, 'handleAll').mockImplementation(function (this: Peer<PanelContract>, handlers) {
  handleAll.call(this as never, handlers as never, (name) => admit(name as PanelRequest));
});
beforeEach(() => {
  admit.mockReset();
});

const failure = new RollscopeError('disk', 'The message.', 'The hint.');

/** The next request of this name fails. */
function failOnce(name: PanelRequest): void {
  let failed = false;
  admit.mockImplementation((asked) => {
    if (asked !== name || failed) return;
    failed = true;
    throw failure;
  });
}

const timesAsked = (name: PanelRequest) => admit.mock.calls.filter(([asked]) => asked === name).length;

function hostOf(webview: FakeWebview) {
  const actions = {
    control: vi.fn(async () => {}),
    perform: vi.fn(async () => {}),
    openRollout: vi.fn(async () => {}),
    compareRollouts: vi.fn(async () => {}),
    rescore: vi.fn(async () => NO_REWARDS),
    calibrate: vi.fn(async () => []),
    revealProblem: vi.fn(async () => {}),
  };
  const host = conversationOf(webview, actions);
  host.show(run);
  return { host, actions };
}

async function panel() {
  const webview = new FakeWebview();
  const { host } = hostOf(webview);
  const store = new Store(webview.page());
  await until('the run is shown', () => store.phase === 'run');
  await readSelected(store);
  return { host, store };
}

/** The sections that show the failure of a request. */
function placesOf(store: Store, name: PanelRequest): Section[] {
  return SECTIONS.filter((section) => rendered(store, section).includes(`role="alert" data-request="${name}"`));
}

function buttonsOf(store: Store, section: Section, name: PanelRequest) {
  const alert = templatesOf(template(store, section)).findLast((candidate) =>
    markup(candidate).includes(`data-request="${name}"`),
  );
  const clicks = clicksOf(alert);
  const button = (action: string) => clicks.find(({ element }) => element.includes(`data-action="${action}"`))?.click;
  return { again: button('again'), dismiss: button('dismiss') };
}

describe.each(NAMES)('%s that fails', (name) => {
  const { section, ask } = REQUESTS[name];

  test('is reported where it was requested, once, and can be retried', async () => {
    const { store } = await panel();
    if (name === 'readGroup') store.selection.select(1);
    failOnce(name);
    ask(store);
    const before = timesAsked(name);
    await until('it is shown', () => placesOf(store, name).length > 0);
    expect(placesOf(store, name)).toEqual([section]);
    expect(rendered(store, section)).toContain('data-code="disk"');
    expect(rendered(store, section)).toContain('The message. The hint.');
    const asked = timesAsked(name);
    expect(asked - before).toBe(1);

    buttonsOf(store, section, name).again!();
    await until('it was asked again', () => timesAsked(name) === asked + 1);
    await until('it is done', () => store.phase === 'run' && store.groups.of(idOf(store)).state === 'read');
    expect(placesOf(store, name)).toEqual([]);
  });

  // Without a run or a group there is nothing to show instead.
  if (name === 'attach' || name === 'readGroup') return;
  test('can be dismissed, and disappears with its subject', async () => {
    const { store, host } = await panel();
    failOnce(name);
    ask(store);
    await until('it is shown', () => placesOf(store, name).length > 0);
    buttonsOf(store, section, name).dismiss!();
    expect(placesOf(store, name)).toEqual([]);

    failOnce(name);
    ask(store);
    await until('it is shown', () => placesOf(store, name).length > 0);
    host.show(other);
    await until('another run is shown', () => store.info?.run === other.run);
    expect(placesOf(store, name)).toEqual([]);
  });
});

test("a failure is reported in the editor's terms, except for quotations", async () => {
  const { store } = await panel();
  const output = 'usage: --lr LR';
  admit.mockImplementation((asked) => {
    if (asked !== 'control') return;
    throw new RollscopeError('config', `--lr 9 is too high. ${output}`, 'Lower --lr.', {
      details: { reason: 'x', output },
    });
  });
  store.requests.control('resume');
  await until('it is shown', () => placesOf(store, 'control').length > 0);
  const { message, hint } = store.failures.of('control')!;
  // What a program printed stays as it is; an option of the command line becomes the editor's setting.
  expect(message.endsWith(output)).toBe(true);
  for (const text of [message.slice(0, -output.length), hint]) {
    expect(text).toContain('rollscope.learningRate');
    expect(text).not.toContain('--lr');
  }
});

test("the error about an unreadable run uses the editor's terms", async () => {
  const webview = new FakeWebview();
  const { host } = hostOf(webview);
  const broken = Object.create(run, {
    error: { value: new RollscopeError('run-broken', 'It needs --lr.') },
    loadedPart: { value: 0 },
  }) as OpenRun;
  host.show(broken);
  const store = new Store(webview.page());
  await until('it has failed', () => store.phase === 'failed');
  expect(rendered(store, 'app')).toContain('rollscope.learningRate');
});

test.each(['readPrompt', 'readNotes', 'listRuns', 'find', 'rescore'] as const)(
  '%s that is answered after another run is shown has not failed there',
  async (name) => {
    const { store, host } = await panel();
    // Both are on their way at the same time: the host refuses a request about a run that it no longer shows.
    host.show(other);
    REQUESTS[name].ask(store);
    await until('another run is shown', () => store.info?.run === other.run && store.phase === 'run');
    store.calibration.ask('train', [1]);
    await until('all is answered', () => store.calibration.of('train', 1).state === 'read');
    await readSelected(store);
    expect(timesAsked(name)).toBeGreaterThan(0);
    expect(placesOf(store, name)).toEqual([]);
  },
);

describe.each(OF_A_RUN)('%s of a run that is no longer shown', (name) => {
  test('is refused, and affects no run', async () => {
    const webview = new FakeWebview();
    const { host, actions } = hostOf(webview);
    const page = new Peer<PanelContract>(pageTransport(webview.page())).listen();
    await page.request('attach', {});
    host.show(other);
    const reads = [run, other].map((item) => vi.spyOn(item, 'readGroup').mockClear());
    const params = { run: run.folder, ...MORE[name] } as never;
    await expect(page.request(name, params)).rejects.toMatchObject({
      code: 'run-not-found',
      details: { reason: 'run-not-shown', run: run.folder },
    });
    for (const action of [...Object.values(actions), ...reads]) expect(action).not.toHaveBeenCalled();
  });

  // The answers to a reading and to a search are of no interest anymore.
  const readings = [
    'readGroup',
    'readPrompt',
    'readNotes',
    'listRuns',
    'find',
    'rescore',
    'calibrate',
    'compareWithRun',
  ];
  if (readings.includes(name)) return;
  test('is shown as refused, without a retry', async () => {
    const { host, store } = await panel();
    // The host shows another run; the page has not heard of it.
    host.show(other);
    expect(store.info!.run).toBe(run.run);
    REQUESTS[name].ask(store);
    await until('it is refused', () => store.info?.run === other.run && store.failures.of(name) !== null);
    await readSelected(store);
    expect(placesOf(store, name)).toEqual([REQUESTS[name].section]);
    const { again, dismiss } = buttonsOf(store, REQUESTS[name].section, name);
    expect([again, typeof dismiss]).toEqual([undefined, 'function']);
  });
});
