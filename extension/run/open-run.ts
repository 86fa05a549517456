/** A run that the window shows: read from its folder, then kept up with the records that follow. Editor-free. */
import path from 'node:path';
import { liveWriter } from '../../engine/journal/lock.ts';
import { readFrame, readRunFolder } from '../../engine/journal/reader.ts';
import {
  type FramePointer,
  foldRecord,
  type Group,
  initialRunState,
  type JournalRecord,
  type Problem,
  type Progress,
  RollscopeError,
  type RunFile,
  type RunInfo,
  type RunState,
  rolloutsOf,
  type StoredGroup,
} from '../../engine/protocol/index.ts';
import { explainRewards } from '../../engine/reward/explain.ts';
import { Disposables } from '../disposables.ts';
import { Emitter } from '../events.ts';

/** Groups whose rollouts stay in memory: stepping through neighbours reads each once. */
const KEPT_GROUPS = 8;

export class OpenRun {
  private readonly scope = new Disposables();
  private readonly appendEmitter = this.scope.add(new Emitter<JournalRecord[]>());
  private readonly progressEmitter = this.scope.add(new Emitter<Progress | null>());
  private readonly frames = new Map<number, FramePointer>();
  private readonly recent = new Map<number, Promise<StoredGroup>>();
  private now: Progress | null = null;

  readonly state: RunState = initialRunState();
  /** Records that were new, in order. */
  readonly onDidAppend = this.appendEmitter.event;
  /** The progress, or the run's status, has changed. */
  readonly onDidChangeProgress = this.progressEmitter.event;

  private constructor(
    readonly folder: string,
    readonly file: RunFile,
    readonly problems: readonly Problem[],
    records: readonly JournalRecord[],
  ) {
    for (const record of records) this.take(record);
  }

  /** @throws RollscopeError `run-not-found`, `run-version`, `run-broken`. */
  static async read(folder: string): Promise<OpenRun> {
    const { runFile, problems, records } = await readRunFolder(folder);
    return new OpenRun(path.resolve(folder), runFile, problems, records);
  }

  get run(): string {
    return this.file.run;
  }

  /** What an engine does with it now; null when none is known to. */
  get progress(): Progress | null {
    return this.now;
  }

  set progress(progress: Progress | null) {
    const ended = progress?.state === 'ended' ? null : progress;
    if (ended === null && this.now === null) return;
    this.now = ended;
    this.progressEmitter.fire(ended);
  }

  get status(): RunInfo['status'] {
    if (this.now) return 'running';
    return this.state.end?.reason ?? (liveWriter(this.folder) ? 'running' : 'interrupted');
  }

  get info(): RunInfo {
    const { config, created } = this.file;
    const evaluations = this.state.evaluations;
    const accuracy = (at: number) => evaluations.at(at)?.accuracy?.mean ?? null;
    return {
      run: this.run,
      folder: this.folder,
      created,
      job: config.job,
      model: config.model,
      dataset: config.dataset.path,
      reward: config.reward,
      step: this.state.step,
      steps: config.job === 'probe' ? 0 : config.steps,
      status: this.status,
      accuracyBefore: accuracy(0),
      accuracyAfter: evaluations.length > 1 ? accuracy(-1) : null,
    };
  }

  /** Adds records that follow; those known already are passed over. */
  append(records: readonly JournalRecord[]): void {
    const fresh = records.filter((record) => this.take(record));
    if (fresh.some(({ type }) => type === 'end')) this.progress = null;
    if (fresh.length > 0) this.appendEmitter.fire(fresh);
  }

  /** Everything that a view needs to begin with. The folder is read again, so that no record is kept in memory here. */
  async snapshot(): Promise<{ info: RunInfo; problems: Problem[]; records: JournalRecord[] }> {
    const { problems, records } = await readRunFolder(this.folder);
    return { info: this.info, problems, records };
  }

  /** The latest sampled group of a problem; undefined before it was sampled. */
  latestGroup(problem: number): Group | undefined {
    const history = this.state.problems.get(problem);
    const trained = history?.groups.at(-1);
    const evaluated = history?.evaluations.at(-1);
    if (!trained || !evaluated) return trained ?? evaluated;
    return evaluated.seq > trained.seq ? evaluated : trained;
  }

  /** @throws RollscopeError `run-broken` when the group or its rollouts are not there. */
  readGroup(seq: number): Promise<StoredGroup> {
    const known = this.recent.get(seq);
    if (known) return known;
    const frame = this.frames.get(seq);
    if (!frame) {
      return Promise.reject(new RollscopeError('run-broken', `Run ${this.run} has no rollouts with number ${seq}.`));
    }
    const reading = readFrame(this.folder, frame);
    this.recent.set(seq, reading);
    reading.catch(() => this.recent.delete(seq));
    if (this.recent.size > KEPT_GROUPS) this.recent.delete(this.recent.keys().next().value!);
    return reading;
  }

  /** Why each rollout of a group got its reward. */
  explain(group: Group, stored: StoredGroup): string[] {
    const { phase, clusters } = group;
    const facts = { config: this.file.config, vocabulary: this.state.run?.model.vocabulary ?? null };
    const recorded = { phase, clusters, rollouts: rolloutsOf(group) };
    return explainRewards(facts, recorded, stored, this.problems[group.problem]!);
  }

  dispose(): void {
    this.scope.dispose();
  }

  private take(record: JournalRecord): boolean {
    if (record.seq <= this.state.seq) return false;
    foldRecord(this.state, record);
    if (record.type === 'group') this.frames.set(record.seq, record.frame);
    return true;
  }
}
