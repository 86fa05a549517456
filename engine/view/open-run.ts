/**
 * A run that is shown: its name and problems first, then its columns, then the records that follow. The columns are
 * read once, and views get copies. Does not import VS Code.
 */
import path from 'node:path';
import { runName } from '../journal/layout.ts';
import { liveWriter } from '../journal/lock.ts';
import { readProblems, readRunFile } from '../journal/reader.ts';
import { Emitter } from '../messages/json-rpc.ts';
import type { Diagnosis } from '../protocol/diagnosis.ts';
import {
  type GroupId,
  groupKey,
  type JournalRecord,
  type Problem,
  type Progress,
  RollscopeError,
  type RunFile,
  type RunInfo,
} from '../protocol/index.ts';
import { RunColumns } from '../runs/columns.ts';
import { diagnosisAt } from '../runs/diagnosis.ts';
import { type ExplainedGroup, readExplainedGroup } from '../runs/explained-group.ts';
import { fold } from '../runs/fold.ts';
import type { Head } from '../runs/head.ts';
import { openColumns } from '../runs/open.ts';
import { type ProblemView, problemView } from '../runs/problem-view.ts';
import { runFault } from '../runs/run-fault.ts';
import { runInfo } from '../runs/run-info.ts';
import { statusOf } from '../runs/run-status.ts';
import { Disposables } from './disposables.ts';

/** Groups whose rollouts stay in memory, so that stepping through neighbors reads each once; and of what size together, bytes on disk. */
const MAX_CACHED_GROUPS = 8;
const MAX_CACHED_BYTES = 32_000_000;

/** One run in memory. Its columns are complete once `loaded` resolves; `dispose` ends the reading. */
export class OpenRun {
  private readonly scope = new Disposables();
  private readonly appendEmitter = this.scope.add(new Emitter<void>());
  private readonly progressEmitter = this.scope.add(new Emitter<Progress | null>());
  private readonly loadEmitter = this.scope.add(new Emitter<void>());
  private readonly recent = new Map<string, { reading: Promise<ExplainedGroup>; size: number }>();
  private readonly giveUp = new AbortController();
  private now: Progress | null = null;
  private part = 0;
  /** Its end has just arrived: the writer may still be alive but no longer writes. */
  private closing = false;
  private diagnosed: { step: number; head: Head; diagnosis: Diagnosis } | null = null;

  columns = new RunColumns();
  /** Resolves when the columns are read. @throws RollscopeError `run-not-found`, `run-broken`, `canceled` */
  readonly loaded: Promise<this>;
  /** The problem with the files of its rollouts; null if they exist. */
  private fault: string | null = null;
  /** Why the columns could not be read. */
  error: unknown = null;
  /** The columns have new rows. */
  readonly onDidAppend = this.appendEmitter.event;
  /** The progress, or the run's status, has changed. */
  readonly onDidChangeProgress = this.progressEmitter.event;
  /** More of the journal has been read, or reading has ended. */
  readonly onDidLoad = this.loadEmitter.event;

  private constructor(
    readonly folder: string,
    readonly file: RunFile,
    private known: readonly Problem[],
  ) {
    this.loaded = this.load();
    // Callers that await it get the error; not all callers do.
    this.loaded.catch(() => {});
  }

  /** A run with its name and problems; its columns follow. @throws RollscopeError `run-not-found`, `run-version`, `run-broken`. */
  static async open(folder: string): Promise<OpenRun> {
    const [file, problems] = await Promise.all([readRunFile(folder), readProblems(folder)]);
    return new OpenRun(path.resolve(folder), file, problems);
  }

  /** A run with its columns. */
  static async read(folder: string): Promise<OpenRun> {
    return (await OpenRun.open(folder)).loaded;
  }

  get run(): string {
    return runName(this.folder);
  }

  /** In index order; a run that is being imported gets more of them. */
  get problems(): readonly Problem[] {
    return this.known;
  }

  /** Fraction of the journal that has been read: 1 when the columns are complete. */
  get loadedPart(): number {
    return this.part;
  }

  /** The run's progress in an engine; null if it is not active. */
  get progress(): Progress | null {
    return this.now;
  }

  set progress(progress: Progress | null) {
    const ended = progress?.state === 'ended' ? null : progress;
    if (ended === null && this.now === null) return;
    if (ended) this.closing = false;
    this.now = ended;
    this.progressEmitter.fire(ended);
  }

  get status(): RunInfo['status'] {
    if (this.now) return 'running';
    return statusOf(this.columns.head, !this.closing && liveWriter(this.folder) !== null);
  }

