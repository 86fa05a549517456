/** The runs in the user's folder, and those open in this window. Does not import VS Code. */
import path from 'node:path';
import { Emitter } from '../../engine/messages/json-rpc.ts';
import {
  type ErrorData,
  type ListedRun,
  RollscopeError,
  type RunInfo,
  toErrorData,
} from '../../engine/protocol/index.ts';
import { isReadable, RunList, readableRuns } from '../../engine/runs/list.ts';
import { Disposables } from '../../engine/view/disposables.ts';
import { OpenRun } from '../../engine/view/open-run.ts';
import type { RunSession } from './session.ts';

/** Runs that stay open in addition to the active one. */
const MAX_OPEN_RUNS = 4;
/** Runs that the Runs view shows at first, and how many times as many after each request for more. */
const [FIRST_PAGE_SIZE, PAGE_GROWTH] = [100, 5];

/** The runs of a window, listed from disk. Each is opened once, however many views ask for it. */
export class RunLibrary {
  private readonly scope = new Disposables();
  private readonly changeEmitter = this.scope.add(new Emitter<void>());
  private readonly open = new Map<string, Promise<OpenRun>>();
  /** Runs that left `open` while somebody used them. */
  private readonly retired = new Set<OpenRun>();
  /** How many wait for the columns of a run. */
  private readonly waiting = new Map<OpenRun, number>();
  /** Runs whose journal turned out to be damaged when it was read; listing does not read every journal. */
  private readonly damaged = new Map<string, ErrorData>();
  private listing: Promise<RunList> | null = null;
  /** Runs of the page that the Runs view shows. */
  private shown = FIRST_PAGE_SIZE;

  /** Fires when the list may have changed. */
  readonly onDidChange = this.changeEmitter.event;

  constructor(
    private readonly root: () => string,
    private readonly session: RunSession,
    /** Whether a run is on the screen. */
    private readonly isShown: (run: OpenRun) => boolean,
    /** Runs of other trainers that grow: they are listed with their current numbers. */
    private readonly growing: () => readonly OpenRun[] = () => [],
  ) {
    this.scope.add(
      session.onDidChangeActive((run) => {
        // A resumed run is read again, since its journal may have been truncated.
        if (run) this.keep(run.folder, Promise.resolve(run));
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

  /** All readable runs, the newest first; the active one with its current numbers. Reads every run: ask for less where that does. */
  async list(): Promise<RunInfo[]> {
    return readableRuns((await this.listNewest()).runs);
  }

  /** What the Runs view shows: a page of the newest runs, those that cannot be read included, and how many there are after it. */
  listPage(): Promise<{ runs: ListedRun[]; older: number }> {
    return this.listNewest(this.shown);
  }

  /** Makes the page several times longer. */
  showMore(): void {
    this.shown *= PAGE_GROWTH;
    this.changeEmitter.fire();
  }

  /** @param count runs at most; the active one comes first in addition */
  private async listNewest(count = Number.POSITIVE_INFINITY): Promise<{ runs: ListedRun[]; older: number }> {
    this.listing ??= RunList.open(this.root());
    const list = await this.listing;
    const runs = (await list.newest(count)).map((run) => this.withReadError(run));
    const { active } = this.session;
    const older = Math.max(0, list.total - count);
    if (!active) return { runs, older };
    const others = runs.filter(({ folder }) => path.resolve(folder) !== active.folder);
    const isOlder = others.length === runs.length && path.dirname(active.folder) === path.resolve(this.root());
    return { runs: [active.info, ...others], older: isOlder ? Math.max(0, older - 1) : older };
  }

  /** The newest readable run that fits, of which no more are read than needed. */
  async newest(fits: (run: RunInfo) => boolean): Promise<RunInfo | undefined> {
    this.listing ??= RunList.open(this.root());
    const { active } = this.session;
    if (active && fits(active.info)) return active.info;
    const isFit = (run: ListedRun): run is RunInfo => {
      const read = this.withReadError(run);
      return isReadable(read) && path.resolve(read.folder) !== active?.folder && fits(read);
    };
    return (await this.listing).find(isFit);
  }

  /** A run, possibly still being read. @throws RollscopeError `run-not-found`, `run-version`, `run-broken`. */
  async take(folder: string): Promise<OpenRun> {
    const key = path.resolve(folder);
    this.sweep();
    if (this.session.active?.folder === key) return this.session.active;
    const reading = this.open.get(key) ?? OpenRun.open(key);
    this.keep(key, reading);
    // After a failure, the next caller tries again.
    const failed = (error: unknown) => {
      if (this.open.get(key) === reading) this.open.delete(key);
      if (!(error instanceof RollscopeError) || error.code !== 'run-broken' || this.damaged.has(key)) return;
      this.damaged.set(key, toErrorData(error));
      this.changeEmitter.fire();
    };
    reading.then((run) => run.loaded.then(() => this.damaged.delete(key), failed), failed);
    while (this.open.size > MAX_OPEN_RUNS) this.drop(this.open.keys().next().value!);
    return reading;
  }

  /** A run whose whole journal has been read. */
  async read(folder: string): Promise<OpenRun> {
    const run = await this.take(folder);
    this.waiting.set(run, (this.waiting.get(run) ?? 0) + 1);
    try {
      return await run.loaded;
    } finally {
      const others = this.waiting.get(run)! - 1;
      if (others > 0) this.waiting.set(run, others);
      else this.waiting.delete(run);
      this.sweep();
    }
  }

  /** The newest run on a dataset; undefined if there is none. */
  async newestOn(isDataset: (dataset: string | null) => boolean): Promise<OpenRun | undefined> {
    const info = await this.newest((run) => isDataset(run.dataset));
    return info && this.read(info.folder);
  }

  /** Closes a run: the next `read` reads its folder again. */
  forget(folder: string): void {
    this.drop(path.resolve(folder));
    this.refresh();
  }

  dispose(): void {
    for (const key of [...this.open.keys()]) this.drop(key);
    this.scope.dispose();
  }

  /** A listed run as the panel shows it: one that could not be read when it was opened is unreadable in the list too. */
  private withReadError(run: ListedRun): ListedRun {
    const growing = this.growing().find(({ folder }) => folder === path.resolve(run.folder));
    if (growing && growing.columns.step > 0) return growing.info;
    const error = this.damaged.get(path.resolve(run.folder));
    if (!error || run.status === 'unreadable') return run;
    return { run: run.run, folder: run.folder, created: run.created, status: 'unreadable', error };
  }

  /** Makes a run the most recently used, which is the last, in place of an earlier reading of its folder. */
  private keep(key: string, reading: Promise<OpenRun>): void {
    if (this.open.get(key) !== reading) this.drop(key);
    this.open.delete(key);
    this.open.set(key, reading);
  }

  /** Lets go of a run. What it still reads is canceled as soon as nothing uses it. */
  private drop(key: string): void {
    const reading = this.open.get(key);
    this.open.delete(key);
    reading?.then(
      (run) => {
        this.retired.add(run);
        // A caller that has just taken it uses it within this turn of the event loop.
        setImmediate(() => this.sweep());
      },
      () => {},
    );
  }

  private sweep(): void {
    for (const run of this.retired) {
      if (run === this.session.active || this.isShown(run) || this.waiting.has(run)) continue;
      this.retired.delete(run);
      run.dispose();
    }
  }
}
