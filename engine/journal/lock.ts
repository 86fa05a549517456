/** One writer for a run: the holder of the lock in its folder. */
import { RollscopeError } from '../protocol/errors.ts';
import { FileLock, type LockOwner, lockOwner, otherHostText } from '../system/lock.ts';
import { inRun, LOCK_FILE } from './layout.ts';
import { refuseLinksOut } from './links.ts';

/** Throws `run-in-use`, naming the process, while another writer lives, and `run-broken` for a run with links out of its folder. */
export async function lockRun(folder: string): Promise<FileLock> {
  refuseLinksOut(folder);
  return FileLock.acquire(inRun(folder, LOCK_FILE), (owner) => inUseError(folder, owner));
}

/** The living process that is writing this run; null if there is none. */
export function liveWriter(folder: string): LockOwner | null {
  return lockOwner(inRun(folder, LOCK_FILE));
}

function inUseError(folder: string, owner: LockOwner): RollscopeError {
  const who = `process ${owner.pid}${otherHostText(owner)}`;
  return new RollscopeError(
    'run-in-use',
    `The run ${folder} is in use by ${who}.`,
    `Attach to the run, stop it, or end ${who}.`,
    { details: { reason: 'in-use', folder, by: who } },
  );
}
