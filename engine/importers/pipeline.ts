/**
 * Groups wait here until they are judged, and are written in the order in which they were read. So reading, judging and
 * writing proceed concurrently, and the journal does not depend on which thread judges.
 */
import type { GroupToJudge, WrittenGroup } from './judge.ts';
import type { Judges } from './judges.ts';

/** Characters of rollouts that may wait. */
const MAX_QUEUED_CHARACTERS = 8 * 2 ** 20;

interface QueuedGroup {
  size: number;
  write(): Promise<void>;
}

/**
 * Groups between the reader and the journal. Their number is limited; `group` waits if there are too many. After `end`
 * everything is written.
 */
export class Pipeline {
  private waiting: QueuedGroup[] = [];
  private first = 0;
  private size = 0;

  constructor(private readonly judges: Judges) {}

  /** Has a group judged; `write` gets it after everything before it. Waits while there is too much to do. */
  async group(group: GroupToJudge, write: (written: WrittenGroup) => void): Promise<void> {
    const judged = this.judges.judge(group);
    // The caller that awaits it gets the error.
    judged.catch(() => {});
    let size = 0;
    for (const { text } of group.rollouts) size += text.length;
    this.waiting.push({ size, write: async () => write(await judged) });
    this.size += size;
    while (this.size > MAX_QUEUED_CHARACTERS) await this.writeFirst();
  }

  /** Calls `act` once everything before it is written. */
  whenWritten(act: () => Promise<void>): void {
    this.waiting.push({ size: 0, write: act });
  }

  /** Returns when everything was written. */
  async end(): Promise<void> {
    while (this.first < this.waiting.length) await this.writeFirst();
  }

  private async writeFirst(): Promise<void> {
    const { size, write } = this.waiting[this.first]!;
    this.first++;
    this.size -= size;
    // Now and then, since each costs a copy.
    if (this.first > 1000) {
      this.waiting = this.waiting.slice(this.first);
      this.first = 0;
    }
    await write();
  }
}
