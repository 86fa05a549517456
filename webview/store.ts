/** The panel's state: the run's data and the user's selection. Components read it; the host and the user change it. */

import type { ParamsOf } from '../engine/messages/contract.ts';
import { Peer } from '../engine/messages/peer.ts';
import { pageTransport } from '../engine/messages/webview.ts';
import { fromErrorData, RollscopeError } from '../engine/protocol/errors.ts';
import type { Problem } from '../engine/protocol/records.ts';
import type { Progress, RunInfo } from '../engine/protocol/rpc.ts';
import { RunColumns } from '../engine/runs/columns.ts';
import { unpack } from '../engine/runs/packed.ts';
import type { EditorAction, PanelContract, RunAction, Shown } from '../engine/runs/panel-contract.ts';
import { problemView } from '../engine/runs/problem-view.ts';
import type { Metric } from '../engine/runs/series.ts';
import { ChartChoice } from './chart-choice.ts';
import { Failures, failureOf, type PanelRequest } from './failures.ts';
import { matches, parseFilter } from './filter.ts';
import { GroupReader } from './group-reader.ts';
import type { Host } from './host.ts';
import type { ProblemRow } from './problem-row.ts';

export class Store {
  columns = new RunColumns();
  problems: readonly Problem[] = [];
  info: RunInfo | null = null;
  progress: Progress | null = null;
  /** `loading` until the host has answered and the run has been read; meanwhile `info` identifies the run. */
  phase: 'loading' | 'no-run' | 'run' | 'failed' = 'loading';
  /** Fraction of the run that has been read while it is loading, 0 to 1. */
  loaded = 0;
  problem: number | null = null;
  rollout: number | null = null;
  /** The selected step; null follows the run. */
  step: number | null = null;
  filter = '';
  readonly failures = new Failures(() => this.changed());
  readonly groups: GroupReader;
  private readonly chartChoice: ChartChoice;

  private readonly listeners = new Set<() => void>();
  private readonly peer: Peer<PanelContract>;
  private scheduled = false;
  private cached: ProblemRow[] | null = null;

  constructor(private readonly host: Host) {
    const kept = host.getState();
    this.problem = kept?.problem ?? null;
    this.step = kept?.step ?? null;
    this.chartChoice = new ChartChoice(kept?.charts);
    this.peer = new Peer<PanelContract>(pageTransport(host));
    this.groups = new GroupReader(
      this.peer,
      () => this.folder,
      () => this.changed(),
    );
    this.listen();
    this.peer.listen();
    this.attach(false);
  }

  /** Calls the listener after changes, at most once per frame. Returns a function that unsubscribes. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Asks the editor for an action that is not about the run. */
  perform(action: EditorAction): void {
    this.ask('perform', { action });
  }

  /** Controls the run that is shown. */
  control(action: RunAction): void {
    this.ask('control', { run: this.folder, action });
  }

  revealProblem(problem: number): void {
    this.ask('revealProblem', { run: this.folder, problem });
  }

  /** Opens a rollout, by its index in the group of this row. */
  openRollout(row: number, rollout: number): void {
    this.ask('openRollout', { run: this.folder, group: this.columns.idOf(row), rollout });
  }

  /** Reads the run again after a failure. */
  readAgain(): void {
    this.phase = 'loading';
    this.loaded = 0;
    this.failures.clear('attach');
    this.attach(true);
  }

  select(problem: number): void {
    this.problem = problem;
    this.rollout = null;
    this.failures.clear('revealProblem', 'openRollout');
    this.keep();
    this.changed();
  }

  selectRollout(rollout: number): void {
    this.rollout = rollout;
    this.failures.clear('openRollout');
    this.changed();
  }

  /** Selects a step; null follows the run. */
  lookAt(step: number | null): void {
    this.step = step;
    this.failures.clear('openRollout');
    this.keep();
    this.changed();
  }

  /** The metrics of the charts with a choice. */
  get charts(): readonly Metric[] {
    return this.chartChoice.of(this.columns);
  }

  /** Shows another metric in a chart; a chart that already showed it takes over the replaced one. */
  chooseChart(place: number, metric: Metric): void {
    this.chartChoice.choose(place, metric, this.columns);
    this.keep();
    this.changed();
  }

  setFilter(filter: string): void {
    this.filter = filter;
    this.changed();
  }

  /** The step at which everything is shown. */
  get at(): number {
    return this.step ?? Number.POSITIVE_INFINITY;
  }

  /** All problems at the selected step. */
  get rows(): ProblemRow[] {
    this.cached ??= this.problems.map((problem) => ({
      problem,
      view: problemView(this.columns, problem.index, this.at),
    }));
    return this.cached;
  }

  /** The problems that match the filter. */
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
    this.peer.on('columns', ({ columns, problems, status }) => {
      this.columns = unpack(columns, this.columns);
      if (problems.length > 0) this.problems = [...this.problems, ...problems];
      this.problem ??= this.problems[0]?.index ?? null;
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

  /** Folder of the run that is shown, which requests about it name. */
  private get folder(): string {
    return this.info?.folder ?? '';
  }

  private attach(again: boolean): void {
    this.peer.request('attach', { again }).catch((error: unknown) => {
      this.phase = 'failed';
      this.failures.set(
        'attach',
        failureOf(error, () => this.readAgain()),
      );
    });
  }

  /** Sends a request; a failure is shown where it was asked, with a way to retry. */
  private ask<R extends PanelRequest>(name: R, params: ParamsOf<PanelContract, R>): void {
    this.failures.clear(name);
    this.peer.request(name, params).catch((error: unknown) => {
      // Somebody closed a question of the editor.
      if (error instanceof RollscopeError && error.code === 'canceled') return;
      this.failures.set(
        name,
        failureOf(error, () => this.ask(name, params)),
      );
    });
  }

  private show(shown: Shown): void {
    this.groups.clear();
    this.failures.clear();
    if (shown.run === null) {
      this.phase = 'no-run';
      this.info = null;
      this.problems = [];
      this.columns = new RunColumns();
      this.changed();
      return;
    }
    const { run, problems, progress, columns, loaded, error, select } = shown;
    // A different run than before the reload starts at its first problem and latest step.
    const kept = this.host.getState()?.run ?? null;
    const another = this.info ? this.info.folder !== run.folder : kept !== null && kept !== run.folder;
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
    if (error)
      this.failures.set(
        'attach',
        failureOf(fromErrorData(error), () => this.readAgain()),
      );
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
    const charts = this.chartChoice.chosen;
    this.host.setState({
      run: this.info?.folder ?? null,
      problem: this.problem,
      step: this.step,
      ...(charts && { charts }),
    });
  }
}
