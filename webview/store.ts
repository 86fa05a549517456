/** The panel's state: the run as the host sends it, and what follows from it for the selection. Components read it. */
import { Peer } from '../engine/messages/peer.ts';
import { pageTransport } from '../engine/messages/webview.ts';
import { fromErrorData } from '../engine/protocol/errors.ts';
import type { GroupId } from '../engine/protocol/group.ts';
import type { RunInfo } from '../engine/protocol/listed-run.ts';
import type { Problem } from '../engine/protocol/problem.ts';
import type { Progress } from '../engine/protocol/rpc.ts';
import { visible } from '../engine/protocol/visible.ts';
import { RunColumns } from '../engine/runs/columns.ts';
import { viewInOther } from '../engine/runs/comparison/other-run.ts';
import { unpack } from '../engine/runs/packed.ts';
import type { DataColumns, PanelContract, Shown } from '../engine/runs/panel-contract.ts';
import type { PaneName } from '../engine/runs/panel-state.ts';
import { lazyBefore, lazyView, type ProblemView } from '../engine/runs/problem-view.ts';
import { type QuadrantCounts, QuadrantHistory } from '../engine/runs/quadrant-history.ts';
import type { SavedFile } from '../engine/runs/saved-file.ts';
import type { StartState } from '../engine/runs/start-state.ts';
import { CalibrationReader } from './calibration-reader.ts';
import { CursorARunReader } from './cursor-a-run.ts';
import { Failures, failureOf } from './failures.ts';
import { matches, parseFilter } from './filter.ts';
import { RolloutSearch } from './finder.ts';
import { Frames, type Listener } from './frames.ts';
import { goToPlace } from './go-to.ts';
import { GroupReader } from './group-reader.ts';
import type { Host } from './host.ts';
import { Notebook } from './notebook.ts';
import { ordered } from './problem-order.ts';
import type { ProblemRow } from './problem-row.ts';
import { PromptReader } from './prompt-reader.ts';
import { Remembered } from './remembered.ts';
import { Requests } from './requests.ts';
import { RewardReader } from './reward-reader.ts';
import { Selection } from './selection.ts';

/** Notifies its subscribers of every change; what several components need is computed here once. */
export class Store {
  columns = new RunColumns();
  problems: readonly Problem[] = [];
  info: RunInfo | null = null;
  /** A start that is shown while there is no run to show. */
  start: StartState | null = null;
  progress: Progress | null = null;
  /** Columns of the dataset that the problems can be grouped by. */
  dataColumns: DataColumns = {};
  /** `loading` until the host has answered and the run has been read; meanwhile `info` identifies the run. */
  phase: 'loading' | 'no-run' | 'run' | 'failed' = 'loading';
  /** Fraction of the run that has been read while it is loading, 0 to 1. */
  loaded = 0;
  readonly selection: Selection;
  readonly requests: Requests;
  readonly failures = new Failures(
    () => this.changed(),
    () => this.info?.folder ?? '',
  );
  readonly groups: GroupReader;
  /** The groups that are compared with, at cursor A. */
  readonly groupsBefore: GroupReader;
  readonly prompts: PromptReader;
  readonly finder: RolloutSearch;
  readonly rewards: RewardReader;
  readonly notebook: Notebook;
  readonly calibration: CalibrationReader;
  /** The run of cursor A, if that is another run. */
  readonly cursorARun: CursorARunReader;
  /** Scheme of links that the host opens. */
  scheme = 'vscode';

  private readonly listeners = new Map<Listener, PaneName | null>();
  private readonly frames = new Frames(this.listeners);
  private readonly peer: Peer<PanelContract>;
  private readonly rowsAt = new Remembered<ProblemRow[]>();
  private readonly latest = new Remembered<ProblemRow[]>();
  private readonly matching = new Remembered<ProblemRow[]>();
  private readonly ordering = new Remembered<{ index: number; group: string }[]>();
  private readonly befores = new Remembered<ProblemView[]>();
  private readonly quadrants = new QuadrantHistory();

