/**
 * Sends a run to one webview: first as a whole, then what is new. Each page that attaches gets copies of the columns
 * that the host keeps. A hidden page gets nothing; what it missed is sent once, when it is visible again. Does not
 * import VS Code.
 */

import { runName } from '../journal/layout.ts';
import type { Peer } from '../messages/peer.ts';
import { type HostEnd, Pages } from '../messages/webview.ts';
import type { Address } from '../protocol/address.ts';
import { RollscopeError, toErrorData } from '../protocol/errors.ts';
import { type ColumnsMark, markOf, type PackedColumns, pack } from '../runs/packed.ts';
import { type DataColumns, type NotShown, PANEL, type PanelContract, type Shown } from '../runs/panel-contract.ts';
import { CursorARun } from './cursor-a-run.ts';
import { Disposables } from './disposables.ts';
import type { HostWords } from './host-words.ts';
import type { OpenRun } from './open-run.ts';
import { type ConversationActions, MESSAGE_INTERVAL_MS, panelRequests, type ShownStart } from './panel-requests.ts';
import { throttle } from './timing.ts';

export type { ConversationActions, ShownStart, StoredRollout } from './panel-requests.ts';

/** A place of the run that is shown. */
export type PanelPlace = Omit<Address, 'folder' | 'says'>;

/** The messages to a page about changes. */
type PageMessage = 'shown' | 'loading' | 'columns' | 'progress' | 'cursorARun';

/** The conversation with one webview, in which runs come and go. */
export class Conversation {
  private readonly scope = new Disposables();
  /** Resources of the run that is shown. */
  private readonly following = this.scope.add(new Disposables());
  private run: OpenRun | null = null;
  /** The run of cursor A, if that is another run. */
  private cursorARun: CursorARun | null = null;
  /** Number of the latest request to set it. */
  private asked = 0;
  /** The attached page, how much of the columns it has (null before it has any), and how many of the problems. */
  private attached: { peer: Peer<PanelContract>; mark: ColumnsMark | null; problems: number } | null = null;
  private selected: number | null = null;
  /** The place to go to once the run has been read. */
  private place: PanelPlace | null = null;
  /** Shown in place of the run, which is kept for afterwards. */
  private start: ShownStart | null = null;
  /** Who reported that the page is hidden. */
  private readonly hiddenBy = new Set<'host' | 'page'>();
  /** The messages that the hidden page has missed. */
  private readonly missed = new Set<PageMessage>();

  constructor(
    webview: HostEnd,
    private readonly actions: ConversationActions,
    private readonly words: HostWords,
  ) {
    const report = (error: unknown) => this.actions.report(error);
    this.scope.add(new Pages(webview, { contract: PANEL, report, retell: words.error }, (peer) => this.welcome(peer)));
  }

  show(run: OpenRun | null): void {
    this.following.clear();
    this.setCursorARun(null);
    this.run = run;
    this.selected = null;
    this.place = null;
    this.start = null;
    if (run) this.follow(run);
    this.announce();
  }

  /** Whether the page needs a run. */
  needsRun(run: OpenRun): boolean {
    return this.run === run || this.cursorARun?.run === run;
  }

  /** Shows a start in place of the run; null shows the run again. */
  showStart(start: ShownStart | null): void {
    if (this.start === start) return;
    this.start = start;
    this.announce();
  }

  select(problem: number): void {
    this.catchUp();
    // A page that is not attached yet, or whose run is still being read, gets the selection with the run.
    if (this.attached?.mark) void this.attached.peer.notify('select', { problem });
    else this.selected = problem;
  }

  /** Shows a step of the run that is shown, once the page has it. */
  showStep(step: number): void {
    this.catchUp();
    if (this.attached?.mark) void this.attached.peer.notify('look', { step });
    else this.place = { step, phase: null, problem: null, row: null, rollout: null, tokens: null };
  }

  /** Goes to a place of the run that is shown, once the page has it. */
  goTo(place: PanelPlace): void {
    this.catchUp();
    if (this.attached?.mark) void this.attached.peer.notify('go', { place });
    else this.place = place;
  }

  /**
   * Tells whether the page is visible. A hidden page keeps its content, and gets what it missed when it is visible
   * again.
   */
  setVisible(isVisible: boolean, by: 'host' | 'page' = 'host'): void {
    if (isVisible) this.hiddenBy.delete(by);
    else this.hiddenBy.add(by);
    if (!this.isHidden) this.catchUp();
  }

  dispose(): void {
    this.attached = null;
    this.setCursorARun(null);
    this.scope.dispose();
  }

  private get isHidden(): boolean {
    return this.hiddenBy.size > 0;
  }

  /** Whether the page is hidden now; if so, it gets the message later. */
  private postpones(what: PageMessage): boolean {
    if (this.isHidden) this.missed.add(what);
    return this.isHidden;
  }

  /** Sends the page what it has missed. */
  private catchUp(): void {
    const { attached } = this;
    const missed = new Set(this.missed);
    this.missed.clear();
    if (!attached) return;
    if (missed.has('shown')) {
      this.sendShown(attached.peer);
      return;
    }
    if (missed.has('loading')) this.sendLoading();
    if (missed.has('columns')) this.sendColumns();
    if (missed.has('progress')) this.sendProgress();
    if (missed.has('cursorARun')) this.cursorARun?.catchUp();
  }

  /** Another run, or a start, to a page that may be hidden. */
  private announce(): void {
    if (this.attached && !this.postpones('shown')) this.sendShown(this.attached.peer);
  }

