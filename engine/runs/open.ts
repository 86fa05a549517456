/** Opens a run's columns: from its index, and from the part of the journal after it. */
import { eventsSize, readLogBlocks } from '../journal/events.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { cacheFolder } from '../protocol/home.ts';
import { RunColumns } from './columns.ts';
import { fold, foldUnknown } from './fold.ts';
import { readIndex, writeIndex } from './index-file.ts';
import { describePart } from './journal-part.ts';

/** The index is rewritten once the journal is this many bytes ahead of it. */
const MIN_UNINDEXED_BYTES = 256 * 2 ** 10;
/**
 * With at least this many bytes to read, the number of rows is estimated from the first of them, so that tables need
 * not grow.
 */
const [MIN_RESERVED_BYTES, SAMPLE_BYTES] = [2 ** 25, 2 ** 23];
/** Rows that are expected, of those that a journal of equal lines would have. */
const RESERVE_FACTOR = 1.1;
/** Least milliseconds between two reports of progress, each of which yields to other work. */
const REPORT_INTERVAL = 50;

export interface RunOpenOptions {
  signal?: AbortSignal;
  /** Called with the part of the journal that has been read, 0 to 1; not called if the index suffices. */
  onProgress?: (fraction: number) => void;
  /** The folder for indexes of runs whose folder is not writable. */
  cache?: string;
}

/**
 * Reads what a run's journal adds up to.
 * @throws RollscopeError `run-not-found`, `run-broken`; `canceled` after `signal`
 */
export async function openColumns(folder: string, options: RunOpenOptions = {}): Promise<RunColumns> {
  const { signal, onProgress, cache = cacheFolder() } = options;
  const indexed = await readIndex(folder, cache);
  const columns = indexed?.columns ?? new RunColumns();
  const begin = indexed?.journal.bytes ?? 0;
  const size = await eventsSize(folder);
  let end = begin;
  let isReserved = size - begin < MIN_RESERVED_BYTES;
  let reported = performance.now();
  const stopWhenAborted = () => {
    if (signal?.aborted)
      throw new RollscopeError('canceled', 'Reading the run was canceled.', undefined, {
        details: { reason: 'reading-run' },
      });
  };
  for await (const block of readLogBlocks(folder, begin, columns.seq + 1)) {
    for (const entry of block) {
      if (entry.record) fold(columns, entry.record);
      else foldUnknown(columns, entry);
      end = entry.end;
    }
    if (!isReserved && end - begin >= SAMPLE_BYTES) {
      reserve(columns, (RESERVE_FACTOR * (size - begin)) / (end - begin));
      isReserved = true;
    }
    if (performance.now() - reported < REPORT_INTERVAL) continue;
    onProgress?.(size > begin ? Math.min(1, (end - begin) / (size - begin)) : 1);
    await new Promise((resolve) => setImmediate(resolve));
    stopWhenAborted();
    reported = performance.now();
  }
  stopWhenAborted();
  if (end - begin >= MIN_UNINDEXED_BYTES || (indexed === null && end > 0)) {
    await writeIndex(folder, cache, { columns, journal: await describePart(folder, end, indexed?.journal ?? null) });
  }
  return columns;
}

/** Makes room for as many times the rows that there are. */
function reserve({ groups, clusters, updates }: RunColumns, times: number): void {
  for (const table of [groups, clusters, updates]) table.reserve(Math.ceil(table.length * times));
}
