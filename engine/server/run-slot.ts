/** The one run of an engine: being prepared, at work, or the last one, whose records can still be read. */
import type { Peer } from '../messages/peer.ts';
import { type ErrorDetails, RollscopeError } from '../protocol/errors.ts';
import type { Progress } from '../protocol/rpc.ts';
import type { EngineContract } from './contract.ts';
import { RunFeed } from './feed.ts';
import type { RunHandle } from './job.ts';
import type { EngineLog } from './log.ts';

interface SlotOptions {
  /** Aborted when the engine closes. */
  closing: AbortSignal;
  log: EngineLog;
  /** A run ended by an error of the program. */
  failed: (message: string, error: unknown) => void;
  /** A run was taken on, or ended. */
  changed: () => void;
}

/** The place for a run in one engine. A second one is refused as `busyError`. */
export class RunSlot {
  readonly #options: SlotOptions;
  #feed: RunFeed | null = null;
  #active: RunHandle | null = null;
  /** Name of the run that is being prepared, while there is no handle yet. */
  #preparing: string | null = null;

  constructor(options: SlotOptions) {
    this.#options = options;
  }

  /** Progress of the run at work; null without one. */
  get progress(): Progress | null {
    return this.#active?.progress() ?? null;
  }

  /** A run is at work or being prepared. */
  get isBusy(): boolean {
    return this.#active !== null || this.#preparing !== null;
  }

  isAtWork(handle: RunHandle): boolean {
    return this.#active === handle;
  }

  /** Accepts a run. Rejects with `busyError`, `engine-stopped`, or as `begin` does. */
  async take(run: string, begin: (closing: AbortSignal) => Promise<RunHandle>): Promise<RunHandle> {
    if (this.#options.closing.aborted)
      throw new RollscopeError('engine-stopped', 'The engine is shutting down.', undefined, {
        details: { reason: 'shutting-down' },
      });
    if (this.#preparing)
      throw busyError(`is preparing run '${this.#preparing}'`, { reason: 'preparing', run: this.#preparing });
    const active = this.progress;
    if (active) {
      const { step, steps } = active;
      const text = `is already running '${active.run}' (step ${step} of ${steps})`;
      throw busyError(text, { reason: 'running', run: active.run, step, steps });
    }
    this.#preparing = run;
    this.#options.changed();
    try {
      const handle = await begin(this.#options.closing);
      this.#options.log.write('info', `run '${run}' in ${handle.folder}`);
      this.#feed = new RunFeed(handle, (message, error) => this.#options.log.write('error', message, error));
      this.#active = handle;
      handle.done.then(
        (end) => this.#ended(handle, `run '${handle.run}' ended at step ${end.step}: ${end.reason}`),
        (error: unknown) => this.#ended(handle, `run '${handle.run}' ended`, error),
      );
      // A shutdown that was requested while the run was being prepared waits for it.
      if (this.#options.closing.aborted) await handle.stop();
      return handle;
    } finally {
      this.#preparing = null;
      this.#options.changed();
    }
  }

  #ended(handle: RunHandle, message: string, error?: unknown): void {
    if (error === undefined) this.#options.log.write('info', message);
    else this.#options.failed(message, error);
    if (this.#active === handle) this.#active = null;
    this.#options.changed();
  }

  /** Stops the run at work with a checkpoint, and waits for one that is being prepared. */
  async stop(): Promise<void> {
    while (this.#preparing) await new Promise((resolve) => setTimeout(resolve, 50));
    const handle = this.#active;
    if (!handle) return;
    await handle.stop();
    await handle.done.catch(() => undefined);
  }

  /** Records and progress of the run at work, or of the last one. Throws `run-not-found` for another. */
  feedOf(run: string): RunFeed {
    if (this.#feed?.handle.run === run) return this.#feed;
    throw new RollscopeError(
      'run-not-found',
      `Run '${run}' is not active in this engine.`,
      'Open the run from its folder, or resume it.',
      { details: { reason: 'run-not-active', run } },
    );
  }

  /** The run at work of that name. Throws `run-not-found`. */
  handleOf(run: string): RunHandle {
    const { handle } = this.feedOf(run);
    if (this.#active !== handle)
      throw new RollscopeError('run-not-found', `Run '${run}' has ended.`, undefined, {
        details: { reason: 'run-ended', run },
      });
    return handle;
  }

  /** Ends a client's subscription, to `run` or to whatever it has subscribed to. */
  unsubscribe(client: Peer<EngineContract>, run?: string): void {
    if (run === undefined || this.#feed?.handle.run === run) this.#feed?.unsubscribe(client);
  }

  /** Waits until every client has all records, at most `ms` milliseconds. */
  async drain(ms: number): Promise<void> {
    await this.#feed?.drain(ms);
  }
}

function busyError(what: string, details: ErrorDetails): RollscopeError {
  return new RollscopeError('busy', `This engine ${what}.`, 'Wait until it ends, or stop it first.', {
    details,
  });
}
