/**
 * The check of records for the list of runs. A list looks at no more than the ends of each record by itself, which is quick, and
 * does not see a bad value within one: the first list of a run reads its records as opening it does, so that both say the same.
 */
import { checkEvents, readLogBlocks } from '../journal/events.ts';
import { cacheFolder } from '../protocol/home.ts';
import { readIndexHead } from './index-file.ts';

/** Bytes of journals that one list checks, in a few tenths of a second. Others have their turn in later lists. */
const MOST = 8 * 2 ** 20;
/** An index is searched for where reading it is quicker than the check. */
const WORTH_AN_INDEX = 64 * 2 ** 10;

/** What one list may check, and has checked. */
export class ListCheck {
  /** Bytes that were checked, or are going to be. */
  done = 0;
  /** Runs with a record that cannot be read. */
  readonly refused = new Set<string>();

  /** Whether so many bytes may be checked still. */
  allows(bytes: number): boolean {
    return this.done + bytes <= MOST;
  }

  /**
   * Whether a journal is checked now, or how many bytes are left for a later list. Neither, where that was done when its index
   * was made, and where it is too large for any list.
   * @param size bytes of its journal
   */
  async plan(folder: string, size: number): Promise<{ now: boolean; later: number }> {
    if (size > MOST) return { now: false, later: 0 };
    if (!this.allows(size)) return { now: false, later: size };
    this.done += size;
    const index = size < WORTH_AN_INDEX ? null : await readIndexHead(folder, cacheFolder(), false);
    if (index?.journal.bytes !== size) return { now: true, later: 0 };
    this.done -= size;
    return { now: false, later: 0 };
  }

  /**
   * Checks a journal whose bytes have been read. Synchronous: they are those of the next one after a wait.
   * @throws RollscopeError `run-broken`, as opening the run does
   */
  bytes(folder: string, journal: Buffer): void {
    try {
      checkEvents(folder, journal);
    } catch (error) {
      this.refused.add(folder);
      throw error;
    }
  }

  /** The same of one that is read here. */
  async file(folder: string): Promise<void> {
    try {
      for await (const _ of readLogBlocks(folder));
    } catch (error) {
      this.refused.add(folder);
      throw error;
    }
  }
}
