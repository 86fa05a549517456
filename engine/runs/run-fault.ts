/** Checks the files next to a run's records, which alone look like those of a complete run. */
import { statSync } from 'node:fs';
import { inRun, PROBLEMS_FILE, rolloutFileIndex, rolloutFileName } from '../journal/layout.ts';
import { restoreHint } from '../journal/missing-file.ts';
import { integer, plural } from '../protocol/format.ts';
import type { FramePointer } from '../protocol/group.ts';
import type { RunColumns } from './columns.ts';

/**
 * The message if problems or rollouts of a run that nobody writes cannot be shown; null if all are there.
 * @param problems how many were read
 */
export function runFault(folder: string, problems: number, columns: RunColumns): string | null {
  const all = columns.head.problems;
  if (problems >= all) return rolloutFault(folder, lastFrame(columns));
  const file = inRun(folder, PROBLEMS_FILE);
  return `${file} has ${integer(problems)} of ${plural(all, 'problem')}: the others are not shown. ${restoreHint(folder, PROBLEMS_FILE)}`;
}

/**
 * The message if rollouts cannot be shown; null if the files exist. Files are numbered from 0, each written until it is
 * full.
 * @param last where the last stored group is; null if none was stored
 */
export function rolloutFault(folder: string, last: FramePointer | null): string | null {
  const index = last && rolloutFileIndex(last.file);
  if (last === null || index === null) return null;
  for (let i = 0; i <= index; i++) {
    const name = rolloutFileName(i);
    const found = statSync(inRun(folder, name), { throwIfNoEntry: false });
    const what = !found ? 'missing' : i === index && found.size < last.offset + last.length ? 'truncated' : null;
    if (what) return `${inRun(folder, name)} is ${what}: rollouts in it cannot be shown. ${restoreHint(folder, name)}`;
  }
  return null;
}

/** Where the last stored group of a run is. */
export function lastFrame(columns: RunColumns): FramePointer | null {
  for (let row = columns.groups.length - 1; row >= 0; row--) {
    const frame = columns.frameOf(row);
    if (frame) return frame;
  }
  return null;
}
