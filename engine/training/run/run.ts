/** A run at work: what server, command line and experiments observe and control. */
import type { EndRecord, JournalRecord, Progress } from '../../protocol/index.ts';
import type { RunContext } from '../context.ts';
import type { RunHandle } from '../handle.ts';
import { train } from '../loop.ts';
import type { LoopPosition } from '../loop-position.ts';
import { probeAll } from '../probe.ts';
import { type Ending, endRun, recordEnd } from './ending.ts';

/** The handle of one run that is ready. `done` resolves with how it ended. */
export class Run implements RunHandle {
  readonly done: Promise<EndRecord>;
  private stopping: Promise<void> | null = null;
  private finished = false;

  constructor(
    private readonly context: RunContext,
    private readonly position: LoopPosition,
    private readonly stopper: AbortController,
  ) {
    this.done = this.work();
  }

  get run(): string {
    return this.context.journal.run;
  }
  get folder(): string {
    return this.context.journal.folder;
  }
  progress(): Progress {
    return this.context.meter.progress;
  }
  peakMemoryBytes(): number {
    return Math.max(this.context.meter.peakBytes, process.resourceUsage().maxRSS * 1024);
  }
  onRecord(listener: (record: JournalRecord) => void): () => void {
    return this.context.journal.onRecord(listener);
  }
  onProgress(listener: (progress: Progress) => void): () => void {
    return this.context.meter.onProgress(listener);
  }
  async records(from: number, limit: number): Promise<JournalRecord[]> {
    return this.context.journal.pageFrom(from, limit);
  }

  pause(): void {
    const { meter, compute } = this.context;
    if (this.finished || this.stopping || meter.progress.state !== 'running') return;
    meter.set({ state: 'pausing' });
    compute.pause();
  }

  continue(): void {
    const { meter, compute } = this.context;
    if (this.finished || this.stopping) return;
    compute.continue();
    meter.set({ state: 'running' });
  }

  /** The worker has stopped between two calls. */
  paused(): void {
    this.context.meter.set({ state: 'paused', tokensPerSecond: null });
    this.recordLifecycle('paused');
  }

  continued(): void {
    if (this.stopping) return;
    this.context.meter.set({ state: 'running' });
    this.recordLifecycle('continued');
  }

  private recordLifecycle(event: 'paused' | 'continued'): void {
    try {
      this.context.journal.append({ type: 'lifecycle', event });
    } catch {
      // The disk is full. The next record of the run meets the same error, at a place where the run can end.
    }
  }

  stop(): Promise<void> {
    if (this.finished) return Promise.resolve();
    this.stopping ??= (async () => {
      this.context.meter.set({ state: 'stopping', activity: 'finishing', detail: null });
      this.context.compute.cancel();
      this.stopper.abort();
      await this.done;
    })();
    return this.stopping;
  }

  private async work(): Promise<EndRecord> {
    const { config, journal, compute, meter } = this.context;
    // The caller that started the run gets its handle first.
    await Promise.resolve();
    meter.set({ state: 'running', step: this.position.step });
    let ending: Ending;
    try {
      await (config.job === 'probe' ? probeAll(this.context) : train(this.context, this.position));
      ending = { type: 'end', reason: 'completed' };
    } catch (error) {
      ending = await endRun(error, this.context, this.position);
    }
    const end = recordEnd(journal, ending, this.position.step);
    await compute.close();
    await journal.close().catch(() => {});
    this.finished = true;
    meter.set({ state: 'ended', fraction: null, secondsLeft: null });
    return end;
  }
}
