/** The warning that a run records when the collapse watch raises its level. Pure. */
import type { NewRecord } from '../protocol/records.ts';
import { WATCH_WARNINGS } from '../protocol/warnings.ts';
import { LEVELS, type WatchLevel, type WatchState } from './watch.ts';

/** Advice for a run without automatic interventions. */
export const COLLAPSE_ADVICE =
  'Stop the run or roll back to an earlier checkpoint; a lower learning rate or fewer steps may help.';

/** Whether a level is more severe than the previous one, since each level warns once in a row. */
export function isMoreSevere(now: WatchLevel, before: WatchLevel): boolean {
  return LEVELS.indexOf(now) > LEVELS.indexOf(before);
}

/** @param advice what was done, or can be done, about a collapse */
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
