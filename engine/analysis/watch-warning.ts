/** What a run records where the collapse watch sees it get worse. Pure. */
import type { NewRecord } from '../protocol/records.ts';
import { WATCH_WARNINGS } from '../protocol/warnings.ts';
import { LEVELS, type WatchLevel, type WatchState } from './watch.ts';

/** What can be done about a run that nothing steers by itself. */
export const COLLAPSE_ADVICE =
  'Stop the run or roll back to an earlier checkpoint; a lower learning rate or fewer steps may help.';

/** Whether a level is graver than the one before it: each is warned of once in a row. */
export function isGraver(now: WatchLevel, before: WatchLevel): boolean {
  return LEVELS.indexOf(now) > LEVELS.indexOf(before);
}

/** @param advice what was done about a collapse, or can be */
export function watchWarning({ step, level, reasons }: WatchState, advice: string): NewRecord {
  const why = reasons.map(({ text }) => text).join('; ');
  const isCollapse = level === 'collapse';
  const what = isCollapse ? 'Possible collapse detected' : 'Early signs of collapse';
  const watch = { level: isCollapse ? level : ('watch' as const), reasons };
  return {
    type: 'warning',
    code: WATCH_WARNINGS[watch.level],
    message: `${what}: ${why}. ${isCollapse ? advice : 'Inspect the rollouts.'}`,
    step,
    problem: null,
    watch,
  };
}
