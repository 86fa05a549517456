/** Following a run that another process writes. */
import { isDeepStrictEqual } from 'node:util';
import { RollscopeError } from '../protocol/errors.ts';
import type { JournalRecord } from '../protocol/records.ts';
import { FileChanges } from '../system/changes.ts';
import { type Entry, eventsSize, readEvents } from './events.ts';
import { EVENTS_FILE, inRun } from './layout.ts';

/** Most milliseconds between two checks. */
const POLL_MS = 1000;

/**
 * Hands over the records of a run from number `fromSeq` on, first those that exist, then each as it is written; returns
 * when `signal` aborts. When a resumed run replaces records, they come again from `fromSeq`: a batch that begins with a
 * number that came before replaces that record and all after it. Throws as `readEvents` does.
 */
export async function tailRecords(
  folder: string,
  fromSeq: number,
  onRecords: (records: JournalRecord[]) => void,
  signal: AbortSignal,
): Promise<void> {
  const changes = new FileChanges(inRun(folder, EVENTS_FILE), { poll: POLL_MS, signal });
  let last: Entry | null = null;
  try {
    while (!signal.aborted) {
      const size = await eventsSize(folder);
      const found = await readAfter(folder, last);
      if (!found) {
        last = null;
        continue;
      }
      last = found.at(-1) ?? last;
      const records = found.map((entry) => entry.record).filter((record) => record.seq >= fromSeq);
      if (records.length > 0 && !signal.aborted) onRecords(records);
      if (size === (await eventsSize(folder))) await changes.next();
    }
  } finally {
    changes.close();
  }
}

/** The records after `last`; null when `last` itself is no longer there, because records were replaced. */
async function readAfter(folder: string, last: Entry | null): Promise<Entry[] | null> {
  const entries: Entry[] = [];
  try {
    for await (const entry of readEvents(folder, last?.start, last?.record.seq)) {
      if (last && entries.length === 0 && !isDeepStrictEqual(entry.record, last.record)) return null;
      entries.push(entry);
    }
  } catch (error) {
    // `last.start` may be within another line now. Real damage shows again when reading from the start.
    if (last && error instanceof RollscopeError && error.code === 'run-broken') return null;
    throw error;
  }
  if (!last) return entries;
  return entries.length > 0 ? entries.slice(1) : null;
}
