/** Time that a run works: what passes while it is paused does not count. */
export class WorkClock {
  private lost = 0;
  private pausedAt: number | null = null;

  /** @param time milliseconds, from any beginning */
  constructor(private readonly time: () => number = () => performance.now()) {}

  /** Seconds of work so far; stands still during a pause. */
  get seconds(): number {
    return ((this.pausedAt ?? this.time()) - this.lost) / 1000;
  }

  pause(): void {
    this.pausedAt ??= this.time();
  }

  continue(): void {
    if (this.pausedAt === null) return;
    this.lost += this.time() - this.pausedAt;
    this.pausedAt = null;
  }
}
