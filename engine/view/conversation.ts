/**
 * Sends a run to one webview: first as a whole, then what is new. Each page that attaches gets copies of the columns that the
 * host keeps. A page that nobody sees gets nothing: what it has missed comes once, when it is seen again. Does not import VS
 * Code.
 */

import { runName } from '../journal/layout.ts';
import { readNotes } from '../journal/notes.ts';
import { readPrompt } from '../journal/reader.ts';
import type { Peer } from '../messages/peer.ts';
import { type HostEnd, Pages } from '../messages/webview.ts';
import type { Address } from '../protocol/address.ts';
import type { MeasureAlignment } from '../protocol/calibration.ts';
import { RollscopeError, toErrorData } from '../protocol/errors.ts';
import type { GroupId, Phase } from '../protocol/group.ts';
import type { Note } from '../protocol/note.ts';
import type { RewardComparison } from '../protocol/reward-comparison.ts';
import { findRollouts } from '../runs/find.ts';
import type { FindProgress } from '../runs/find-query.ts';
import { type ColumnsMark, markOf, type PackedColumns, pack } from '../runs/packed.ts';
import {
  type DataColumns,
  type EditorAction,
  type NotShown,
  PANEL,
  type PanelContract,
  type RescoreScope,
  type RunAction,
  type RunChoice,
  type Shown,
} from '../runs/panel-contract.ts';
import type { StartAnswer, StartState } from '../runs/start-state.ts';
import { Disposables } from './disposables.ts';
import { groupPage } from './group-page.ts';
import type { HostWords } from './host-words.ts';
import type { OpenRun } from './open-run.ts';
import { RunOfA } from './run-of-a.ts';
import { throttle } from './timing.ts';

/** Milliseconds between two messages of the same kind. */
const PACE = 100;

/** A place of the run that is shown. */
export type PanelPlace = Omit<Address, 'folder' | 'says'>;

/** A rollout of a run, by its index in the group. */
export interface StoredRollout {
  run: OpenRun;
  group: GroupId;
  rollout: number;
}

/** What the panel needs of its host. */
export interface ConversationActions {
  control(action: RunAction, run: OpenRun): Promise<void>;
  perform(action: EditorAction): Promise<void>;
  openRollout(run: OpenRun, group: GroupId, rollout: number): Promise<void>;
  compareRollouts(left: StoredRollout, right: StoredRollout): Promise<void>;
  /** Other runs that cursor A may be set to. */
  listRuns(run: OpenRun): Promise<RunChoice[]>;
  /** A run that cursor A is set to; it stays open while it is used (`Conversation.uses`). */
  takeRun(folder: string): Promise<OpenRun>;
  /** Asks where to write a file, and writes it there. */
  saveFile(name: string, content: Uint8Array): Promise<void>;
  revealProblem(run: OpenRun, problem: number): Promise<void>;
  /** Computes how confidence goes with correctness at a step; an aborted signal ends it. */
  calibrate(run: OpenRun, phase: Phase, step: number, signal: AbortSignal): Promise<MeasureAlignment[]>;
  /** Computes rewards of stored rollouts; an aborted signal ends it. */
  rescore(run: OpenRun, scope: RescoreScope, signal: AbortSignal): Promise<RewardComparison>;
  /** Keeps a note with the run; all notes then. */
  writeNote(run: OpenRun, note: Note): Promise<Note[]>;
  /** Columns of the dataset that the problems can be grouped by; absent where the dataset is not at hand. */
  dataColumns?(run: OpenRun): Promise<DataColumns>;
  /** Reads a run again after a failure, and shows it. */
  again(run: OpenRun): Promise<void>;
  report(error: unknown): void;
}

/** A start that is shown in place of a run, and what answers to it. */
export interface ShownStart {
  state: StartState;
  answer(answer: StartAnswer): Promise<void>;
  openSetting(id: string): Promise<void>;
}

/** What a page is told as it changes. */
type Told = 'shown' | 'loading' | 'columns' | 'progress' | 'runOfA';

