/**
 * Sends a run to one webview: first as a whole, then what is new. Each page that attaches gets copies of the columns that the
 * host keeps, so that a page that was hidden costs a copy when it comes back, not another read. Does not import VS Code.
 */

import type { Peer } from '../../engine/messages/peer.ts';
import { type HostEnd, Pages } from '../../engine/messages/webview.ts';
import { RollscopeError, toErrorData } from '../../engine/protocol/errors.ts';
import type { GroupId } from '../../engine/protocol/group.ts';
import { type Mark, markOf, pack } from '../../engine/runs/packed.ts';
import { PANEL, type PanelAction, type PanelContract, type Shown } from '../../engine/runs/panel-contract.ts';
import { Disposables } from '../disposables.ts';
import type { OpenRun } from '../run/open-run.ts';
import { throttle } from '../timing.ts';

/** Milliseconds between two messages of the same kind. */
const PACE = 100;

/** What the panel needs of the extension. */
export interface ConversationActions {
  perform(action: PanelAction, run: OpenRun | null): Promise<void>;
  openRollout(run: OpenRun, group: GroupId, rollout: number): Promise<void>;
  revealProblem(run: OpenRun, problem: number): Promise<void>;
  /** Reads a run again after a failure. */
  again(run: OpenRun): Promise<OpenRun>;
  report(error: unknown): void;
}

export class Conversation {
  private readonly scope = new Disposables();
  /** Resources of the run that is shown. */
  private readonly following = this.scope.add(new Disposables());
  private readonly pages: Pages<PanelContract>;
  private run: OpenRun | null = null;
  /** The attached page and how much of the columns it has; null before it has any. */
  private attached: { peer: Peer<PanelContract>; mark: Mark | null } | null = null;
  private selected: number | null = null;

  constructor(
    webview: HostEnd,
    private readonly actions: ConversationActions,
  ) {
    const report = (error: unknown) => this.actions.report(error);
    this.pages = this.scope.add(new Pages(webview, { contract: PANEL, report }, (peer) => this.welcome(peer)));
  }

  show(run: OpenRun | null): void {
    this.following.clear();
    this.run = run;
    this.selected = null;
    if (run) this.follow(run);
    if (this.attached) void this.attached.peer.notify('shown', this.shown());
  }

  select(problem: number): void {
    // A page that is not attached yet, or whose run is still being read, gets the selection with the run.
    if (this.attached?.mark) void this.attached.peer.notify('select', { problem });
    else this.selected = problem;
  }

  /** The page was hidden: it attaches again when it comes back. */
  leave(): void {
    this.attached = null;
    this.pages.leave();
  }

  dispose(): void {
    this.attached = null;
    this.scope.dispose();
  }

  private welcome(peer: Peer<PanelContract>): void {
    this.attached = null;
    peer.handleAll({
      attach: async ({ again }) => {
        if (again && this.run?.error) this.show(await this.actions.again(this.run));
        this.attached = { peer, mark: null };
        return this.shown();
      },
      readGroup: async ({ group }) => {
        const { detail, why } = await this.mustRun().readGroup(group);
        const { evidence: _, ...rest } = detail;
        return { detail: rest, why };
      },
      openRollout: async ({ group, rollout }) => {
        await this.actions.openRollout(this.mustRun(), group, rollout);
        return null;
      },
      revealProblem: async ({ problem }) => {
        await this.actions.revealProblem(this.mustRun(), problem);
        return null;
      },
      perform: async ({ action }) => {
        await this.actions.perform(action, this.run);
        return null;
      },
    });
  }

  private follow(run: OpenRun): void {
    const grown = this.following.add(throttle(PACE, () => this.tellColumns()));
    const loading = this.following.add(throttle(PACE, () => this.tellLoading()));
    const progress = this.following.add(throttle(PACE, () => this.tellProgress()));
    this.following.add(run.onDidAppend(() => grown()));
    this.following.add(run.onDidLoad(() => loading()));
    this.following.add(run.onDidChangeProgress(() => progress()));
  }

  /** The whole state to show; from now on the page receives what is new. */
  private shown(): Shown {
    const { run } = this;
    if (!run) return { run: null };
    const complete = run.loadedPart === 1;
    if (this.attached) this.attached.mark = complete ? markOf(run.columns) : null;
    const select = this.selected;
    if (complete) this.selected = null;
    return {
      run: run.info,
      problems: run.problems,
      progress: run.progress,
      columns: complete ? pack(run.columns) : null,
      loaded: run.loadedPart,
      error: run.error ? toErrorData(run.error) : null,
      select,
    };
  }

  private tellLoading(): void {
    const { run, attached } = this;
    if (!run || !attached || attached.mark) return;
    if (run.loadedPart === 1 || run.error) void attached.peer.notify('shown', this.shown());
    else void attached.peer.notify('loading', { loaded: run.loadedPart });
  }

  private tellColumns(): void {
    const { run, attached } = this;
    if (!run || !attached?.mark) return;
    const columns = pack(run.columns, attached.mark);
    attached.mark = markOf(run.columns);
    void attached.peer.notify('columns', { columns, status: run.status });
  }

  private tellProgress(): void {
    const { run, attached } = this;
    if (run && attached?.mark) void attached.peer.notify('progress', { progress: run.progress, status: run.status });
  }

  private mustRun(): OpenRun {
    if (!this.run) throw new RollscopeError('run-not-found', 'No run is open.');
    return this.run;
  }
}
