/** The engine's active run, as this window follows and controls it. Does not import VS Code. */

import path from 'node:path';
import { Emitter } from '../../engine/messages/json-rpc.ts';
import {
  type EndRecord,
  type JournalRecord,
  type Progress,
  RollscopeError,
  type RunConfig,
} from '../../engine/protocol/index.ts';
import type { EngineClient } from '../../engine/server/connection.ts';
import { Disposables } from '../../engine/view/disposables.ts';
import { OpenRun } from '../../engine/view/open-run.ts';
import type { EngineService } from '../engine/service.ts';

/** A checkpoint that a run begins with: the folder of its run, and its step. */
export interface CheckpointAt {
  folder: string;
  step: number;
}

/** One per window, for the run of the engine that the window is connected to. */
export class RunSession {
  private readonly scope = new Disposables();
  private readonly activeEmitter = this.scope.add(new Emitter<OpenRun | null>());
  private readonly endEmitter = this.scope.add(new Emitter<{ run: OpenRun; end: EndRecord }>());
  private readonly interruptEmitter = this.scope.add(new Emitter<OpenRun>());
  private current: OpenRun | null = null;
  private starting: AbortController | null = null;
  /** The connection whose run is about to be followed. */
  private followed: { client: EngineClient; run: Promise<OpenRun | null> } | null = null;

  /** Fires when another run is followed, none is, or one is being prepared. */
  readonly onDidChangeActive = this.activeEmitter.event;
  readonly onDidEnd = this.endEmitter.event;
  /** Fires if the engine died during the run. */
  readonly onDidInterrupt = this.interruptEmitter.event;

  /**
   * @param trusts whether the workspace is trusted, so that rewards can run programs
   * @param consents whether the programs of a run from elsewhere may run, by the engine's refusal
   */
  constructor(
    private readonly engine: EngineService,
    private readonly trusts: () => boolean,
    private readonly consents: (refusal: RollscopeError) => Promise<boolean>,
  ) {
    this.scope.add(engine.onRecord(({ folder, record }) => this.receive(folder, record)));
    this.scope.add(
      engine.onProgress((progress) => {
        if (this.isCurrent(progress.folder)) this.current!.progress = progress;
      }),
    );
    this.scope.add(engine.onDidGo(() => void this.handleEngineEnd()));
  }

  /** The active run, which this window follows. */
  get active(): OpenRun | null {
    return this.current;
  }

  get progress(): Progress | null {
    return this.current?.progress ?? null;
  }

  /** Whether a run is being prepared and has no folder yet. */
  get preparing(): boolean {
    return this.starting !== null;
  }

  /** Creates a run under `out` and follows it. Rejects with RollscopeError: the engine's, or `canceled` after `stop`. */
  start(config: RunConfig, out: string | undefined, from?: CheckpointAt): Promise<OpenRun> {
    return this.begin((client, signal) =>
      this.withConsent('The run was not started.', (allowed) =>
        client.request(
          'start',
          { config, out, allowPrograms: this.trusts(), ...(from && { from }), ...allowed },
          signal,
        ),
      ),
    );
  }

  /** Resumes a run that is not complete. */
  resume(folder: string): Promise<OpenRun> {
    return this.begin((client, signal) =>
      this.withConsent('The run was not resumed.', (allowed) =>
        client.request('resume', { folder, allowPrograms: this.trusts(), ...allowed }, signal),
      ),
    );
  }

  /**
   * Follows the connected engine's active run; null if it has none. Concurrent calls get the same run, since a new connection is
   * followed both automatically and by the code that made it.
   */
  follow(client: EngineClient): Promise<OpenRun | null> {
    if (this.followed?.client === client) return this.followed.run;
    const followed = { client, run: this.adoptActiveRun(client) };
    this.followed = followed;
    const done = () => {
      if (this.followed === followed) this.followed = null;
    };
    followed.run.then(done, done);
    return followed.run;
  }

  async pause(): Promise<void> {
    await this.steer('pause');
  }

  async continue(): Promise<void> {
    await this.steer('continue');
  }

  /** Stops the run with a checkpoint; cancels a run that is being prepared. */
  async stop(): Promise<void> {
    if (this.starting) this.starting.abort();
    else await this.steer('stop');
  }

  dispose(): void {
    this.starting?.abort();
    this.scope.dispose();
  }

  /** Asks the engine; if it refuses the programs of a run from elsewhere, asks the user, and then the engine again. */
  private async withConsent<T>(declined: string, ask: (allowed: { allowCommand?: true }) => Promise<T>): Promise<T> {
    try {
      return await ask({});
    } catch (error) {
      if (!(error instanceof RollscopeError) || error.details?.reason !== 'command-not-allowed') throw error;
      if (!(await this.consents(error))) throw new RollscopeError('canceled', declined);
      return ask({ allowCommand: true });
    }
  }

  private async begin(
    request: (client: EngineClient, signal: AbortSignal) => Promise<{ run: string; folder: string }>,
  ): Promise<OpenRun> {
    if (this.starting)
      throw new RollscopeError('busy', 'A run is being prepared.', 'Wait until it has started, or stop it first.');
    const controller = new AbortController();
    this.starting = controller;
    this.activeEmitter.fire(this.current);
    try {
      const client = await this.engine.ensure();
      if (controller.signal.aborted) throw new RollscopeError('canceled', 'The run was canceled.');
      const { folder } = await request(client, controller.signal);
      const run = await OpenRun.open(folder);
      this.starting = null;
      this.setActive(run);
      return await this.subscribe(client);
    } finally {
      if (this.starting) {
        this.starting = null;
        this.activeEmitter.fire(this.current);
      }
    }
  }

  private async adoptActiveRun(client: EngineClient): Promise<OpenRun | null> {
    const { active } = await client.request('status', {});
    if (!active) return null;
    if (!this.isCurrent(active.folder)) this.setActive(await OpenRun.open(active.folder));
    return this.subscribe(client);
  }

  private async subscribe(client: EngineClient): Promise<OpenRun> {
    const run = this.current!;
    await run.loaded.catch((error: unknown) => {
      if (this.current === run) this.setActive(null);
      throw error;
    });
    const { records, progress } = await client.request('subscribe', { run: run.run, from: run.columns.seq + 1 });
    for (const record of records) this.receive(run.folder, record);
    if (this.current === run) run.progress = progress;
    return run;
  }

  /** By folder: two folders of runs may have runs of one name. */
  private isCurrent(folder: string): boolean {
    return this.current?.folder === path.resolve(folder);
  }

  private receive(folder: string, record: JournalRecord): void {
    const run = this.current;
    if (!run || !this.isCurrent(folder)) return;
    run.append([record]);
    if (record.type !== 'end') return;
    this.setActive(null);
    this.endEmitter.fire({ run, end: record });
  }

  /** The engine is gone: it either finished the run and exited, or died during it. The run's folder tells which. */
  private async handleEngineEnd(): Promise<void> {
    const run = this.current;
    if (!run) return;
    this.setActive(null);
    try {
      await run.catchUp();
    } finally {
      run.progress = null;
      const { end } = run.columns.head;
      if (end) this.endEmitter.fire({ run, end });
      else this.interruptEmitter.fire(run);
    }
  }

  private async steer(method: 'pause' | 'continue' | 'stop'): Promise<void> {
    const { client } = this.engine;
    const run = this.current;
    if (!client || !run) throw new RollscopeError('engine-stopped', 'No active run.');
    await client.request(method, { run: run.run });
  }

  private setActive(run: OpenRun | null): void {
    this.current = run;
    this.activeEmitter.fire(run);
  }
}
