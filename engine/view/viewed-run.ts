/**
 * The run that a browser is shown: read once for all pages, followed while it is written, and read again when an engine
 * has resumed it.
 */
import { liveWriter } from '../journal/lock.ts';
import { Emitter } from '../messages/json-rpc.ts';
import { Disposables } from './disposables.ts';
import { follow } from './follow.ts';
import { OpenRun } from './open-run.ts';

/** Milliseconds between two checks whether an engine has started or stopped writing the run. */
const POLL_INTERVAL_MS = 2000;

/** A run that is read from its folder, and followed while it is written. */
export class ViewedRun {
  private readonly scope = new Disposables();
  private readonly following = this.scope.add(new Disposables());
  private readonly changeEmitter = this.scope.add(new Emitter<OpenRun>());
  /** Whether it was being written at the last check. */
  private written = false;
  /** Fires when another reading takes the place of the run. */
  readonly onDidChange = this.changeEmitter.event;

  private constructor(
    private current: OpenRun,
    private readonly report: (error: unknown) => void,
  ) {
    this.follow();
    const timer = setInterval(() => this.poll(), POLL_INTERVAL_MS);
    this.scope.add({ dispose: () => clearInterval(timer) });
  }

  /**
   * @param report called with errors that end following.
   * @throws RollscopeError `run-not-found`, `run-version`, `run-broken`
   */
  static async open(folder: string, report: (error: unknown) => void): Promise<ViewedRun> {
    return new ViewedRun(await OpenRun.open(folder), report);
  }

  get run(): OpenRun {
    return this.current;
  }

  /** Reads the run again. */
  async reread(): Promise<void> {
    const former = this.current;
    const fresh = await OpenRun.open(former.folder);
    this.following.clear();
    this.current = fresh;
    former.dispose();
    this.follow();
    this.changeEmitter.fire(fresh);
  }

  dispose(): void {
    this.scope.dispose();
    this.current.dispose();
  }

  private follow(): void {
    this.written = liveWriter(this.current.folder) !== null;
    if (!this.written) return;
    const replaced = () => void this.reread().catch(this.report);
    this.following.add(follow(this.current, { replaced, failed: this.report }));
  }

  private poll(): void {
    const written = liveWriter(this.current.folder) !== null;
    if (written === this.written) return;
    this.written = written;
    // An engine that resumed the run may have truncated it to its last checkpoint.
    if (written) void this.reread().catch(this.report);
    else this.current.announceStatus();
  }
}
