/** The run that the panel shows: started, resumed, opened from disk, attached to, or restored. */
import path from 'node:path';
import { liveWriter } from '../../engine/journal/lock.ts';
import type { RunConfig } from '../../engine/protocol/index.ts';
import { Disposables } from '../../engine/view/disposables.ts';
import { follow } from '../../engine/view/follow.ts';
import type { OpenRun } from '../../engine/view/open-run.ts';
import type { EngineService } from '../engine/service.ts';
import type { RunLibrary } from './library.ts';
import type { CheckpointAt, RunSession } from './session.ts';

/** What the viewer needs from the panel. */
export interface Screen {
  readonly shown: OpenRun | null;
  /** Whether a start is shown in place of it. */
  readonly isStarting: boolean;
  /** Chooses what is shown, without opening the panel. */
  setRun(run: OpenRun | null): void;
  open(options?: { preserveFocus?: boolean }): void;
}

export interface ViewerParts {
  engine: EngineService;
  session: RunSession;
  library: RunLibrary;
  screen: Screen;
  report(error: unknown): void;
}

/** What the panel shows, one run at a time. Of several that are asked for, the last one is shown. */
export class RunViewer {
  private readonly scope = new Disposables();
  /** Resources of a run that is followed through its folder because its engine cannot be reached. */
  private readonly tailing = this.scope.add(new Disposables());
  /** Number of requests for what is shown. */
  private requests = 0;

  constructor(private readonly parts: ViewerParts) {}

  /** Starts a run and shows it. */
  async start(config: RunConfig, from?: CheckpointAt): Promise<OpenRun> {
    const { session, library, screen } = this.parts;
    screen.open({ preserveFocus: true });
    const run = await session.start(config, library.folder, from);
    this.show(run);
    return run;
  }

  /** Resumes a run from its last checkpoint and shows it. */
  async resume(folder: string): Promise<void> {
    const { session, library, screen } = this.parts;
    library.forget(folder);
    this.show(await session.resume(folder));
    screen.open({ preserveFocus: true });
  }

  /** Shows a run in the panel; follows it if another process is writing it. */
  show(run: OpenRun): void {
    this.requests++;
    this.present(run);
  }

  /**
   * Opens a run from disk in the panel, attached to its engine if it is active. Of several that are opened, the last one is
   * shown, whichever is found first.
   */
  async open(folder: string): Promise<OpenRun> {
    const { session, library, screen } = this.parts;
    const latest = this.request();
    const run = await library.take(folder);
    if (!latest()) return run;
    // Shown immediately, while it is being read and its engine is being searched for.
    screen.setRun(run);
    screen.open();
    const attached =
      run !== session.active && liveWriter(folder) ? await this.attachTo(run.folder).catch(() => null) : null;
    const shown = attached?.folder === run.folder ? attached : run;
    if (screen.shown === run) this.present(shown);
    return shown;
  }

  /** Opens a run in the panel, without looking for its engine; null if another was asked for meanwhile. */
  async look(folder: string): Promise<OpenRun | null> {
    const latest = this.request();
    const run = await this.parts.library.take(folder);
    if (!latest()) return null;
    this.present(run);
    this.parts.screen.open();
    return run;
  }

  /** Opens the panel on the run in progress, else on what it showed last, else on the newest run. */
  async openPanel(): Promise<void> {
    const { session, library, screen } = this.parts;
    const latest = this.request();
    const newest = async () => {
      const info = await library.newest(() => true);
      return info ? library.take(info.folder) : null;
    };
    const run = session.active ?? screen.shown ?? (await newest());
    if (run && latest() && !screen.isStarting) this.present(run);
    screen.open();
  }

  /** Attaches to the engine of an active run; null if it cannot be reached. */
  async attachTo(folder: string): Promise<OpenRun | null> {
    const { engine, session } = this.parts;
    const wanted = path.resolve(folder);
    const found = (await engine.find()).find(({ active }) => active && path.resolve(active.folder) === wanted);
    if (!found) return null;
    return session.follow(await engine.attach(found.address));
  }

  /** Follows the active run of an engine in the background; null if there is none. */
  async reattach(): Promise<OpenRun | null> {
    const client = await this.parts.engine.reattach();
    return client ? this.parts.session.follow(client) : null;
  }

  /**
   * Fills a panel restored from the previous window: with the active run, else with the one that the panel remembers, by
   * its folder (earlier versions: by its name). Does nothing once something else was asked for.
   */
  async restore(kept: string | null): Promise<void> {
    const { session, library, screen } = this.parts;
    const { requests } = this;
    const active = session.active ?? (await this.reattach().catch(() => null));
    const remembered = async () => {
      const isKept = ({ folder, run }: Pick<OpenRun, 'folder' | 'run'>) => folder === kept || run === kept;
      if (active && (kept === null || isKept(active))) return active;
      const info = kept === null ? undefined : await library.newest(isKept);
      return info ? library.take(info.folder) : active;
    };
    const run = await remembered();
    if (run && requests === this.requests && screen.shown === null) this.present(run);
  }

  /** Reads a run from disk again, and replaces the copy that is shown. */
  async readAgain(former: OpenRun): Promise<void> {
    const { library, screen } = this.parts;
    library.forget(former.folder);
    const fresh = await library.take(former.folder);
    if (screen.shown === former) this.present(fresh);
  }

  /** Removes a deleted run from panel and library. */
  forget(folder: string): void {
    const { library, screen } = this.parts;
    if (screen.shown?.folder === path.resolve(folder)) screen.setRun(null);
    library.forget(folder);
  }

  dispose(): void {
    this.scope.dispose();
  }

  /** Counts a request for what is shown; returns whether it is still the latest one. */
  private request(): () => boolean {
    const own = ++this.requests;
    return () => own === this.requests;
  }

  private present(run: OpenRun): void {
    const { session, screen } = this.parts;
    this.tailing.clear();
    screen.setRun(run);
    if (run !== session.active && liveWriter(run.folder)) this.tail(run);
  }

  private tail(run: OpenRun): void {
    const { screen, report, library } = this.parts;
    const replaced = async () => {
      if (screen.shown === run) await this.readAgain(run);
      else library.forget(run.folder);
    };
    this.tailing.add(follow(run, { replaced: () => void replaced().catch(report), failed: report }));
  }
}
