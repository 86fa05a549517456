/** Checks that the files with a run's rollouts exist: its records alone look like those of a complete run. */
import { statSync } from 'node:fs';
import { inRun, rolloutFileIndex, rolloutFileName } from '../journal/layout.ts';
import { restoreHint } from '../journal/missing-file.ts';
import type { FramePointer } from '../protocol/group.ts';
import type { RunColumns } from './columns.ts';

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