  private welcome(peer: Peer<PanelContract>): void {
    this.attached = null;
    // That was reported by the previous page about itself.
    this.hiddenBy.delete('page');
    peer.handleAll({
      ...this.requests(peer),
      attach: async ({ again }) => {
        if (again && this.run?.error) await this.actions.again(this.run);
        this.setCursorARun(null);
        this.attached = { peer, mark: null, problems: 0 };
        // Not as the result of a request: a run that is shown meanwhile must not be overtaken by the one before it.
        this.sendShown(peer);
        return null;
      },
      watch: async ({ visible }) => {
        this.setVisible(visible, 'page');
        return null;
      },
      compareWithRun: async ({ run, other }) => {
        await this.compareWithRun(this.shownRun(run), other, peer);
        return null;
      },
    });
  }

  private requests(peer: Peer<PanelContract>) {
    return panelRequests({
      actions: this.actions,
      shownRun: (folder) => this.shownRun(folder),
      knownRun: (folder) => this.knownRun(folder),
      start: () => this.start,
      tellFinding: (progress) => void peer.notify('finding', progress),
    });
  }

  private setCursorARun(cursorARun: CursorARun | null): void {
    this.asked++;
    this.cursorARun?.dispose();
    this.cursorARun = cursorARun;
  }

  /** If several runs are requested, the last one becomes the run of A, whichever is found first. */
  private async compareWithRun(shown: OpenRun, folder: string | null, peer: Peer<PanelContract>): Promise<void> {
    this.setCursorARun(null);
    if (folder === null) return;
    const { asked } = this;
    const run = await this.actions.takeRun(folder);
    if (asked !== this.asked || this.attached?.peer !== peer) return;
    const misses = () => this.postpones('cursorARun');
    this.setCursorARun(new CursorARun(run, { shown, peer, words: this.words, misses, pace: MESSAGE_INTERVAL_MS }));
  }

  private follow(run: OpenRun): void {
    const told = (what: 'loading' | 'columns' | 'progress', send: () => void) =>
      this.following.add(throttle(MESSAGE_INTERVAL_MS, () => this.postpones(what) || send()));
    const grown = told('columns', () => this.sendColumns());
    const loading = told('loading', () => this.sendLoading());
    const progress = told('progress', () => this.sendProgress());
    this.following.add(run.onDidAppend(() => grown()));
    this.following.add(run.onDidLoad(() => loading()));
    this.following.add(run.onDidChangeProgress(() => progress()));
  }

  private sendShown(peer: Peer<PanelContract>): void {
    this.missed.clear();
    void peer.notify('shown', this.shown());
    const { place } = this;
    if (!place || !this.attached?.mark) return;
    this.place = null;
    void peer.notify('go', { place });
  }

  /** The whole state to show; from now on the page gets what is new. */
  private shown(): Shown {
    const { run, start } = this;
    if (!run || start) {
      if (this.attached) this.attached.mark = null;
      return { run: null, start: start?.state ?? null };
    }
    const complete = run.loadedPart === 1;
    if (this.attached) {
      this.attached.mark = complete ? markOf(run.columns) : null;
      this.attached.problems = run.problems.length;
    }
    const select = this.selected;
    if (complete) this.selected = null;
    if (complete) this.sendDataColumns(run);
    return {
      run: run.info,
      problems: run.problems,
      progress: run.progress,
      columns: complete ? this.packed(run) : null,
      loaded: run.loadedPart,
      error: run.error ? this.words.error(toErrorData(run.error)) : null,
      select,
      scheme: this.words.scheme,
    };
  }

  private sendLoading(): void {
    const { run, attached } = this;
    if (!run || !attached || attached.mark || this.start) return;
    if (run.loadedPart === 1 || run.error) this.sendShown(attached.peer);
    else void attached.peer.notify('loading', { loaded: run.loadedPart });
  }

  /** After the run, which does not wait for them. */
  private sendDataColumns(run: OpenRun): void {
    const tell = (columns: DataColumns) => {
      if (this.run === run) void this.attached?.peer.notify('dataColumns', { run: run.folder, columns });
    };
    this.actions.dataColumns?.(run).then(tell, (error: unknown) => this.actions.report(error));
  }

  private sendColumns(): void {
    const { run, attached } = this;
    if (!run || !attached?.mark) return;
    const columns = this.packed(run, attached.mark);
    attached.mark = markOf(run.columns);
    const problems = run.problems.slice(attached.problems);
    attached.problems = run.problems.length;
    void attached.peer.notify('columns', { columns, problems, status: run.status });
  }

  private sendProgress(): void {
    const { run, attached } = this;
    if (run && attached?.mark) void attached.peer.notify('progress', { progress: run.progress, status: run.status });
  }

  /** The run of a request for rollouts, which may be that of cursor A. */
  private knownRun(folder: string): OpenRun {
    const other = this.cursorARun?.run;
    return other?.folder === folder ? other : this.shownRun(folder);
  }

  /** The run of a request. @throws RollscopeError `run-not-found` if it is not the one that is shown now */
  private shownRun(folder: string): OpenRun {
    if (this.run?.folder === folder) return this.run;
    throw new RollscopeError('run-not-found', `Run ${runName(folder)} is no longer shown.`, 'Open it again.', {
      details: { reason: 'run-not-shown' satisfies NotShown, run: folder },
    });
  }

  private packed(run: OpenRun, since: ColumnsMark | null = null): PackedColumns {
    const { head, ...columns } = pack(run.columns, since);
    return head ? { ...columns, head: this.words.head(head) } : columns;
  }
}