  get info(): RunInfo {
    const { run, folder, status, columns } = this;
    const { step, head } = columns;
    const { evaluations, skipped, warnings } = head;
    return runInfo(this.file, { run, folder, step, status, evaluations, skipped, warnings, fault: this.fault });
  }

  /** Its diagnosis; null for a probe, and before there is anything to compare. */
  get diagnosis(): Diagnosis | null {
    const { columns } = this;
    if (columns.step === 0) return null;
    // Once per step is enough, since it looks at all problems.
    if (this.diagnosed?.step !== columns.step || this.diagnosed.head !== columns.head) {
      const { diagnosis } = diagnosisAt(columns);
      this.diagnosed = { step: columns.step, head: columns.head, diagnosis };
    }
    const { diagnosis } = this.diagnosed;
    return diagnosis.kind === 'unmeasured' ? null : diagnosis;
  }

  /** A problem's latest state in the run. */
  view(problem: number): ProblemView {
    return problemView(this.columns, problem);
  }

  /** Appends records; those already known are skipped. */
  append(records: readonly JournalRecord[]): void {
    let [fresh, ended] = [false, false];
    for (const record of records) {
      if (!fold(this.columns, record)) continue;
      fresh = true;
      ended = record.type === 'end';
      this.closing = ended;
    }
    if (ended) this.progress = null;
    if (fresh) this.announceAppended();
  }

  /** Fires if its writer has started or ended, which need not appear in a record. */
  announceStatus(): void {
    this.progressEmitter.fire(this.now);
  }

  /** Reads the rest of the journal after an engine was lost before all its records arrived. */
  async catchUp(): Promise<void> {
    const columns = await openColumns(this.folder, { signal: this.giveUp.signal });
    if (columns.seq <= this.columns.seq) return;
    // Copies of the old columns cannot be extended with rows of the new ones.
    columns.epoch = this.columns.epoch + 1;
    this.columns = columns;
    this.closing = columns.head.end !== null;
    this.announceAppended();
  }

  /** @throws RollscopeError `run-broken` if the group or its rollouts are missing */
  readGroup(id: GroupId): Promise<ExplainedGroup> {
    const key = groupKey(id);
    const known = this.recent.get(key);
    if (known) return known.reading;
    const row = this.columns.find(id);
    const size = (row === null ? null : this.columns.frameOf(row))?.length ?? 0;
    this.makeRoom(size);
    const reading = this.readFromDisk(id);
    this.recent.set(key, { reading, size });
    reading.catch(() => this.recent.delete(key));
    return reading;
  }

  /** Forgets the groups that were read first before another is read: two large ones at once are too much. */
  private makeRoom(size: number): void {
    let sum = size;
    for (const one of this.recent.values()) sum += one.size;
    for (const [oldest, one] of this.recent) {
      if (this.recent.size < MAX_CACHED_GROUPS && sum <= MAX_CACHED_BYTES) return;
      this.recent.delete(oldest);
      sum -= one.size;
    }
  }

  dispose(): void {
    this.giveUp.abort();
    this.scope.dispose();
  }

  /** Announces appended records. Groups of unknown problems are announced together with these problems. */
  private announceAppended(): void {
    if (this.columns.head.problems <= this.known.length) {
      this.appendEmitter.fire();
      return;
    }
    readProblems(this.folder)
      .then((problems) => {
        this.known = problems;
      })
      // A request for such a problem reports the problem with the file.
      .catch(() => {})
      .finally(() => this.appendEmitter.fire());
  }

  private async readFromDisk(id: GroupId): Promise<ExplainedGroup> {
    const row = this.columns.find(id);
    if (row === null) {
      const name = this.problems[id.problem]?.id ?? id.problem;
      throw new RollscopeError(
        'run-broken',
        `Run ${this.run} contains no ${id.phase} rollouts of problem ${name} at step ${id.step}.`,
      );
    }
    return readExplainedGroup(this.folder, this, this.problems[id.problem]!, row);
  }

  private async load(): Promise<this> {
    try {
      this.columns = await openColumns(this.folder, {
        signal: this.giveUp.signal,
        onProgress: (fraction) => {
          this.part = Math.min(0.99, fraction);
          this.loadEmitter.fire();
        },
      });
      // More may have become known since the run was opened.
      if (this.columns.head.problems > this.known.length) this.known = await readProblems(this.folder);
      if (liveWriter(this.folder) === null) this.fault = runFault(this.folder, this.known.length, this.columns);
      this.part = 1;
      return this;
    } catch (error) {
      this.error = error;
      throw error;
    } finally {
      this.loadEmitter.fire();
    }
  }
}
