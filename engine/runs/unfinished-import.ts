/** Finding the run that an import of the same source has begun, so that the same command continues it. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { readImportState } from '../journal/import-state.ts';
import { liveWriter } from '../journal/lock.ts';
import { readEnds } from './ends.ts';

export interface Wanted {
  source: string;
  /** Absent: any, since it is not known yet. */
  format?: string;
  /** Also one that was complete: the trainer may have written more since. */
  follow: boolean;
}

/** Its folder; null for none. The newest of several. */
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
