/** What the panel knows and what is selected in it. Components read it; the host and people change it. */
import { Peer } from '../engine/messages/peer.ts';
import { pageTransport } from '../engine/messages/webview.ts';
import { type ErrorData, toErrorData } from '../engine/protocol/errors.ts';
import type { Problem } from '../engine/protocol/records.ts';
import type { Progress, RunInfo } from '../engine/protocol/rpc.ts';
import { RunColumns } from '../engine/runs/columns.ts';
import { unpack } from '../engine/runs/packed.ts';
import type { PanelAction, PanelContract, Shown } from '../engine/runs/panel-contract.ts';
import { problemView } from '../engine/runs/problem-view.ts';
import type { Metric } from '../engine/runs/series.ts';
import { CHOSEN_CHARTS, choiceOf, defaultCharts } from './charts/metrics.ts';
import { matches, parseFilter } from './filter.ts';
import { GroupReader } from './group-reader.ts';
import type { Host } from './host.ts';
import type { ProblemRow } from './problem-row.ts';

/** Something that was asked for and failed, and how to ask again. */
export interface Failure extends Pick<ErrorData, 'message' | 'hint'> {
  again: () => void;
}

type RequestOf = Peer<PanelContract>['request'];

export class Store {
  columns = new RunColumns();
  problems: readonly Problem[] = [];
  info: RunInfo | null = null;
  progress: Progress | null = null;
  /** `loading` until the host has answered, and until the run is read: then `info` says which run that is. */
  phase: 'loading' | 'no-run' | 'run' | 'failed' = 'loading';
  /** How much of the run has been read while it is loading, 0 to 1. */
  loaded = 0;
  failure: Failure | null = null;
  problem: number | null = null;
  rollout: number | null = null;
  /** The step that is looked at; null follows the run. */
  step: number | null = null;
  filter = '';
  readonly groups: GroupReader;
  /** Metrics that somebody chose for the charts; null before. */
  private chosen: readonly Metric[] | null = null;

  private readonly listeners = new Set<() => void>();
  private readonly peer: Peer<PanelContract>;
  private scheduled = false;
  private cached: ProblemRow[] | null = null;

  constructor(private readonly host: Host) {
    const kept = host.getState();
    this.problem = kept?.problem ?? null;
    this.step = kept?.step ?? null;
    // What a page of another version kept may be no metric of this one.
    if (kept?.charts?.length === CHOSEN_CHARTS && kept.charts.every(choiceOf)) this.chosen = kept.charts;
    this.peer = new Peer<PanelContract>(pageTransport(host));
    this.groups = new GroupReader(this.peer, () => this.changed());
    this.listen();
    this.peer.listen();
    this.attach(false);
  }

  /** Calls the listener once a frame after changes. Returns how to end that. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Asks the editor to do something. */
  perform(action: PanelAction): void {
    this.ask('perform', { action });
  }

  revealProblem(problem: number): void {
    this.ask('revealProblem', { problem });
  }

  /** Opens a rollout (by index) of the group that a row names. */
  openRollout(row: number, rollout: number): void {
    this.ask('openRollout', { group: this.columns.idOf(row), rollout });
  }

  /** Asks for the run again that could not be read. */
  readAgain(): void {
    this.phase = 'loading';
    this.loaded = 0;
    this.attach(true);
    this.changed();
  }

  select(problem: number): void {
    this.problem = problem;
    this.rollout = null;
    this.keep();
    this.changed();
  }

  selectRollout(rollout: number): void {
    this.rollout = rollout;
    this.changed();
  }

  /** Looks at a step; null follows the run. */
  lookAt(step: number | null): void {
    this.step = step;
    this.keep();
    this.changed();
  }

  /** Metrics of the charts that can be chosen. */
  get charts(): readonly Metric[] {
    return this.chosen ?? defaultCharts(this.columns.head);
  }