  constructor(private readonly host: Host) {
    this.selection = new Selection(host.getState(), {
      changed: (...stale) => {
        if (stale.length > 0) this.failures.clear(...stale);
        this.changed();
      },
      changedIn: (pane) => this.frames.next(pane),
      keep: () => this.keep(),
    });
    this.peer = new Peer<PanelContract>(pageTransport(host));
    const run = () => this.info?.folder ?? '';
    this.requests = new Requests(this.peer, this.failures, run);
    const placeIn = (columns: () => RunColumns) => (id: GroupId) => {
      const row = columns().find(id);
      return row === null ? null : (columns().frameOf(row)?.offset ?? null);
    };
    const chosen = () => this.selection.rollout ?? 0;
    this.cursorARun = new CursorARunReader(this.peer, this.failures, run, () => this.changed());
    this.groups = new GroupReader(
      this.peer,
      run,
      () => this.changed(),
      placeIn(() => this.columns),
      chosen,
    );
    const runBefore = () => this.cursorARun.other?.folder ?? run();
    const placeBefore = placeIn(() => this.columnsBefore);
    this.groupsBefore = new GroupReader(this.peer, runBefore, () => this.changed(), placeBefore, chosen);
    this.prompts = new PromptReader(this.peer, this.failures, run, () => this.changed());
    const found = () => {
      this.keep();
      this.changed();
    };
    this.notebook = new Notebook(this.peer, this.failures, run, () => this.changed());
    this.finder = new RolloutSearch(this.peer, this.failures, run, found, host.getState()?.find);
    this.calibration = new CalibrationReader(this.peer, this.failures, run, () => this.changed(), this.canCompute);
    this.rewards = new RewardReader(this.peer, this.failures, run, () => this.changed());
    this.listen();
    this.peer.listen();
    this.attach(false);
  }

  /** Whether the page is outside the editor; only the editor can start, control and open something. */
  get isReadOnly(): boolean {
    return this.host.isReadOnly === true;
  }

  /** What saved charts are about. */
  get subject(): string {
    return this.info?.run ?? 'run';
  }

  saveFile(file: SavedFile): void {
    this.requests.saveFile(file);
  }

  get canFind(): boolean {
    return this.host.isAlone !== true;
  }

  /** Whether cursor A can be set to another run. */
  get canChooseRuns(): boolean {
    return this.host.isAlone !== true;
  }

  /** Whether the host computes rewards and calibration from the stored rollouts. */
  get canCompute(): boolean {
    return this.host.isAlone !== true;
  }

  /** The text that a page outside the editor shows about itself. */
  get note(): string {
    return this.host.note ?? 'read-only';
  }

  /** The columns to which `before` of the problems refers: those of the run of cursor A. */
  get columnsBefore(): RunColumns {
    return this.cursorARun.other?.columns ?? this.columns;
  }

  /** Sets cursor A to another run, at its latest step or at a step of it; null: to the run that is shown. */
  compareWithRun(folder: string | null, step: number | null = null): void {
    this.groupsBefore.clear();
    this.selection.compareWithRun(folder);
    if (step !== null) this.selection.compareWith(step);
    this.cursorARun.set(folder);
  }

  /**
   * Calls the listener after changes, at most once per frame. Returns a function that unsubscribes.
   * @param pane the only one whose changes are of interest, besides those that all hear of
   */
  subscribe(listener: Listener, pane: PaneName | null): () => void {
    this.listeners.set(listener, pane);
    return () => this.listeners.delete(listener);
  }

  /** Tells the host whether the page is visible. While it is not, the host sends nothing. */
  tellVisible(visible: boolean): void {
    // A host that does not get this only sends more than necessary.
    this.peer.request('watch', { visible }).catch(() => undefined);
  }

  /** Reads the run again after a failure. */
  readAgain(): void {
    this.phase = 'loading';
    this.loaded = 0;
    this.failures.clear('attach');
    this.attach(true);
  }

  /** All problems at the selected step. */
  get rows(): ProblemRow[] {
    const { at, from } = this.selection;
    return this.rowsAt.of([...this.state, ...this.stateOfA, at, from], () => this.rowsOf(at));
  }

  /** The problems in list order, which does not depend on the selected step. */
  get order(): { index: number; group: string }[] {
    const { order, from } = this.selection;
    return this.ordering.of([...this.state, ...this.stateOfA, order, from, this.dataColumns], () => {
      return ordered(this.latestRows, order, this.dataColumns);
    });
  }

  /** All problems at the latest step. */
  private get latestRows(): ProblemRow[] {
    const { step, from } = this.selection;
    if (step === null) return this.rows;
    return this.latest.of([...this.state, ...this.stateOfA, from], () => this.rowsOf(Number.POSITIVE_INFINITY));
  }

  /** The number of problems in each quadrant after each step. */
  get history(): readonly QuadrantCounts[] {
    return this.quadrants.of(this.columns);
  }

  /** The problems that match the filter. */
  get filtered(): ProblemRow[] {
    const { at, from, filter } = this.selection;
    return this.matching.of([...this.state, ...this.stateOfA, at, from, filter], () => {
      const terms = parseFilter(filter);
      return terms.length === 0 ? this.rows : this.rows.filter((row) => matches(terms, row));
    });
  }

  /** The selected problem. */
  get selected(): ProblemRow | null {
    const { problem } = this.selection;
    return problem === null ? null : (this.rows[problem] ?? null);
  }

  /** Changes with everything that is known of the run. */
  private get state(): unknown[] {
    return [this.columns, this.columns.seq, this.columns.head, this.problems];
  }

