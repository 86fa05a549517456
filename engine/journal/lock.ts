/** One writer for a run: a lock file with the writer's process, taken over when that process is gone. */
import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { RollscopeError } from '../protocol/errors.ts';
import { diskError } from './disk.ts';
import { inRun, LOCK_FILE } from './layout.ts';
import { isProcessAlive, processStart } from './process.ts';

/** A writer on another machine cannot be asked for: it shows that it lives by touching its lock. */
const HEARTBEAT_MS = 15_000;
const FOREIGN_STALE_MS = 8 * HEARTBEAT_MS;
/** A lock that is just being written or taken over by someone is finished within this. */
const SETTLE_MS = 2_000;
const RETRY_MS = 50;

export const LockOwner = z.strictObject({
  pid: z.int(),
  /** When the process began, as the system tells it; null where that cannot be read. Tells a recycled pid. */
  started: z.string().nullable(),
  host: z.string(),
});
export type LockOwner = z.infer<typeof LockOwner>;

export class RunLock {
  readonly #heartbeat: NodeJS.Timeout;

  private constructor(private readonly path: string) {
    this.#heartbeat = setInterval(() => touch(path), HEARTBEAT_MS).unref();
  }

  /** Throws `run-in-use`, naming the process, while another writer lives. */
  static async acquire(folder: string): Promise<RunLock> {
    const path = inRun(folder, LOCK_FILE);
    const guard = `${path}.takeover`;
    for (const deadline = Date.now() + SETTLE_MS; ; await sleep(RETRY_MS)) {
      if (create(path)) return new RunLock(path);
      const owner = readOwner(path);
      if (owner && isAlive(owner, path)) throw inUse(folder, owner);
      const late = Date.now() > deadline;
      if (!owner && !late) continue;
      // The dead writer's lock is removed by one process at a time: two could otherwise remove each other's new locks.
      if (create(guard)) {
        const again = readOwner(path);
        if (!again || !isAlive(again, path)) rmSync(path, { force: true });
        rmSync(guard, { force: true });
      } else if (late) {
        rmSync(guard, { force: true });
      }
    }
  }

  release(): void {
    clearInterval(this.#heartbeat);
    rmSync(this.path, { force: true });
  }
}

/** The living process that writes to this run; null when there is none. */
export function liveWriter(folder: string): LockOwner | null {
  const path = inRun(folder, LOCK_FILE);
  const owner = readOwner(path);
  return owner && isAlive(owner, path) ? owner : null;
}

function create(path: string): boolean {
  const owner: LockOwner = { pid: process.pid, started: processStart(process.pid), host: hostname() };
  try {
    writeFileSync(path, JSON.stringify(owner), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw diskError(error, path);
  }
}

function readOwner(path: string): LockOwner | null {
  try {
    return LockOwner.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return null;
  }
}

function isAlive(owner: LockOwner, path: string): boolean {
  if (owner.host === hostname()) return isProcessAlive(owner.pid, owner.started);
  const touched = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  return touched !== undefined && Date.now() - touched < FOREIGN_STALE_MS;
}

function touch(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // The folder was removed under us; the next append reports that.
  }
}

function inUse(folder: string, owner: LockOwner): RollscopeError {
  const elsewhere = owner.host === hostname() ? '' : ` on ${owner.host}`;
  return new RollscopeError(
    'run-in-use',
    `The run ${folder} is in use by process ${owner.pid}${elsewhere}.`,
    `Attach to that run, stop it, or end process ${owner.pid}${elsewhere}.`,
  );
}
