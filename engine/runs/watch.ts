/** What the collapse watch says of a run at a step. Pure. */
import type { RunColumns } from './columns.ts';

/** What it said last, at or before a step; null where it has not warned. */
export function collapseWarningAt(
  { head }: Pick<RunColumns, 'head'>,
  step = Number.POSITIVE_INFINITY,
): { level: 'watch' | 'collapse'; code: string; step: number; message: string } | null {
  const found = head.warnings.findLast(
    (warning) => (warning.code === 'collapse' || warning.code === 'collapse-watch') && (warning.step ?? 0) <= step,
  );
  if (!found) return null;
  const { code, message } = found;
  return { level: code === 'collapse' ? 'collapse' : 'watch', code, step: found.step ?? 0, message };
}
