/** The search among all rollouts of the run: its query, progress and results. */
import type { Peer } from '../engine/messages/peer.ts';
import { RollscopeError } from '../engine/protocol/errors.ts';
import type { FindProgress, FindQuery, FindResult } from '../engine/runs/find-query.ts';
import type { PanelContract } from '../engine/runs/panel-contract.ts';
import type { Failures } from './failures.ts';

export type FindState =
  | { state: 'idle' }
  | { state: 'searching'; progress: FindProgress | null }
  | { state: 'found'; result: FindResult };

const IDLE: FindState = { state: 'idle' };

/** One search at a time: a new one cancels the previous one. The query survives a reload. */
export class RolloutSearch {
  isOpen: boolean;
  query: FindQuery;
  at: FindState = IDLE;
  private wantsFocus = false;
  private searching: AbortController | null = null;

  /** @param changed called after each change; `kept` is the part that survives a reload */
  constructor(
    private readonly peer: Pick<Peer<PanelContract>, 'request'>,
    private readonly failures: Failures,
    private readonly run: () => string,
    private readonly changed: () => void,
    kept: FindQuery | undefined,
  ) {
    this.isOpen = kept !== undefined;
    this.query = kept ?? {};
  }

  get kept(): { find?: FindQuery } {
    return this.isOpen ? { find: this.query } : {};
  }

  open(): void {
    this.isOpen = true;
    this.wantsFocus = true;
    this.changed();
  }

  /** Whether the search was opened since the last call; its text field then takes the focus. */
  takeFocus(): boolean {
    const { wantsFocus } = this;
    this.wantsFocus = false;
    return wantsFocus;
  }

  close(): void {
    this.cancel();
    this.isOpen = false;
    this.failures.clear('find');
    this.changed();
  }

  /** Changes conditions; undefined removes one. */
  set(change: { [K in keyof FindQuery]?: FindQuery[K] | undefined }): void {
    const known = Object.entries({ ...this.query, ...change }).filter(([, value]) => value !== undefined);
    this.query = Object.fromEntries(known);
    this.changed();
  }

  /** Starts the search that `query` describes, and cancels the one in progress. */
  start(): void {
    this.cancel();
    const fail = this.failures.begin('find');
    const searching = new AbortController();
    this.searching = searching;
    this.at = { state: 'searching', progress: null };
    this.changed();
    this.peer.request('find', { run: this.run(), query: this.query }, searching).then(
      (result) => this.finish(searching, { state: 'found', result }),
      (error: unknown) => {
        if (!this.finish(searching, IDLE) || (error instanceof RollscopeError && error.code === 'canceled')) return;
        fail(error, () => this.start());
      },
    );
  }

  /** Takes a progress report of the search. */
  tell(progress: FindProgress): void {
    if (this.at.state !== 'searching') return;
    this.at = { state: 'searching', progress };
    this.changed();
  }

  cancel(): void {
    this.searching?.abort();
    this.searching = null;
    if (this.at.state === 'searching') this.at = IDLE;
    this.changed();
  }

  /** Forgets the results when another run is shown. */
  clear(): void {
    this.cancel();
    this.at = IDLE;
  }

  /** @returns whether it was the search in progress */
  private finish(searching: AbortController, at: FindState): boolean {
    if (this.searching !== searching) return false;
    this.searching = null;
    this.at = at;
    this.changed();
    return true;
  }
}
