/** What the collapse watch says of a run at a step. Pure. */
import { type WatchWarningLevel, watchLevelOf } from '../protocol/warnings.ts';
import type { RunColumns } from './columns.ts';

export interface CollapseWarning {
  level: WatchWarningLevel;
  code: string;
  step: number;
  message: string;
  /** Such as `response length went from 11.8 to 5.1`, the gravest first; [] in runs of older versions. */
  reasons: string[];
}

/** What it said last, at or before a step; null where it has not warned. */
export function collapseWarningAt(
  { head }: Pick<RunColumns, 'head'>,
  at = Number.POSITIVE_INFINITY,
): CollapseWarning | null {
  const found = head.warnings.findLast((warning) => watchLevelOf(warning) !== null && (warning.step ?? 0) <= at);
  if (!found) return null;
  const { code, message, step, watch } = found;
  const reasons = watch?.reasons.map(({ text }) => text) ?? [];
  return { level: watchLevelOf(found)!, code, step: step ?? 0, message, reasons };
}
