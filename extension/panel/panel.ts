/** The webview panel: shows one run, from a complete snapshot and then what follows; survives a reload of the window. */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import {
  type FromView,
  type JournalRecord,
  type Progress,
  type RolloutId,
  type ToView,
  toErrorData,
} from '../../engine/protocol/index.ts';
import { Disposables } from '../disposables.ts';
import { Emitter } from '../events.ts';
import type { OpenRun } from '../run/open-run.ts';
import { type Delayed, throttle } from '../timing.ts';
import { panelHtml } from './html.ts';
import { isFromView, runOfViewState } from './messages.ts';

const VIEW_TYPE = 'rollscope.panel';
/** Milliseconds between two batches of records. */
const BATCH_INTERVAL = 100;

/** What the panel asks of the extension. */
export interface PanelActions {
  /** Finds the run that a restored panel showed, by name; null when it is gone. */
  restore(run: string | null): Promise<OpenRun | null>;
  perform(kind: 'pause' | 'continue' | 'stop' | 'resume' | 'choose-run' | 'train', run: OpenRun | null): Promise<void>;
  openRollout(run: OpenRun, id: RolloutId): Promise<void>;
  revealProblem(run: OpenRun, problem: number): Promise<void>;
  report(error: unknown): void;
}

export class Panel implements vscode.WebviewPanelSerializer {
  private readonly scope = new Disposables();
  private readonly visibleEmitter = this.scope.add(new Emitter<boolean>());
  private view: View | null = null;
  private run: OpenRun | null = null;

  readonly onDidChangeOpen = this.visibleEmitter.event;

  constructor(
    private readonly extension: vscode.Uri,
    private readonly actions: PanelActions,
  ) {
    this.scope.add(vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, this));
  }

  /** The run that the panel shows, or would show. */
  get shown(): OpenRun | null {
    return this.run;
  }

  get isOpen(): boolean {
    return this.view !== null;
  }

  /** Chooses what is shown, without opening the panel. */
  setRun(run: OpenRun | null): void {
    if (this.run === run) return;
    this.run = run;
    this.view?.show(run);
  }

  /** Opens the panel, or brings it to the front. */
  open({ preserveFocus = false } = {}): void {
    if (this.view) {
      this.view.panel.reveal(undefined, preserveFocus);
      return;
    }
    const beside = vscode.window.activeTextEditor !== undefined;
    const column = beside ? vscode.ViewColumn.Beside : vscode.ViewColumn.Active;
    const panel = vscode.window.createWebviewPanel(VIEW_TYPE, 'Rollscope', { viewColumn: column, preserveFocus });
    this.adopt(panel);
  }

  /** Opens the panel on one problem of the run that it shows. */
  select(problem: number, options?: { preserveFocus?: boolean }): void {
    this.open(options);
    this.view?.select(problem);
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    this.adopt(panel);
    // What the session follows already goes before what the view remembers.
    if (!this.run) this.setRun(await this.actions.restore(runOfViewState(state)));
  }

  dispose(): void {
    this.view?.panel.dispose();
    this.scope.dispose();
  }

  private adopt(panel: vscode.WebviewPanel): void {
    const dist = vscode.Uri.joinPath(this.extension, 'dist');
    panel.iconPath = vscode.Uri.joinPath(this.extension, 'media', 'icon.png');
    panel.webview.options = { enableScripts: true, localResourceRoots: [dist] };
    const view = new View(panel, this.actions);
    this.view = view;
    panel.onDidDispose(() => {
      view.dispose();
      if (this.view === view) this.view = null;
      this.visibleEmitter.fire(this.isOpen);
    });
    view.show(this.run);
    panel.webview.html = panelHtml({
      csp: panel.webview.cspSource,
      script: panel.webview.asWebviewUri(vscode.Uri.joinPath(dist, 'panel.js')).toString(),
      nonce: randomBytes(16).toString('base64'),
    });
    this.visibleEmitter.fire(true);
  }
}

