/** The progress reports of an import. */
import type { ImportProgress } from '../protocol/printed.ts';

/** Least milliseconds between two reports. */
const INTERVAL = 200;

/** Counts the bytes of a look at the files, part by part, and reports them at most five times per second. */
export class ImportMeter {
  private bytes = 0;
  private total = 0;
  /** Where the current part begins, and the highest value of `bytes` until it ends. */
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

  /** The files have been listed: the number of bytes to read. */
  begin(total: number): void {
    this.begun = 0;
    this.bytes = 0;
    this.total = total;
  }

  /** A part with this many bytes follows. */
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

  /** Adds bytes that were read. Bytes that are read twice count once, so a part never exceeds its size. */
  read(bytes: number): void {
    this.bytes = Math.min(this.most, this.bytes + bytes);
    this.announce(false);
  }

  /** @param waiting everything that is there has been imported: reported at once */
  announce(waiting: boolean): void {
    const now = performance.now();
    if (!waiting && now - this.last < INTERVAL) return;
    this.last = now;
    const { bytes, total } = this;
    this.listener?.({ bytes, total, ...this.counts(), waiting });
  }
}
