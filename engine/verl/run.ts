/** A run that verl executes on a Ray cluster, controlled by the server, the command line and the editor. */
import { existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { ImportWork } from '../importers/import-work.ts';
import type { ImportedRun } from '../importers/run.ts';
import type { Journal } from '../journal/journal.ts';
import {
  type EndRecord,
  type JournalRecord,
  type NewRecord,
  type Progress,
  RollscopeError,
  type RunConfig,
} from '../protocol/index.ts';
import type { RunHandle } from '../training/handle.ts';
import type { ProgressMeter } from '../training/progress.ts';
import { type Ending, failed, recordEnd } from '../training/run/ending.ts';
import type { RunWatch } from '../training/watch.ts';
import type { JobLog } from './job-log.ts';
import { isFinished, isUnreachable, type JobInfo, type RayJobs } from './ray-jobs.ts';
import type { SubmittedJob } from './submitted-job.ts';

/** Milliseconds between checks of the job and its files. */
const INTERVAL = 2000;
/** Milliseconds to wait for the rest of the log after a job has ended. */
const LOG_PATIENCE = 20_000;
/** Failed checks after which a run that is being stopped ends without confirmation. */
const MAX_FAILED_CHECKS = 5;

export interface VerlRunParts {
  config: RunConfig;
  journal: Journal;
  /** Writes rollouts to the journal. */
  imported: ImportedRun;
  work: ImportWork;
  /** `curvesOnly`: steps may lack rollouts, because verl's files cannot be read here. */
  importer: { curvesOnly?: boolean };
  jobs: RayJobs;
  job: SubmittedJob;
  log: JobLog;
  meter: ProgressMeter;
  watch: RunWatch;
  /** Milliseconds between checks. */
  interval?: number;
}

/** Polls the job and its files, writes new data to the journal, and ends with the job. */
export class VerlRun implements RunHandle {
  readonly done: Promise<EndRecord>;
  readonly stopNote = 'Stopping the job. verl resumes from its last checkpoint. Press Ctrl+C again to leave at once.';
  private stopping: Promise<void> | null = null;
  private finished = false;
  /** Ends the wait for the next check. */
  private readonly wake = new AbortController();
  private fresh: JournalRecord[] = [];
  private warnedOfFiles = false;
  private lost = 0;

  constructor(private readonly parts: VerlRunParts) {
    parts.journal.onRecord((record) => {
      if (record.type === 'step' || record.type === 'evaluation' || record.type === 'group') this.fresh.push(record);
    });
    this.done = this.makeRun();
  }

  get run(): string {
    return this.parts.journal.run;
  }
  get folder(): string {
    return this.parts.journal.folder;
  }
  progress(): Progress {
    return this.parts.meter.progress;
  }
  peakMemoryBytes(): number {
    return Math.max(this.parts.meter.peakBytes, process.resourceUsage().maxRSS * 1024);
  }
  onRecord(listener: (record: JournalRecord) => void): () => void {
    return this.parts.journal.onRecord(listener);
  }
  onProgress(listener: (progress: Progress) => void): () => void {
    return this.parts.meter.onProgress(listener);
  }
  async records(from: number, limit: number): Promise<JournalRecord[]> {
    return this.parts.journal.pageFrom(from, limit);
  }

  /** @throws RollscopeError `usage`: verl cannot pause */
  pause(): void {
    throw new RollscopeError(
      'usage',
      'A run on verl cannot be paused.',
      'Stop it instead: when it is resumed, it continues from its last checkpoint.',
      { details: { reason: 'cannot-pause', run: this.run } },
    );
  }

  continue(): void {}

  stop(): Promise<void> {
    if (this.finished) return Promise.resolve();
    this.stopping ??= (async () => {
      this.parts.meter.set({ state: 'stopping' });
      await this.requestStop();
      this.wake.abort();
      await this.done;
    })();
    return this.stopping;
  }

  private async requestStop(): Promise<void> {
    await this.parts.jobs.stop(this.parts.job.id).catch(() => {});
  }

  private async makeRun(): Promise<EndRecord> {
    const { journal, imported, work, log, meter } = this.parts;
    // Lets the caller get the run's handle before anything happens.
    await Promise.resolve();
    meter.set({ state: 'running', activity: 'cluster' });
    let ending: Ending;
    try {
      ending = await this.follow();
    } catch (error) {
      ending = failed(error);
    }
    await log.end(0);
    const step = imported.lastTrainStep;
    try {
      await work.finish();
    } catch (error) {
      ending = failed(error);
    }
    const end = recordEnd(journal, ending, step);
    await journal.close().catch(() => {});
    this.finished = true;
    meter.set({ state: 'ended', fraction: null, secondsLeft: null });
    return end;
  }

  private async follow(): Promise<Ending> {
    const { jobs, job, log, interval = INTERVAL } = this.parts;
    for (;;) {
      const info = await this.info();
      if (info === 'unknown') throw unknownJobError(jobs.cluster.url, job.id);
      const over = info !== null && isFinished(info.status);
      if (over) await log.end(LOG_PATIENCE);
      await this.poll(!over);
      if (over) return this.endingOf(info);
      if (this.stopping && info === null && this.lost >= MAX_FAILED_CHECKS) return this.detachedEnding();
      if (this.stopping && info !== null) await this.requestStop();
      await wait(this.stopping ? Math.min(interval, INTERVAL / 2) : interval, undefined, {
        signal: this.stopping ? undefined : this.wake.signal,
      }).catch(() => {});
    }
  }

  /** null while the cluster does not respond. */
  private async info(): Promise<JobInfo | 'unknown' | null> {
    const { jobs, job, meter } = this.parts;
    try {
      const info = await jobs.info(job.id);
      this.lost = 0;
      const detail = info?.status === 'PENDING' ? 'waiting for the Ray cluster to start the job' : null;
      meter.set({ activity: 'cluster', detail });
      return info ?? 'unknown';
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      this.lost++;
      meter.set({ activity: 'cluster', detail: 'the Ray cluster does not respond' });
      return null;
    }
  }

  private async poll(following: boolean): Promise<void> {
    const { work, imported, log, importer, job, meter, journal, watch } = this.parts;
    if (!this.warnedOfFiles && (log.step ?? 0) >= 1 && !existsSync(job.mount)) {
      this.warnedOfFiles = true;
      importer.curvesOnly = true;
      imported.warn(notMountedText(job));
    }
    await work.importNew(following);
    for (const record of this.fresh.splice(0)) {
      const warning = feedWatch(watch, record);
      if (warning) journal.append(warning);
    }
    await work.keep();
    const step = Math.max(imported.lastTrainStep, log.step ?? 0);
    if (step > meter.progress.step) {
      const seconds = log.metrics.find((metric) => metric.step === step)?.values['timing_s/step'] ?? null;
      meter.endStep(step, { seconds, rolloutTokensPerSecond: null });
    }
  }

  private endingOf({ status, message }: JobInfo): Ending {
    if (status === 'SUCCEEDED') return { type: 'end', reason: 'completed' };
    if (status === 'STOPPED') return { type: 'end', reason: 'stopped' };
    const { job, log } = this.parts;
    const lines = log.lastLines.join('\n');
    const error = {
      code: 'engine-stopped' as const,
      message: `The job ${job.id} failed${message ? `: ${message.trim()}` : '.'}${lines ? `\nLast output:\n${lines}` : ''}`,
      hint: `All of its output is in ${log.file}. Resume the run from verl's last checkpoint with: rollscope resume <run>`,
    };
    return { type: 'end', reason: 'failed', error };
  }

  private detachedEnding(): Ending {
    const { imported, job, jobs } = this.parts;
    imported.warn(
      `The Ray cluster at ${jobs.cluster.url} did not respond, so the job ${job.id} was not stopped. If it is still running, resuming this run follows it again.`,
    );
    return { type: 'end', reason: 'stopped' };
  }
}

/** Passes a new record to the collapse watch; returns the resulting warning, if any. */
export function feedWatch(watch: RunWatch, record: JournalRecord): NewRecord | null {
  if (record.type === 'step') return watch.step(record);
  watch.restore(record);
  return null;
}

function notMountedText({ outputs, mount }: SubmittedJob): string {
  const where =
    mount === outputs ? `${outputs} is not on this machine` : `${mount}, for ${outputs}, is not on this machine`;
  return `verl's files cannot be read here: ${where}. Curves come from the log of the job; rollouts, answers and votes are missing. Mount the folder, or keep a copy of it up to date, and name it with --mount; or import a copy later.`;
}

function unknownJobError(server: string, job: string): RollscopeError {
  return new RollscopeError(
    'engine-stopped',
    `The Ray cluster at ${server} does not know the job ${job}.`,
    "The cluster may have been restarted, which ends its jobs. Resume the run from verl's last checkpoint with: rollscope resume <run>",
    { details: { reason: 'job-unknown', server, job } },
  );
}
