/** Links in a run folder, which may come from anybody: what they lead to elsewhere is neither read nor written. */
import { type Dirent, readdirSync, realpathSync } from 'node:fs';
import { join, sep } from 'node:path';
import { RollscopeError } from '../protocol/errors.ts';
import { CHECKPOINTS, inRun } from './layout.ts';

/**
 * Refuses a run folder in which a file, the folder of checkpoints or something in it is a link out of the run folder:
 * opening a run cuts its files off where its records end, and repairing it writes to them. The folder itself may be
 * a link.
 * @throws RollscopeError `run-broken` with the link
 */
export function refuseLinksOut(folder: string): void {
  const checkpoints = inRun(folder, CHECKPOINTS);
  const inCheckpoints = entriesOf(checkpoints);
  refuseIn(folder, folder, entriesOf(folder));
  refuseIn(folder, checkpoints, inCheckpoints);
  for (const entry of inCheckpoints) {
    if (entry.isDirectory()) refuseIn(folder, join(checkpoints, entry.name), entriesOf(join(checkpoints, entry.name)));
  }
}

function refuseIn(folder: string, parent: string, entries: readonly Dirent[]): void {
  for (const { name } of entries.filter((entry) => entry.isSymbolicLink())) {
    const link = join(parent, name);
    if (isOutsideLink(folder, link)) throw outsideLinkError(link);
  }
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // what is missing, or no folder, is reported by those who need it
    return [];
  }
}

function isOutsideLink(folder: string, link: string): boolean {
  try {
    return !realpathSync(link).startsWith(`${realpathSync(folder)}${sep}`);
  } catch {
    // a file would be made where a link leads to nothing
    return true;
  }
}

function outsideLinkError(link: string): RollscopeError {
  return new RollscopeError(
    'run-broken',
    `${link} is a link out of the run folder.`,
    'Put the file or folder in its place. To keep a run on another disk, move all of it and link its folder.',
    { details: { reason: 'link-out', file: link } },
  );
}
