/**
 * Checks records for the list of runs. Listing reads only the ends of each record, which is quick but misses an invalid
 * value inside. So the first list of a run reads its records as opening it does, and both report the same.
 */
import { checkEvents, readLogBlocks } from '../journal/events.ts';
import { cacheFolder } from '../protocol/home.ts';
import { readIndexHead } from './index-file.ts';

/** Bytes of journals that one list checks, which takes a few tenths of a second; the rest is left to later lists. */
const MAX_CHECKED_BYTES = 8 * 2 ** 20;
/** An index is searched for where reading it is quicker than the check. */
const MIN_INDEXED_BYTES = 64 * 2 ** 10;

/** What one list may still check, and what it has checked. */
export class ListCheck {
  /** Bytes that were checked, or are going to be. */
  done = 0;
  /** Runs with a record that cannot be read. */
  readonly refused = new Set<string>();

  /** Whether so many bytes may be checked still. */
  allows(bytes: number): boolean {
    return this.done + bytes <= MAX_CHECKED_BYTES;
  }

  /**
   * Whether to check a journal now, or how many bytes to leave to a later list. Neither if it was checked when its
   * index was made, or if it is too large for any list.
   * @param size bytes of its journal
   */
  async plan(folder: string, size: number): Promise<{ now: boolean; later: number }> {
    if (size > MAX_CHECKED_BYTES) return { now: false, later: 0 };
    if (!this.allows(size)) return { now: false, later: size };
    this.done += size;
    const index = size < MIN_INDEXED_BYTES ? null : await readIndexHead(folder, cacheFolder(), false);
    if (index?.journal.bytes !== size) return { now: true, later: 0 };
    this.done -= size;
    return { now: false, later: 0 };
  }

  /**
   * Checks a journal whose bytes have been read. Synchronous, since after a wait the buffer holds the next journal.
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