  /** Puts another metric into a chart; the chart that showed it gets the one that was here. */
  chooseChart(place: number, metric: Metric): void {
    const charts = [...this.charts];
    const other = charts.indexOf(metric);
    if (other >= 0) charts[other] = charts[place]!;
    charts[place] = metric;
    this.chosen = charts;
    this.keep();
    this.changed();
  }

  setFilter(filter: string): void {
    this.filter = filter;
    this.changed();
  }

  dismissFailure(): void {
    this.failure = null;
    this.changed();
  }

  /** The step that everything is shown at. */
  get at(): number {
    return this.step ?? Number.POSITIVE_INFINITY;
  }

  /** All problems at the step that is looked at. */
  get rows(): ProblemRow[] {
    this.cached ??= this.problems.map((problem) => ({
      problem,
      view: problemView(this.columns, problem.index, this.at),
    }));
    return this.cached;
  }

  /** Problems that the filter leaves. */
  get filtered(): ProblemRow[] {
    const terms = parseFilter(this.filter);
    return this.rows.filter((row) => matches(terms, row));
  }

  get selected(): ProblemRow | null {
    return this.problem === null ? null : (this.rows[this.problem] ?? null);
  }

  private listen(): void {
    this.peer.on('shown', (shown) => this.show(shown));
    this.peer.on('loading', ({ loaded }) => {
      this.loaded = loaded;
      this.changed();
    });
    this.peer.on('columns', ({ columns, status }) => {
      this.columns = unpack(columns, this.columns);
      if (this.info) this.info = { ...this.info, status };
      this.changed();
    });
    this.peer.on('progress', ({ progress, status }) => {
      this.progress = progress;
      if (this.info) this.info = { ...this.info, status };
      this.changed();
    });
    this.peer.on('select', ({ problem }) => this.select(problem));
  }

  private attach(again: boolean): void {
    this.peer.request('attach', { again }).then(
      (shown) => this.show(shown),
      (error: unknown) => this.fail(error, () => this.readAgain()),
    );
  }

  /** Sends a request whose failure is shown above everything else, with a way to ask again. */
  private ask(...[name, params]: Parameters<RequestOf>): void {
    this.peer.request(name, params).catch((error: unknown) => this.fail(error, () => this.ask(name, params)));
  }

  private fail(error: unknown, again: () => void): void {
    const { code, message, hint } = toErrorData(error);
    if (code === 'canceled') return;
    this.failure = { message, ...(hint !== undefined && { hint }), again };
    if (this.phase === 'loading') this.phase = 'failed';
    this.changed();
  }

  private show(shown: Shown): void {
    this.failure = null;
    this.groups.clear();
    if (shown.run === null) {
      this.phase = 'no-run';
      this.info = null;
      this.problems = [];
      this.columns = new RunColumns();
      this.changed();
      return;
    }
    const { run, problems, progress, columns, loaded, error, select } = shown;
    // Another run than before the page was reloaded begins with its first problem and its latest step.
    const kept = this.host.getState()?.run ?? null;
    const another = this.info ? this.info.folder !== run.folder : kept !== null && kept !== run.run;
    if (another) {
      this.problem = null;
      this.step = null;
      this.rollout = null;
    }
    this.info = run;
    this.problems = problems;
    this.progress = progress;
    this.loaded = loaded;
    this.columns = columns ? unpack(columns, null) : new RunColumns();
    this.phase = columns ? 'run' : error ? 'failed' : 'loading';
    if (error) this.failure = { ...error, again: () => this.readAgain() };
    this.problem = select ?? this.problem ?? problems[0]?.index ?? null;
    this.keep();
    this.changed();
  }

  private changed(): void {
    this.cached = null;
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      for (const listener of this.listeners) listener();
    });
  }

  private keep(): void {
    this.host.setState({
      run: this.info?.run ?? null,
      problem: this.problem,
      step: this.step,
      ...(this.chosen && { charts: [...this.chosen] }),
    });
  }
}