/** One webview and its conversation. */
class View {
  private readonly scope = new Disposables();
  /** What belongs to the run that is shown. */
  private readonly following = this.scope.add(new Disposables());
  private readonly flush: Delayed<[]>;
  private run: OpenRun | null = null;
  /** The page has said that it listens. A page that was hidden says so again when it comes back. */
  private ready = false;
  /** A snapshot is being read: what comes meanwhile waits for it. Aborted when a later one takes its place. */
  private snapshot: AbortController | null = null;
  private waiting: JournalRecord[] = [];
  private selected: number | null = null;

  constructor(
    readonly panel: vscode.WebviewPanel,
    private readonly actions: PanelActions,
  ) {
    this.flush = this.scope.add(throttle(BATCH_INTERVAL, () => this.sendRecords()));
    this.scope.add(panel.webview.onDidReceiveMessage((message) => this.receive(message)));
    this.scope.add(
      panel.onDidChangeViewState(() => {
        if (!panel.visible) this.ready = false;
      }),
    );
  }

  show(run: OpenRun | null): void {
    this.following.clear();
    this.waiting = [];
    this.selected = null;
    this.run = run;
    this.panel.title = run ? `Rollscope: ${run.run}` : 'Rollscope';
    if (run) {
      this.following.add(
        run.onDidAppend((records) => {
          if (!this.ready) return;
          this.waiting.push(...records);
          this.flush();
        }),
      );
      const progress = this.following.add(throttle(BATCH_INTERVAL, () => this.sendProgress(run.progress)));
      this.following.add(run.onDidChangeProgress(() => progress()));
    }
    void this.sendSnapshot();
  }

  select(problem: number): void {
    if (this.ready && !this.snapshot) this.post({ kind: 'select', problem });
    else this.selected = problem;
  }

  dispose(): void {
    this.snapshot?.abort();
    this.scope.dispose();
  }

  private async sendSnapshot(): Promise<void> {
    this.snapshot?.abort();
    this.snapshot = null;
    const { run } = this;
    if (!this.ready) return;
    if (!run) return this.post({ kind: 'no-run' });
    const own = new AbortController();
    this.snapshot = own;
    try {
      const { info, problems, records } = await run.snapshot();
      if (own.signal.aborted) return;
      this.snapshot = null;
      this.post({ kind: 'run', info, problems, records, progress: run.progress });
      if (this.selected !== null) this.post({ kind: 'select', problem: this.selected });
      this.selected = null;
      this.flush();
    } catch (error) {
      if (own.signal.aborted) return;
      this.snapshot = null;
      this.postError(error);
    }
  }

  private sendRecords(): void {
    if (!this.run || !this.ready || this.snapshot || this.waiting.length === 0) return;
    this.post({ kind: 'records', run: this.run.run, records: this.waiting });
    this.waiting = [];
    this.sendProgress(this.run.progress);
  }

  private sendProgress(progress: Progress | null): void {
    if (!this.run || !this.ready || this.snapshot) return;
    this.post({ kind: 'progress', progress, status: this.run.status });
  }

  private async receive(message: unknown): Promise<void> {
    if (!isFromView(message)) return;
    try {
      await this.answer(message);
    } catch (error) {
      this.postError(error);
    }
  }

  private async answer(message: FromView): Promise<void> {
    const { run } = this;
    switch (message.kind) {
      case 'ready':
        this.ready = true;
        // A page that begins anew has lost what was sent before.
        this.waiting = [];
        return this.sendSnapshot();
      case 'read-rollouts': {
        const group = run?.state.groups.get(message.group);
        if (!run || !group) return;
        const stored = await run.readGroup(message.group);
        const why = run.explain(group, stored);
        return this.post({ kind: 'rollouts', group: message.group, rollouts: stored.rollouts, why });
      }
      case 'open-rollout':
        return run ? this.actions.openRollout(run, message.id) : undefined;
      case 'reveal-problem':
        return run ? this.actions.revealProblem(run, message.problem) : undefined;
      default:
        return this.actions.perform(message.kind, run);
    }
  }

  private post(message: ToView): void {
    void this.panel.webview.postMessage(message);
  }

  private postError(error: unknown): void {
    const { code, message, hint } = toErrorData(error);
    if (code === 'internal') this.actions.report(error);
    else this.post({ kind: 'error', message, hint });
  }
}
