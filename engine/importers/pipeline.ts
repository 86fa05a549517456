/**
 * What is read waits here until it was judged, and is written in the order in which it was read: so reading, judging
 * and writing continue at the same time, and the journal is the same no matter which thread judges.
 */
import type { GroupToJudge, WrittenGroup } from './judge.ts';
import type { Judges } from './judges.ts';

/** Characters of rollouts that may wait. */
const MOST_WAITING = 8 * 2 ** 20;

interface Waiting {
  size: number;
  write(): Promise<void>;
}

/**
 * Groups on their way from the reader to the journal. At most so many wait; `group` waits where more would. After
 * `end` everything is written.
 */
export class Pipeline {
  private waiting: Waiting[] = [];
  private first = 0;
  private size = 0;

  constructor(private readonly judges: Judges) {}

  /** Has a group judged; `write` gets it once everything before it was written. Waits while too much does. */
  async group(group: GroupToJudge, write: (written: WrittenGroup) => void): Promise<void> {
    const judged = this.judges.judge(group);
    // The caller that awaits it gets the error.
    judged.catch(() => {});
    let size = 0;
    for (const { text } of group.rollouts) size += text.length;
    this.waiting.push({ size, write: async () => write(await judged) });
    this.size += size;
    while (this.size > MOST_WAITING) await this.writeFirst();
  }

  /** Does something once everything before it was written. */
  afterwards(act: () => Promise<void>): void {
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
