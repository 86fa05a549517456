/** The runs in the user's folder, and those open in this window. Does not import VS Code. */
import path from 'node:path';
import type { ListedRun, RunInfo } from '../../engine/protocol/index.ts';
import { listRuns, readableRuns } from '../../engine/runs/list.ts';
import { Disposables } from '../disposables.ts';
import { Emitter } from '../events.ts';
import { OpenRun } from './open-run.ts';
import type { RunSession } from './session.ts';

/** Runs that stay open in addition to the active one. */
const KEPT_RUNS = 4;

export class RunLibrary {
  private readonly scope = new Disposables();
  private readonly changeEmitter = this.scope.add(new Emitter<void>());
  private readonly open = new Map<string, Promise<OpenRun>>();
  private listing: Promise<ListedRun[]> | null = null;

  /** The list may have changed. */
  readonly onDidChange = this.changeEmitter.event;

  constructor(
    private readonly root: () => string,
    private readonly session: RunSession,
  ) {
    this.scope.add(
      session.onDidChangeActive((run) => {
        // A resumed run is read again, since its journal may have been truncated.
        if (run) this.open.set(run.folder, Promise.resolve(run));
        this.refresh();
      }),
    );
  }

  /** The folder for new runs. */
  get folder(): string {
    return this.root();
  }

  refresh(): void {
    this.listing = null;
    this.changeEmitter.fire();
  }

  /** All readable runs, the newest first; the active one with its current numbers. */
  async list(): Promise<RunInfo[]> {
    return readableRuns(await this.listAll());
  }

  /** All runs, including those that cannot be read. */
  async listAll(): Promise<ListedRun[]> {
    this.listing ??= listRuns(this.root());
    const runs = await this.listing;
    const { active } = this.session;
    if (!active) return runs;
    return [active.info, ...runs.filter(({ folder }) => path.resolve(folder) !== active.folder)];
  }

  /** A run, possibly still being read. @throws RollscopeError `run-not-found`, `run-version`, `run-broken`. */
  async take(folder: string): Promise<OpenRun> {
    const key = path.resolve(folder);
    if (this.session.active?.folder === key) return this.session.active;
    const known = this.open.get(key);
    // The most recently used is last.
    this.open.delete(key);
    const reading = known ?? OpenRun.open(key);
    this.open.set(key, reading);
    // After a failure, the next caller tries again.
    const failed = () => {
      if (this.open.get(key) === reading) this.open.delete(key);
    };
    reading.then((run) => run.loaded.catch(failed), failed);
    if (this.open.size > KEPT_RUNS) this.open.delete(this.open.keys().next().value!);
    return reading;
  }

  /** A run whose whole journal has been read. */
  async read(folder: string): Promise<OpenRun> {
    return (await this.take(folder)).loaded;
  }

  /** The newest run on a dataset; undefined if there is none. */
  async newestOn(isDataset: (dataset: string | null) => boolean): Promise<OpenRun | undefined> {
    const info = (await this.list()).find((run) => isDataset(run.dataset));
    return info && this.read(info.folder);
  }

  /** Closes a run: the next `read` reads its folder again. */
  forget(folder: string): void {
    this.open.delete(path.resolve(folder));
    this.refresh();
  }

  dispose(): void {
    this.scope.dispose();
  }
}
