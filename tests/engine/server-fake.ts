/** A run without a model, and an engine around it: for tests of the protocol and of the engine's life. */
import path from 'node:path';
import type { EndRecord, JournalRecord, NewRecord } from '../../engine/protocol/records.ts';
import type { Progress } from '../../engine/protocol/rpc.ts';
import type { ResumeOptions, RunHandle, RunStarter, StartOptions } from '../../engine/server/job.ts';
import { openLog } from '../../engine/server/log.ts';
import { EngineServer, type ServerOptions } from '../../engine/server/server.ts';
import { temporaryFolder } from '../support/processes.ts';

export class FakeRun implements RunHandle {
  readonly done: Promise<EndRecord>;
  readonly journal: JournalRecord[] = [];
  /** What was asked of the run, in order. */
  readonly calls: string[] = [];
  /** How many times the journal was read. */
  reads = 0;
  #resolveDone!: (end: EndRecord) => void;
  readonly #records = new Set<(record: JournalRecord) => void>();
  readonly #progress = new Set<(progress: Progress) => void>();
  #state: Progress['state'] = 'running';
  #step = 0;

  constructor(
    readonly run: string,
    readonly folder: string,
    older = 0,
  ) {
    this.done = new Promise((resolve) => {
      this.#resolveDone = resolve;
    });
    for (let i = 0; i < older; i++) this.#append(warning(i));
  }

  progress(): Progress {
    return {
      run: this.run,
      folder: this.folder,
      state: this.#state,
      activity: 'sampling',
      detail: null,
      step: this.#step,
      steps: 100,
      fraction: null,
      tokensPerSecond: null,
      secondsLeft: null,
      residentBytes: null,
    };
  }

  pause(): void {
    this.calls.push('pause');
    this.#state = 'paused';
    this.emitProgress();
  }

  continue(): void {
    this.calls.push('continue');
    this.#state = 'running';
    this.emitProgress();
  }

  async stop(): Promise<void> {
    this.calls.push('stop');
    this.end('stopped');
  }

  peakMemoryBytes(): number {
    return 1;
  }

  onRecord(listener: (record: JournalRecord) => void): () => void {
    this.#records.add(listener);
    return () => this.#records.delete(listener);
  }

  onProgress(listener: (progress: Progress) => void): () => void {
    this.#progress.add(listener);
    return () => this.#progress.delete(listener);
  }

  async records(from: number, limit: number): Promise<JournalRecord[]> {
    this.reads++;
    const now = this.journal.slice(from, from + limit);
    await new Promise(setImmediate);
    return now;
  }

  emit(record: NewRecord): void {
    const full = this.#append(record);
    for (const listener of this.#records) listener(full);
  }

  emitMany(count: number, size = 0): void {
    for (let i = 0; i < count; i++) this.emit(warning(this.journal.length, size));
  }

  emitProgress(step = this.#step): void {
    this.#step = step;
    for (const listener of this.#progress) listener(this.progress());
  }

  end(reason: EndRecord['reason']): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.emit({ type: 'end', reason, step: this.#step });
    this.emitProgress();
    this.#resolveDone(this.journal.at(-1) as EndRecord);
  }

  #append(record: NewRecord): JournalRecord {
    const full = { ...record, seq: this.journal.length, time: new Date(0).toISOString() } as JournalRecord;
    this.journal.push(full);
    return full;
  }
}

function warning(number: number, size = 0): NewRecord {
  return { type: 'warning', code: 'test', message: `${number}${'.'.repeat(size)}`, step: null, problem: null };
}

export class FakeStarter implements RunStarter {
  readonly runs: FakeRun[] = [];
  /** Number of records that a new run has before the server sees it. */
  older = 0;
  /** Awaited while a run is being prepared. */
  preparation: (options: Pick<StartOptions, 'folder' | 'signal'>) => Promise<void> = async () => {};

  async startRun(options: StartOptions): Promise<RunHandle> {
    await this.preparation(options);
    return this.#add(new FakeRun(path.basename(options.folder), options.folder, this.older));
  }

  async resumeRun(options: ResumeOptions): Promise<RunHandle> {
    await this.preparation(options);
    return this.#add(new FakeRun(path.basename(options.folder), options.folder, this.older));
  }

  get last(): FakeRun {
    return this.runs.at(-1)!;
  }

  #add(run: FakeRun): FakeRun {
    this.runs.push(run);
    return run;
  }
}

export async function startEngine(
  runs: RunStarter,
  options: Partial<ServerOptions> = {},
): Promise<{ engine: Awaited<ReturnType<typeof EngineServer.listen>>; home: string }> {
  const home = options.home ?? temporaryFolder();
  const engine = await EngineServer.listen({
    home,
    version: '0.0.0-test',
    runs,
    doctor: async () => ({
      version: '0.0.0-test',
      node: process.version,
      onnxruntime: '-',
      platform: process.platform,
      cores: 1,
      memoryBytes: 1,
      devices: [],
      problems: [],
      trl: null,
    }),
    runsFolder: path.join(home, 'runs'),
    nameRun: () => 'named-by-engine',
    log: openLog(home),
    whenAlone: 'continue',
    grace: 60_000,
    endsWhenIdle: true,
    ...options,
  });
  return { engine, home };
}
