/** What the panel knows and what is selected in it. Components read it; messages and people change it. */
import type { Problem, StoredRollout } from '../engine/protocol/records.ts';
import type { Progress, RunInfo } from '../engine/protocol/rpc.ts';
import {
  atStep,
  type Foretold,
  foldRecords,
  type Group,
  initialRunState,
  type Metric,
  outcomeOf,
  type ProblemHistory,
  type RunState,
  SURE,
} from '../engine/protocol/state.ts';
import type { FromView, ToView } from '../engine/protocol/view.ts';
import { CHOSEN_CHARTS, choiceOf, defaultCharts } from './charts/metrics.ts';
import { matches, parseFilter } from './filter.ts';
import type { Host } from './host.ts';

export type Quadrant = 'sure-right' | 'sure-wrong' | 'unsure-right' | 'unsure-wrong' | 'sure' | 'unsure' | 'none';

/** A problem as it stands at the step that is looked at. */
export interface ProblemView {
  problem: Problem;
  history: ProblemHistory | undefined;
  group: Group | undefined;
  /** Of the majority; null without one. */
  share: number | null;
  correct: boolean | null;
  quadrant: Quadrant;
  /** What the run foretold of it; null where it did not. */
  foretold: Foretold | null;
  /** Whether what was foretold ended right; null before the end, and without a reference. */
  outcome: boolean | null;
}

/** Rollouts with their texts, and why each got its reward. */
export interface GroupTexts {
  rollouts: StoredRollout[];
  why: string[];
}

export class Store {
  state: RunState = initialRunState();
  problems: Problem[] = [];
  info: RunInfo | null = null;
  progress: Progress | null = null;
  /** `loading` until the host has answered. */
  phase: 'loading' | 'no-run' | 'run' = 'loading';
  error: { message: string; hint?: string | undefined } | null = null;
  problem: number | null = null;
  rollout: number | null = null;
  /** The step that is looked at; null follows the run. */
  step: number | null = null;
  filter = '';
  /** Metrics that somebody chose for the charts; null before. */
  private chosen: readonly Metric[] | null = null;

  private readonly listeners = new Set<() => void>();
  private readonly texts = new Map<number, GroupTexts>();
  private readonly asked = new Set<number>();
  private scheduled = false;
  private cached: ProblemView[] | null = null;

  constructor(private readonly host: Host) {
    const kept = host.getState();
    this.problem = kept?.problem ?? null;
    this.step = kept?.step ?? null;
    // What a page of another version kept may be no metric of this one.
    if (kept?.charts?.length === CHOSEN_CHARTS && kept.charts.every(choiceOf)) this.chosen = kept.charts;
    host.onMessage((message) => this.receive(message));
    host.post({ kind: 'ready' });
  }

  /** Calls the listener once a frame after changes. Returns how to end that. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  post(message: FromView): void {
    this.host.post(message);
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

  private receive(message: ToView): void {
    switch (message.kind) {
      case 'run':
        if (this.info && this.info.run !== message.info.run) {
          this.problem = null;
          this.step = null;
          this.rollout = null;
        }
        this.phase = 'run';
        this.error = null;
        this.info = message.info;
        this.problems = message.problems;
        this.progress = message.progress;
        this.state = foldRecords(initialRunState(), message.records);
        this.texts.clear();
        this.asked.clear();
        this.problem ??= this.problems[0]?.index ?? null;
        this.keep();
        break;
      case 'records':
        if (message.run === this.info?.run) foldRecords(this.state, message.records);
        break;
      case 'progress':
        this.progress = message.progress;
        if (this.info) this.info = { ...this.info, status: message.status };
        break;
      case 'rollouts':
        this.texts.set(message.group, { rollouts: message.rollouts, why: message.why });
        break;
      case 'no-run':
        this.phase = 'no-run';
        this.info = null;
        this.state = initialRunState();
        this.problems = [];
        break;
      case 'select':
        this.problem = message.problem;
        this.rollout = null;
        this.keep();
        break;
      case 'error':
        this.error = { message: message.message, hint: message.hint };
        break;
    }
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
    return this.chosen ?? defaultCharts(this.state);
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

  dismissError(): void {
    this.error = null;
    this.changed();
  }

  /** The step that everything is shown at. */
  get at(): number {
    return this.step ?? Number.POSITIVE_INFINITY;
  }

  /** All problems at the step that is looked at. */
  get views(): ProblemView[] {
    this.cached ??= this.problems.map((problem) => this.view(problem));
    return this.cached;
  }

  /** Problems that the filter leaves. */
  get filtered(): ProblemView[] {
    const terms = parseFilter(this.filter);
    return this.views.filter((view) => matches(terms, view));
  }

  get selected(): ProblemView | null {
    return this.problem === null ? null : (this.views[this.problem] ?? null);
  }

  private view(problem: Problem): ProblemView {
    const history = this.state.problems.get(problem.index);
    const group = history && (atStep(history.groups, this.at) ?? atStep(history.evaluations, this.at));
    const share = group?.majority?.share ?? null;
    const correct = group?.majority?.correct ?? null;
    const sure = share !== null && share > SURE;
    let quadrant: Quadrant = 'none';
    if (group) {
      const level = sure ? 'sure' : 'unsure';
      // No majority where there is a reference: the problem is not solved.
      const right = correct ?? (problem.answer === null ? null : false);
      quadrant = right === null ? level : `${level}-${right ? 'right' : 'wrong'}`;
    }
    const foretold = this.state.forecast?.problems.get(problem.index) ?? null;
    const outcome = foretold && outcomeOf(this.state, problem.index);
    return { problem, history, group, share, correct, quadrant, foretold, outcome };
  }

  /** Texts and token statistics of a group; null until the host has read them. */
  textsOf(group: Group): GroupTexts | null {
    const found = this.texts.get(group.seq);
    if (found) return found;
    if (!this.asked.has(group.seq)) {
      this.asked.add(group.seq);
      this.post({ kind: 'read-rollouts', group: group.seq });
    }
    return null;
  }
}
