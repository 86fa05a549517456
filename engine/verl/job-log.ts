/** The log of a job: stored as a file of the run, and searched for the metrics that verl prints. */
import type { ForeignMetrics } from '../importers/metrics.ts';
import { writeAtomically } from '../system/aside.ts';
import { appendLog } from '../system/log-file.ts';
import type { RayCluster } from './cluster.ts';
import { consoleMetrics } from './console-metrics.ts';
import { followLog } from './log-stream.ts';

const RECONNECT_MS = 5000;
/** Lines shown in an error. */
const LAST_LINES = 12;
/** Maximum length of a line, since progress bars print endless lines. */
const MAX_LINE_LENGTH = 100_000;

/**
 * Appends the job's log to a file as it grows, and collects the metrics that verl prints, by step. A lost connection
 * interrupts neither.
 */
export class JobLog {
  private readonly bySteps = new Map<number, ForeignMetrics>();
  private readonly giveUp = new AbortController();
  private following: Promise<void> = Promise.resolve();
  private rest = '';
  private last: string[] = [];
  /** Characters received so far: after a reconnect the server sends the log from the beginning. */
  private received = 0;
  /** The latest step that verl printed; null before the first. */
  step: number | null = null;

  /** @param file stores the log */
  constructor(readonly file: string) {}

  /** The metrics of all steps so far. */
  get metrics(): ForeignMetrics[] {
    return [...this.bySteps.values()];
  }

  get lastLines(): string[] {
    return this.last;
  }

  /** Follows the log of a job from its beginning until `end`, and reconnects as needed. */
  async follow(cluster: RayCluster, id: string): Promise<void> {
    await writeAtomically(this.file, '');
    this.following = this.work(cluster, id);
  }

  /** Called when the job has ended: reads the rest of its log, for at most `patience` milliseconds. */
  async end(patience: number): Promise<void> {
    const timer = setTimeout(() => this.giveUp.abort(), patience);
    this.ended = true;
    this.wake();
    await this.following;
    clearTimeout(timer);
    this.line(this.rest);
    this.rest = '';
  }

  private ended = false;
  private wake: () => void = () => {};

  private async work(cluster: RayCluster, id: string): Promise<void> {
    const { signal } = this.giveUp;
    while (!signal.aborted) {
      const last = this.ended;
      let skip = this.received;
      await followLog(
        cluster,
        id,
        (text) => {
          const fresh = text.slice(skip);
          skip = Math.max(0, skip - text.length);
          if (fresh !== '') this.addOutput(fresh);
        },
        signal,
      );
      if (last) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.ended ? 0 : RECONNECT_MS);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  private addOutput(text: string): void {
    this.received += text.length;
    appendLog(this.file, text);
    const lines = `${this.rest}${text}`.split(/\r?\n|\r/);
    this.rest = (lines.pop() ?? '').slice(-MAX_LINE_LENGTH);
    for (const line of lines) this.line(line);
  }

  private line(line: string): void {
    if (line.trim() === '') return;
    this.last = [...this.last.slice(1 - LAST_LINES), line];
    const found = consoleMetrics(line);
    if (!found) return;
    this.step = Math.max(this.step ?? 0, found.step);
    const values = { ...this.bySteps.get(found.step)?.values, ...found.values };
    this.bySteps.set(found.step, { step: found.step, values });
  }
}