/** The conversation with one webview, in which runs come and go. */
export class Conversation {
  private readonly scope = new Disposables();
  /** Resources of the run that is shown. */
  private readonly following = this.scope.add(new Disposables());
  private run: OpenRun | null = null;
  /** The run of cursor A, where that is another one. */
  private runOfA: RunOfA | null = null;
  /** Number of the latest request for one. */
  private asked = 0;
  /** The attached page, how much of the columns it has (null before it has any), and how many of the problems. */
  private attached: { peer: Peer<PanelContract>; mark: ColumnsMark | null; problems: number } | null = null;
  private selected: number | null = null;
  /** Where to go once the run has been read. */
  private place: PanelPlace | null = null;
  /** Stands before the run, which stays for when it is over. */
  private start: ShownStart | null = null;
  /** Who says that nobody sees the page. */
  private readonly hiddenBy = new Set<'host' | 'page'>();
  /** What the page was not told while nobody saw it. */
  private readonly missed = new Set<Told>();

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
    this.setRunOfA(null);
    this.run = run;
    this.selected = null;
    this.place = null;
    this.start = null;
    if (run) this.follow(run);
    this.tellAnew();
  }

  /** Whether a page shows something of a run. */
  uses(run: OpenRun): boolean {
    return this.run === run || this.runOfA?.run === run;
  }

  /** Shows a start in place of the run; null shows the run again. */
  tellStart(start: ShownStart | null): void {
    if (this.start === start) return;
    this.start = start;
    this.tellAnew();
  }

  select(problem: number): void {
    this.catchUp();
    // A page that is not attached yet, or whose run is still being read, gets the selection with the run.
    if (this.attached?.mark) void this.attached.peer.notify('select', { problem });
    else this.selected = problem;
  }

  /** Shows a step of the run that is shown, once the page has it. */
  look(step: number): void {
    this.catchUp();
    if (this.attached?.mark) void this.attached.peer.notify('look', { step });
    else this.place = { step, phase: null, problem: null, row: null, rollout: null, tokens: null };
  }

  /** Goes to a place of the run that is shown, once the page has it. */
  go(place: PanelPlace): void {
    this.catchUp();
    if (this.attached?.mark) void this.attached.peer.notify('go', { place });
    else this.place = place;
  }

  /** Whether the host shows the page: one that is hidden stays as it is, and learns what it missed when it is seen again. */
  setVisible(isVisible: boolean, by: 'host' | 'page' = 'host'): void {
    if (isVisible) this.hiddenBy.delete(by);
    else this.hiddenBy.add(by);
    if (!this.isHidden) this.catchUp();
  }

  dispose(): void {
    this.attached = null;
    this.setRunOfA(null);
    this.scope.dispose();
  }

  private get isHidden(): boolean {
    return this.hiddenBy.size > 0;
  }

  /** Whether nobody sees the page now: it is told later. */
  private misses(what: Told): boolean {
    if (this.isHidden) this.missed.add(what);
    return this.isHidden;
  }

  /** Tells the page what it has missed. */
  private catchUp(): void {
    const { attached } = this;
    const missed = new Set(this.missed);
    this.missed.clear();
    if (!attached) return;
    if (missed.has('shown')) {
      this.tellShown(attached.peer);
      return;
    }
    if (missed.has('loading')) this.sendLoading();
    if (missed.has('columns')) this.sendColumns();
    if (missed.has('progress')) this.sendProgress();
    if (missed.has('runOfA')) this.runOfA?.catchUp();
  }

  /** Another run, or a start, to a page that may be hidden. */
  private tellAnew(): void {
    if (this.attached && !this.misses('shown')) this.tellShown(this.attached.peer);
  }

  private welcome(peer: Peer<PanelContract>): void {
    this.attached = null;
    // What another page said of itself.
    this.hiddenBy.delete('page');
    peer.handleAll({
      attach: async ({ again }) => {
        if (again && this.run?.error) await this.actions.again(this.run);
        this.setRunOfA(null);
        this.attached = { peer, mark: null, problems: 0 };
        // Not as the answer: a run that is shown meanwhile must not be overtaken by the one before it.
        this.tellShown(peer);
        return null;
      },
      watch: async ({ visible }) => {
        this.setVisible(visible, 'page');
        return null;
      },
      readGroup: async ({ run, group, rollout }, signal) => {
        const page = await groupPage(this.knownRun(run), group, rollout);
        // The page has moved on: nothing waits for rollouts that may be large.
        if (signal.aborted) throw new RollscopeError('canceled', 'Reading the rollouts was canceled.');
        return page;
      },
      readPrompt: async ({ run, problem }) => (await readPrompt(this.shownRun(run).folder, problem))?.text ?? null,
      compareRollouts: async ({ other, ...one }) => {
        const [left, right] = [one, other].map((given) => ({ ...given, run: this.knownRun(given.run) }));
        await this.actions.compareRollouts(left!, right!);
        return null;
      },
      listRuns: ({ run }) => this.actions.listRuns(this.shownRun(run)),
      compareWithRun: async ({ run, other }) => {
        await this.compareWithRun(this.shownRun(run), other, peer);
        return null;
      },
      find: ({ run, query }, signal) => {
        const { folder, columns } = this.shownRun(run);
        const tell = throttle(PACE, (progress: FindProgress) => void peer.notify('finding', progress));
        return findRollouts(folder, columns, query, { signal, onProgress: tell }).finally(() => tell.dispose());
      },
      calibrate: ({ run, phase, step }, signal) => this.actions.calibrate(this.shownRun(run), phase, step, signal),
      rescore: ({ run, ...scope }, signal) => this.actions.rescore(this.shownRun(run), scope, signal),
      readNotes: ({ run }) => readNotes(this.shownRun(run).folder),
      writeNote: ({ run, note }) => this.actions.writeNote(this.shownRun(run), note),
      openRollout: async ({ run, group, rollout }) => {
        await this.actions.openRollout(this.knownRun(run), group, rollout);
        return null;
      },
      saveFile: async ({ name, content, encoding }) => {
        await this.actions.saveFile(name, Buffer.from(content, encoding));
        return null;
      },
      revealProblem: async ({ run, problem }) => {
        await this.actions.revealProblem(this.shownRun(run), problem);
        return null;
      },
      control: async ({ run, action }) => {
        await this.actions.control(action, this.shownRun(run));
        return null;
      },
      perform: async ({ action }) => {
        await this.actions.perform(action);
        return null;
      },
      answerStart: async ({ answer }) => {
        await this.start?.answer(answer);
        return null;
      },
      openSetting: async ({ setting }) => {
        const { state, openSetting } = this.start ?? {};
        if (state?.state === 'failed' && state.settings.some(({ id }) => id === setting)) await openSetting?.(setting);
        return null;
      },
    });
  }

  private setRunOfA(runOfA: RunOfA | null): void {
    this.asked++;
    this.runOfA?.dispose();
    this.runOfA = runOfA;
  }

  /** Of several that are asked for, the last one is the run of A, whichever is found first. */
  private async compareWithRun(shown: OpenRun, folder: string | null, peer: Peer<PanelContract>): Promise<void> {
    this.setRunOfA(null);
    if (folder === null) return;
    const { asked } = this;
    const run = await this.actions.takeRun(folder);
    if (asked !== this.asked || this.attached?.peer !== peer) return;
    const misses = () => this.misses('runOfA');
    this.setRunOfA(new RunOfA(run, { shown, peer, words: this.words, misses, pace: PACE }));
  }

  private follow(run: OpenRun): void {
    const told = (what: 'loading' | 'columns' | 'progress', send: () => void) =>
      this.following.add(throttle(PACE, () => this.misses(what) || send()));
    const grown = told('columns', () => this.sendColumns());
    const loading = told('loading', () => this.sendLoading());
    const progress = told('progress', () => this.sendProgress());
    this.following.add(run.onDidAppend(() => grown()));
    this.following.add(run.onDidLoad(() => loading()));
    this.following.add(run.onDidChangeProgress(() => progress()));
  }

  private tellShown(peer: Peer<PanelContract>): void {
    this.missed.clear();
    void peer.notify('shown', this.shown());
    const { place } = this;
    if (!place || !this.attached?.mark) return;
    this.place = null;
    void peer.notify('go', { place });
  }

  /** The whole state to show; from now on the page receives what is new. */
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
    if (complete) this.tellDataColumns(run);
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
    if (run.loadedPart === 1 || run.error) this.tellShown(attached.peer);
    else void attached.peer.notify('loading', { loaded: run.loadedPart });
  }

  /** After the run, which does not wait for them. */
  private tellDataColumns(run: OpenRun): void {
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
    const other = this.runOfA?.run;
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
