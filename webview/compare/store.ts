/** The state of a comparison: the runs as the host sends them, and the user's choices. */
import { Peer } from '../../engine/messages/peer.ts';
import { pageTransport } from '../../engine/messages/webview.ts';
import { type ErrorData, toErrorData } from '../../engine/protocol/errors.ts';
import type {
  CompareContract,
  ComparisonLook,
  ComparisonState,
  RowInView,
  ShownComparison,
} from '../../engine/runs/comparison/contract.ts';
import { RUN_LETTERS } from '../../engine/runs/comparison/letters.ts';
import { hasOtherAnswer } from '../../engine/runs/problem-view.ts';
import type { SavedFile } from '../../engine/runs/saved-file.ts';
import { type FilteredRow, matches, parseFilter } from '../filter.ts';
import type { Host } from '../host.ts';

/** A problem in the first run and in the run that it is compared with. */
export interface ComparedRow extends FilteredRow {
  problem: RowInView['problem'];
}

const FIRST_CURVES = ['evaluation/accuracy', 'majorityShare', 'entropy', 'length'];

/** Has one listener, the page, which is notified at most once per frame. The user's choices survive a reload. */
export class CompareStore {
  shown: ShownComparison | null = null;
  /** Why the last request failed. */
  failure: ErrorData | null = null;
  private readonly state: ComparisonState;
  private readonly peer: Peer<CompareContract>;
  private listener: () => void = () => undefined;
  private isScheduled = false;

  constructor(private readonly host: Host<ComparisonState>) {
    const kept = host.getState();
    this.state = {
      folders: kept?.folders ?? [],
      look: { steps: [], first: 0, ...kept?.look, curves: kept?.look?.curves ?? FIRST_CURVES },
      second: kept?.second ?? 1,
      filter: kept?.filter ?? '',
      all: kept?.all ?? false,
    };
    this.peer = new Peer<CompareContract>(pageTransport(host));
    this.peer.on('shown', (shown) => {
      this.shown = shown;
      this.state.folders = shown.runs.map(({ folder }) => folder);
      this.changed();
    });
    this.peer.listen();
    this.ask(this.peer.request('attach', { look: this.state.look }));
  }

  /** Calls the listener after changes, at most once per frame. */
  subscribe(listener: () => void): void {
    this.listener = listener;
  }

  get look(): ComparisonLook {
    return this.state.look;
  }

  /** Place of the run that the others are compared with. */
  get first(): number {
    return Math.min(this.look.first, (this.shown?.runs.length ?? 1) - 1);
  }

  /** Place of the run whose problems are listed against the first. */
  get second(): number {
    const others = (this.shown?.runs ?? []).map((_, i) => i).filter((i) => i !== this.first);
    return others.includes(this.state.second) ? this.state.second : (others[0] ?? 0);
  }

  get filter(): string {
    return this.state.filter;
  }

  /** Whether problems with the same answer are listed too. */
  get all(): boolean {
    return this.state.all;
  }

  /** The problems that match the filter. */
  get rows(): ComparedRow[] {
    const terms = parseFilter(this.filter);
    return this.candidates.filter((row) => matches(terms, row));
  }

  /** The problems that the filter chooses from. */
  get candidates(): ComparedRow[] {
    const { first, second } = this;
    const all = (this.shown?.comparison?.rows ?? []).map(({ problem, views }) => ({
      problem,
      view: views[second]!,
      before: views[first]!,
    }));
    return this.all ? all : all.filter(differs);
  }

  /** Looks at another step of a run; null for the latest. */
  setStep(run: number, step: number | null): void {
    const steps = (this.shown?.runs ?? []).map((_, i) => this.look.steps[i] ?? null);
    steps[run] = step;
    this.setLook({ steps });
  }

  /** Looks at a step in all runs, each at its latest one where it has no later ones. */
  setAllSteps(step: number): void {
    this.setLook({ steps: (this.shown?.runs ?? []).map(({ step: last }) => (step < last ? step : null)) });
  }

  setLook(change: Partial<ComparisonLook>): void {
    this.state.look = { ...this.look, ...change };
    this.ask(this.peer.request('look', { look: this.look }));
    this.changed();
  }

  choose(change: Partial<Pick<ComparisonState, 'second' | 'filter' | 'all'>>): void {
    Object.assign(this.state, change);
    this.changed();
  }

  /** Shows a problem, or the run only, in the panel. */
  open(run: number, problem: number | null = null): void {
    const { folder } = this.shown!.runs[run]!;
    this.ask(
      this.peer.request('open', { folder, problem, step: problem === null ? null : (this.look.steps[run] ?? null) }),
    );
  }

  /** Shows a run in the panel at its step, with cursor A at the step of another one. */
  openAgainst(run: number, other: number): void {
    const place = (i: number) => ({ folder: this.shown!.runs[i]!.folder, step: this.look.steps[i] ?? null });
    this.ask(this.peer.request('open', { ...place(run), problem: null, from: place(other) }));
  }

  /** Outside the editor there is no comparison. */
  get isReadOnly(): boolean {
    return false;
  }

  /** What saved charts are about. */
  get subject(): string {
    return (this.shown?.runs ?? []).map(({ run }, i) => `${RUN_LETTERS[i]} ${run}`).join(', ');
  }

  saveFile(file: SavedFile): void {
    this.ask(this.peer.request('saveFile', file));
  }

  private ask(request: Promise<unknown>): void {
    this.failure = null;
    request.catch((error: unknown) => {
      this.failure = toErrorData(error);
      this.changed();
    });
  }

  private changed(): void {
    this.host.setState(this.state);
    if (this.isScheduled) return;
    this.isScheduled = true;
    requestAnimationFrame(() => {
      this.isScheduled = false;
      this.listener();
    });
  }
}

function differs({ view, before }: FilteredRow): boolean {
  return view.verdict !== before.verdict || hasOtherAnswer(before, view);
}
