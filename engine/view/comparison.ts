/** Sends a comparison of runs to one page: again whenever another step is chosen, or a run has grown. Does not import VS Code. */
import type { Peer } from '../messages/peer.ts';
import { type HostEnd, Pages } from '../messages/webview.ts';
import { RollscopeError, toErrorData } from '../protocol/errors.ts';
import { compareRuns } from '../runs/comparison/compare.ts';
import {
  COMPARE,
  type CompareContract,
  type ComparisonInView,
  type ComparisonLook,
  type RunInView,
  type ShownComparison,
} from '../runs/comparison/contract.ts';
import { type CurveName, curveOf } from '../runs/comparison/curves.ts';
import { Disposables } from './disposables.ts';
import type { HostWords } from './host-words.ts';
import type { OpenRun } from './open-run.ts';
import { throttle } from './timing.ts';

/** Milliseconds between two comparisons of runs that grow. */
const UPDATE_INTERVAL_MS = 1000;

/** A run at a problem (by index) and a step, and where cursor A is; null for where each is at first. */
export interface PlaceToOpen {
  folder: string;
  problem: number | null;
  step: number | null;
  from: { folder: string; step: number | null } | null;
}

/** What a comparison needs from its host. */
export interface ComparisonActions {
  /** Shows a run elsewhere. */
  open(place: PlaceToOpen): Promise<void>;
  /** Writes a file where the user says. */
  saveFile(name: string, content: Uint8Array): Promise<void>;
  report(error: unknown): void;
}

/** The conversation with one page about runs that do not change. */
export class ComparisonConversation {
  private readonly scope = new Disposables();
  private attached: { peer: Peer<CompareContract>; look: ComparisonLook } | null = null;
  private error: unknown = null;
  private isHidden = false;
  /** Something changed while nobody saw the page. */
  private hasMissed = false;

  constructor(
    webview: HostEnd,
    private readonly runs: readonly OpenRun[],
    private readonly actions: ComparisonActions,
    private readonly words: Pick<HostWords, 'error'>,
  ) {
    const report = (error: unknown) => this.actions.report(error);
    this.scope.add(
      new Pages(webview, { contract: COMPARE, report, retell: (error) => words.error(error) }, (peer) =>
        this.welcome(peer),
      ),
    );
    const changed = this.scope.add(throttle(UPDATE_INTERVAL_MS, () => this.tell()));
    for (const run of runs) {
      this.scope.add(run.onDidAppend(() => changed()));
      this.scope.add(run.onDidLoad(() => changed()));
      this.scope.add(run.onDidChangeProgress(() => changed()));
    }
    Promise.all(runs.map((run) => run.loaded)).then(
      () => this.tell(),
      (error: unknown) => {
        this.error = error;
        this.tell();
      },
    );
  }

  /** A hidden page keeps its content, and gets what it missed, once, when it is visible again. */
  setVisible(isVisible: boolean): void {
    this.isHidden = !isVisible;
    if (isVisible && this.hasMissed) this.tell();
  }

  dispose(): void {
    this.attached = null;
    this.scope.dispose();
  }

  private welcome(peer: Peer<CompareContract>): void {
    this.attached = null;
    const look = (look: ComparisonLook) => {
      this.attached = { peer, look };
      // A page that asks is there, hidden or not.
      void peer.notify('shown', this.shown(look));
      return null;
    };
    peer.handleAll({
      attach: async (params) => look(params.look),
      look: async (params) => look(params.look),
      open: async (place) => {
        for (const folder of [place.folder, ...(place.from ? [place.from.folder] : [])]) this.check(folder);
        await this.actions.open(place);
        return null;
      },
      saveFile: async ({ name, content, encoding }) => {
        await this.actions.saveFile(name, Buffer.from(content, encoding));
        return null;
      },
    });
  }

  /** @throws RollscopeError `usage` for a run that is not compared */
  private check(folder: string): void {
    if (this.runs.some((run) => run.folder === folder)) return;
    throw new RollscopeError('usage', `${folder} is not one of the compared runs.`, undefined, {
      details: { reason: 'not-compared', folder },
    });
  }

  private tell(): void {
    this.hasMissed = this.isHidden;
    if (this.isHidden) return;
    if (this.attached) void this.attached.peer.notify('shown', this.shown(this.attached.look));
  }

  private shown(look: ComparisonLook): ShownComparison {
    const { runs, error } = this;
    const loaded = runs.reduce((sum, run) => sum + run.loadedPart, 0) / runs.length;
    const failure = error === null ? null : this.words.error(toErrorData(error));
    const comparison = loaded === 1 && failure === null ? comparisonOf(runs, look) : null;
    return { runs: runs.map(inView), loaded, error: failure, comparison };
  }
}

function inView({ run, folder, status, info, columns }: OpenRun): RunInView {
  return { run, folder, status, job: info.job, step: columns.step, metrics: columns.series.names };
}

function comparisonOf(runs: readonly OpenRun[], look: ComparisonLook): ComparisonInView {
  const first = Math.min(look.first, runs.length - 1);
  const given = runs.map((run, i) => {
    const { folder, file, problems, columns } = run;
    return { run: run.run, folder, file, problems, columns, step: look.steps[i] ?? null };
  });
  const { problems, ...rest } = compareRuns(given, undefined, first);
  const [main] = runs;
  const curves = look.curves.map(
    (name) => [name, runs.map(({ columns }) => curveOf(columns, name as CurveName))] as const,
  );
  return {
    ...rest,
    rows: problems.map(({ views }) => {
      const { index, id, text, answer, accepted } = main!.problems[views[0]!.problem]!;
      return { problem: { index, id, text, answer, ...(accepted && { accepted }) }, views };
    }),
    curves: Object.fromEntries(curves),
  };
}
