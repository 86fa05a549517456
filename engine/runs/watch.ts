/** The warnings of the collapse watch for a run at a step. Pure. */
import { lastWatchWarnings, type WatchWarningLevel, watchLevelOf } from '../protocol/warnings.ts';
import type { RunColumns } from './columns.ts';

export interface CollapseWarning {
  level: WatchWarningLevel;
  code: string;
  step: number;
  /** The step of the first warning of this level in a row. */
  since: number;
  message: string;
  /** Such as `response length went from 11.8 to 5.1`, the gravest first; [] in runs of older versions. */
  reasons: string[];
}

/** The last warning at or before a step; null if there is none. */
export function collapseWarningAt(
  { head }: Pick<RunColumns, 'head'>,
  at = Number.POSITIVE_INFINITY,
): CollapseWarning | null {
  const said = lastWatchWarnings(head.warnings.filter(({ step }) => (step ?? 0) <= at));
  const found = said.at(-1);
  if (!found) return null;
  const { code, message, step, watch } = found;
  const reasons = watch?.reasons.map(({ text }) => text) ?? [];
  const since = said[0]!.step ?? 0;
  return { level: watchLevelOf(found)!, code, step: step ?? 0, since, message, reasons };
}
