/** Finds the run that an earlier import of the same source began, so that the same command continues it. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { readImportState } from '../journal/import-state.ts';
import { liveWriter } from '../journal/lock.ts';
import { readEnds } from './ends.ts';

export interface Wanted {
  source: string;
  /** Absent: any, since it is not known yet. */
  format?: string;
  /** Also a complete run, since the trainer may have written more since. */
  follow: boolean;
}

/** Its folder, the newest of several; null if there is none. */
export async function unfinishedImport(runsFolder: string, { source, format, follow }: Wanted): Promise<string | null> {
  const names = (await readdir(runsFolder).catch(() => [])).filter((name) => name.startsWith('import-'));
  for (const name of names.sort().reverse()) {
    const folder = path.join(runsFolder, name);
    const state = await readImportState(folder);
    if (!state || state.source !== source || liveWriter(folder)) continue;
    if (format !== undefined && state.format !== format) continue;
    const end = await readEnds(folder).then(
      (found) => found.end,
      () => null,
    );
    if (follow || end?.reason !== 'completed') return folder;
  }
  return null;
}
