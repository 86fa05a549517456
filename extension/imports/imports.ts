/**
 * Imports of other trainers' runs, each a process of the command line; those that follow a folder are remembered, and
 * continue in the next window. Does not import VS Code.
 */
import path from 'node:path';
import { importedRunName, unusedName } from '../../engine/journal/locations.ts';
import { Emitter } from '../../engine/messages/json-rpc.ts';
import { RollscopeError } from '../../engine/protocol/errors.ts';
import { ImportProgress, PrintedImport } from '../../engine/protocol/printed.ts';
import { unfinishedImport } from '../../engine/runs/unfinished-import.ts';
import { type Program, runCli } from '../../engine/view/command-line.ts';

export interface ImportRequest {
  /** Absolute path. */
  source: string;
  follow: boolean;
  /** Names of columns, as `--map` takes them. */
  map?: string;
}

/** What is remembered of a folder that is followed. */
export interface Followed extends ImportRequest {
  /** The run folder. */
  folder: string;
}

/** Remembers across windows. */
export interface FollowMemory {
  read(): readonly Followed[];
  write(followed: readonly Followed[]): void;
}

/**
 * Milliseconds between two attempts to take over a run that the previous window's import still holds, and their number.
 */
const RETRY_MS = 500;
const MAX_ATTEMPTS = 60;

/** The process of one import. `done` resolves with its result, or with null if it reported none. */
export class ImportJob {
  private readonly progressEmitter = new Emitter<ImportProgress>();
  private readonly giveUp = new AbortController();
  readonly onDidProgress = this.progressEmitter.event;
  progress: ImportProgress | null = null;
  /** Resolves when the process has ended; with null after `stop`. @throws RollscopeError the command's own */
  readonly done: Promise<PrintedImport | null>;

  constructor(
    readonly request: ImportRequest,
    /** The run folder. */
    readonly folder: string,
    program: Program,
    /** Whether an earlier window began it. */
    readonly isRestored: boolean,
  ) {
    this.done = this.run(program);
    this.done.catch(() => {});
  }

  get name(): string {
    return path.basename(this.request.source);
  }

  /** Ends it after the last complete step. */
  stop(): void {
    this.giveUp.abort();
  }

  private async run(program: Program): Promise<PrintedImport | null> {
    const { source, follow, map } = this.request;
    const options = ['--out', path.dirname(this.folder), '--name', path.basename(this.folder), '--progress'];
    if (follow) options.push('--follow');
    if (map !== undefined) options.push('--map', map);
    const heard = (line: string) => this.readProgress(line);
    for (let tries = 1; ; tries++) {
      try {
        const { data } = await runCli(program, ['import', source, ...options], this.giveUp.signal, heard);
        return PrintedImport.parse(JSON.parse(data.trim().split('\n').at(-1)!));
      } catch (error) {
        if (this.giveUp.signal.aborted) return null;
        const isHeld = error instanceof RollscopeError && error.code === 'run-in-use' && follow && tries < MAX_ATTEMPTS;
        if (!isHeld) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  /** Reads a line of progress; returns whether it was one. */
  private readProgress(line: string): boolean {
    if (!line.startsWith('{"progress":')) return false;
    const parsed = ImportProgress.safeParse((JSON.parse(line) as { progress: unknown }).progress);
    if (!parsed.success) return false;
    this.progress = parsed.data;
    this.progressEmitter.fire(parsed.data);
    return true;
  }
}

/** The imports of a window. Those that follow a folder are started again in the next window. */
export class Imports {
  private readonly jobs = new Set<ImportJob>();
  private readonly changeEmitter = new Emitter<void>();
  /** Whether the window is closing; the folders that it follows stay remembered. */
  private closing = false;
  /** Fires when an import begins or ends. */
  readonly onDidChange = this.changeEmitter.event;

  constructor(
    private readonly program: () => Program,
    private readonly runsFolder: () => string,
    private readonly memory: FollowMemory,
  ) {}

  /** The folders that this window follows. */
  get following(): readonly ImportJob[] {
    return [...this.jobs].filter(({ request }) => request.follow);
  }

  /** The import that writes a run; undefined for none of this window. */
  of(folder: string): ImportJob | undefined {
    return [...this.jobs].find((job) => job.folder === path.resolve(folder));
  }

  /** Whether a dump is being imported. */
  isImporting(source: string): boolean {
    return [...this.jobs].some(({ request }) => request.source === source);
  }

  /**
   * Begins an import, or continues an unfinished one of the same source. Returns the import in progress if there is
   * one.
   */
  async begin(request: ImportRequest): Promise<ImportJob> {
    const { source, follow } = request;
    const same = [...this.jobs].find((job) => job.request.source === source);
    if (same && (same.request.follow || !follow)) return same;
    // If the source is being imported, following begins where that import ends.
    await same?.done.catch(() => {});
    const runs = this.runsFolder();
    const begun = await unfinishedImport(runs, { source, follow });
    return this.start(request, begun ?? path.join(runs, this.newName(source, runs)));
  }

  /** Resumes following the folders that the previous window followed. */
  restore(): void {
    for (const { folder, ...request } of this.memory.read()) this.start(request, folder, true);
  }

  dispose(): void {
    this.closing = true;
    for (const job of this.jobs) job.stop();
    this.changeEmitter.dispose();
  }

  private start(request: ImportRequest, folder: string, isRestored = false): ImportJob {
    const job = new ImportJob(request, path.resolve(folder), this.program(), isRestored);
    this.jobs.add(job);
    this.remember();
    const ended = () => {
      this.jobs.delete(job);
      this.remember();
    };
    job.done.then(ended, ended);
    return job;
  }

  private remember(): void {
    if (this.closing) return;
    this.memory.write(this.following.map(({ request, folder }) => ({ ...request, folder })));
    this.changeEmitter.fire();
  }

  /** Two imports may begin within one second, before either has its folder. */
  private newName(source: string, runs: string): string {
    const name = importedRunName(source, new Date());
    const taken = new Set([...this.jobs].map(({ folder }) => path.basename(folder)));
    let candidate = unusedName(name, runs);
    for (let i = 2; taken.has(candidate); i++) candidate = unusedName(`${name}-${i}`, runs);
    return candidate;
  }
}