  /** Changes with everything that is known of the run of cursor A. */
  private get stateOfA(): unknown[] {
    const { folder, other } = this.cursorARun;
    return [folder, other, other?.columns.seq];
  }

  private rowsOf(at: number): ProblemRow[] {
    const { from } = this.selection;
    const isSameRun = this.cursorARun.folder === null;
    const befores = this.befores.of([...this.state, ...this.stateOfA, from], () => this.viewsAtA());
    return this.problems.map((problem, i) => {
      const view = lazyView(this.columns, problem.index, at);
      return { problem, view, before: befores[i]!, isSame: isSameRun && view.row === befores[i]!.row };
    });
  }

  /** The problems at cursor A; unsampled while its run is being read. */
  private viewsAtA(): ProblemView[] {
    const { problems, columns, cursorARun } = this;
    const { from } = this.selection;
    if (cursorARun.folder === null) return problems.map(({ index }) => lazyBefore(columns, index, from));
    const partners = cursorARun.partners(problems);
    return problems.map(({ index }) => viewInOther(this.columnsBefore, partners, index, from));
  }

  private listen(): void {
    this.peer.on('shown', (shown) => this.show(shown));
    this.peer.on('loading', ({ loaded }) => {
      this.loaded = loaded;
      this.changed();
    });
    this.peer.on('columns', ({ columns, problems, status }) => {
      this.columns = unpack(columns, this.columns);
      if (problems.length > 0) this.problems = [...this.problems, ...problems];
      this.selection.problem ??= this.problems[0]?.index ?? null;
      if (this.info) this.info = { ...this.info, status };
      this.frames.spread();
    });
    this.peer.on('progress', ({ progress, status }) => {
      this.progress = progress;
      if (this.info) this.info = { ...this.info, status };
      this.frames.spread();
    });
    this.peer.on('go', ({ place }) => goToPlace(this, place));
    this.peer.on('finding', (progress) => this.finder.tell(progress));
    this.peer.on('dataColumns', ({ run, columns }) => {
      if (this.info?.folder !== run) return;
      this.dataColumns = columns;
      this.changed();
    });
    this.peer.on('look', ({ step }) => this.selection.lookAt(step));
    this.peer.on('select', ({ problem }) => {
      this.selection.select(problem);
      this.selection.layout.turnTo('problem');
    });
  }

  private attach(again: boolean): void {
    this.peer.request('attach', { again }).catch((error: unknown) => this.unreadable(error));
  }

  /** The host did not answer, or could not read the run. */
  private unreadable(error: unknown): void {
    this.phase = 'failed';
    this.failures.set(
      'attach',
      failureOf(error, () => this.readAgain()),
    );
  }

  private show(shown: Shown): void {
    this.groups.clear();
    this.groupsBefore.clear();
    this.prompts.clear();
    this.rewards.clear();
    this.calibration.clear();
    this.failures.clear();
    this.start = shown.run === null ? shown.start : null;
    if (shown.run === null) {
      this.phase = 'no-run';
      this.info = null;
      this.problems = [];
      this.columns = new RunColumns();
      this.changed();
      return;
    }
    const { run, problems, progress, columns, loaded, error, select } = shown;
    if (this.isReadOnly) document.title = `${visible(run.run)} - Rollscope`;
    const kept = this.host.getState()?.run ?? null;
    const another = this.info ? this.info.folder !== run.folder : kept !== null && kept !== run.folder;
    if (another) this.selection.clear();
    if (this.info?.folder !== run.folder) this.dataColumns = {};
    this.finder.clear();
    this.cursorARun.clear();
    this.scheme = shown.scheme ?? 'vscode';
    this.info = run;
    this.problems = problems;
    this.progress = progress;
    this.loaded = loaded;
    this.columns = columns ? unpack(columns, null) : new RunColumns();
    if (columns && (another || this.phase !== 'run')) this.notebook.read();
    this.phase = columns ? 'run' : 'loading';
    if (columns && this.selection.fromRun !== null) this.cursorARun.set(this.selection.fromRun);
    if (error && !columns) this.unreadable(fromErrorData(error));
    this.selection.problem = select ?? this.selection.problem ?? (columns ? this.first : null);
    if (select !== null) this.selection.layout.turnTo('problem');
    this.keep();
    this.changed();
  }

  /**
   * The problem that is selected first: the top of the list, which is the most informative; in a run in progress, whose
   * list moves, the first of the file.
   */
  private get first(): number | null {
    const { problems, info } = this;
    return (info?.status === 'running' ? undefined : this.order[0]?.index) ?? problems[0]?.index ?? null;
  }

  private changed(): void {
    this.frames.next();
  }

  private keep(): void {
    this.host.setState({ run: this.info?.folder ?? null, ...this.selection.kept, ...this.finder.kept });
  }
}
