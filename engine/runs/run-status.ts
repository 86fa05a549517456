/** A run's status: the one rule for the list, the panel and the command line. Pure. */
import type { RunInfo } from '../protocol/listed-run.ts';
import type { Head } from './head.ts';

/** The lifecycle records with which a run starts again after it ended. */
const RESTART_EVENTS: readonly NonNullable<Head['lifecycle']>['event'][] = ['recovered', 'resumed'];

/**
 * A run that is being written is running, even while it is being prepared for a resume and its last record still says
 * that it stopped. Without a writer its end counts, unless it was resumed since.
 * @param lifecycle the last such record
 * @param writing whether a writer is alive
 */
export function statusOf({ end, lifecycle }: Pick<Head, 'end' | 'lifecycle'>, writing: boolean): RunInfo['status'] {
  if (writing) return 'running';
  if (!end) return 'interrupted';
  const again = lifecycle !== null && lifecycle.seq > end.seq && RESTART_EVENTS.includes(lifecycle.event);
  return again ? 'interrupted' : end.reason;
}
