/** The webview panel itself: its title, its page, and the panel of the previous window. */
import { describe, expect, test, vi } from 'vitest';
import { Conversation } from '../../engine/view/conversation.ts';
import { OpenRun } from '../../engine/view/open-run.ts';
import { Panel, type PanelActions } from '../../extension/panel/panel.ts';
import { temporaryFolder } from '../support/processes.ts';
import { writeRunFixture } from '../support/run-fixture.ts';

const made: FakePanel[] = [];

class FakePanel {
  constructor(
    readonly options?: unknown,
    readonly column?: unknown,
  ) {}
  title = '';
  visible = true;
  disposed = false;
  readonly posted: unknown[] = [];
  private readonly closing: (() => void)[] = [];
  readonly webview = {
    cspSource: 'csp:',
    html: '',
    options: {},
    asWebviewUri: ({ fsPath }: { fsPath: string }) => fsPath,
    postMessage: async (message: unknown) => this.posted.push(message) > 0,
    onDidReceiveMessage: () => ({ dispose: () => undefined }),
  };
  private changed: (() => void) | undefined;
  readonly onDidChangeViewState = (listener: () => void) => {
    this.changed = listener;
    return { dispose: () => undefined };
  };
  /** Brings it to the front, or covers it. */
  show(visible: boolean): void {
    this.visible = visible;
    this.changed?.();
  }
  reveal(): void {}
  onDidDispose(listener: () => void) {
    this.closing.push(listener);
  }
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    for (const listener of this.closing) listener();
  }
}

vi.mock('vscode', async () => {
  const { vscode } = await import('../support/editor.ts');
  const window = {
    ...vscode.window,
    registerWebviewPanelSerializer: () => ({ dispose: () => undefined }),
    createWebviewPanel: (_type: string, _title: string, { viewColumn }: { viewColumn: unknown }, options: unknown) => {
      made.push(new FakePanel(options, viewColumn));
      return made.at(-1);
    },
  };
  return { ...vscode, window, env: { uriScheme: 'vscodium' }, ViewColumn: { Active: -1, Beside: -2 } };
});

async function runNamed(name: string): Promise<OpenRun> {
  const { folder } = await writeRunFixture(`${temporaryFolder()}/${name}`, { problems: 2, votes: 2, steps: 1 });
  return OpenRun.read(folder);
}

function panelWith(restore: PanelActions['restore'] = async () => {}) {
  made.length = 0;
  const nothing = async () => {};
  const actions = {
    control: nothing,
    perform: nothing,
    openRollout: nothing,
    saveFile: nothing,
    compareRollouts: nothing,
    revealProblem: nothing,
    writeNote: async () => [],
    again: nothing,
  };
  const report = (error: unknown) => {
    throw error;
  };
  const rescore = async () => ({ trainedBy: null, groups: 0, rewards: [], notComputed: {} });
  return new Panel({ fsPath: '/extension' } as never, {
    ...actions,
    rescore,
    calibrate: async () => [],
    listRuns: async () => [],
    takeRun: (folder) => OpenRun.open(folder),
    report,
    restore,
  });
}

describe('the panel', () => {
  test('names its run in the title as soon as it shows it', async () => {
    const [a, b] = [await runNamed('a'), await runNamed('b')];
    const panel = panelWith();
    panel.setRun(a);
    panel.open();
    expect(made[0]!.title).toMatch(/\ba$/);
    panel.setRun(b);
    expect([made[0]!.title, panel.shown]).toEqual([expect.stringMatching(/\bb$/), b]);
    expect(made[0]!.webview.html).toContain('panel.js');
  });

  test('keeps its page while it is hidden, and sends it nothing', async () => {
    const tells = vi.spyOn(Conversation.prototype, 'setVisible');
    const panel = panelWith();
    panel.open();
    const [shown] = made;
    expect(shown!.options).toMatchObject({ retainContextWhenHidden: true });
    shown!.show(false);
    shown!.show(true);
    expect(tells.mock.calls).toEqual([[false], [true]]);
  });

  test('of the previous window restores its run only while no run is shown', async () => {
    const restore = vi.fn(async () => {});
    const panel = panelWith(restore);
    await panel.deserializeWebviewPanel(new FakePanel() as never, { run: 'a' });
    expect(restore).toHaveBeenCalledExactlyOnceWith('a');
    panel.setRun(await runNamed('b'));
    await panel.deserializeWebviewPanel(new FakePanel() as never, { run: 'a' });
    expect(restore).toHaveBeenCalledOnce();
    expect(panel.shown!.run).toBe('b');
  });

  test("replaces the previous window's panel, which has not been looked at since", async () => {
    const { TabInputWebview, window } = (await import('vscode')) as unknown as {
      TabInputWebview: new () => { viewType?: string };
      window: { tabGroups: object };
    };
    const input = (viewType: string) => Object.assign(new TabInputWebview(), { viewType });
    const group = { viewColumn: 3, tabs: [] as object[] };
    group.tabs.push(...['rollscope.panel', 'rollscope.report'].map((type) => ({ input: input(`x-${type}`), group })));
    const close = vi.fn(async () => true);
    const before = window.tabGroups;
    window.tabGroups = { ...before, all: [group], close };
    panelWith().open();
    window.tabGroups = before;
    expect(close).toHaveBeenCalledExactlyOnceWith([group.tabs[0]], true);
    expect(made[0]!.column).toBe(3);
  });

  test("exists once, even if the previous window's panel returns after another was opened", async () => {
    const panel = panelWith();
    panel.setRun(await runNamed('b'));
    panel.open();
    const returning = new FakePanel();
    await panel.deserializeWebviewPanel(returning as never, { run: 'a' });
    expect([made[0]!.disposed, returning.disposed, panel.isOpen]).toEqual([true, false, true]);
    expect(returning.title).toMatch(/\bb$/);
    returning.dispose();
    expect(panel.isOpen).toBe(false);
  });
});
