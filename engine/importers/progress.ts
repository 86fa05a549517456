/** What is told of an import while it works. */
import type { ImportProgress } from '../protocol/printed.ts';

/** Least milliseconds between two reports. */
const INTERVAL = 200;

/** Counts the bytes of a look at the files, part by part, and reports them at most five times per second. */
export class ImportMeter {
  private bytes = 0;
  private total = 0;
  /** Where the part that is read begins, and what `bytes` can be until it ends. */
  private begun = 0;
  private most = Number.POSITIVE_INFINITY;
  private last = 0;

  /**
   * @param counts steps and rollouts that have been imported, asked for with each report
   * @param listener gets the reports; nothing is reported without one
   */
  constructor(
    private readonly counts: () => Pick<ImportProgress, 'steps' | 'rollouts'>,
    private readonly listener: ((progress: ImportProgress) => void) | undefined,
  ) {}

  /** The files have been looked at: so many bytes are there to be read. */
  begin(total: number): void {
    this.begun = 0;
    this.bytes = 0;
    this.total = total;
  }

  /** A part of so many bytes comes next. */
  beginPart(bytes: number): void {
    this.most = this.begun + bytes;
  }

  endPart(): void {
    this.begun = this.most;
    this.bytes = this.most;
  }

  /** No part is being read. */
  end(): void {
    this.most = Number.POSITIVE_INFINITY;
  }

  /** So many bytes more were read. What is read twice counts once, so a part never counts more than it has. */
  read(bytes: number): void {
    this.bytes = Math.min(this.most, this.bytes + bytes);
    this.tell(false);
  }

  /** @param waiting everything that is there has been imported: reported at once */
  tell(waiting: boolean): void {
    const now = performance.now();
    if (!waiting && now - this.last < INTERVAL) return;
    this.last = now;
    const { bytes, total } = this;
    this.listener?.({ bytes, total, ...this.counts(), waiting });
  }
}
