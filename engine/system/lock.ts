/**
 * A lock between processes: a file that names the process holding it, and that is taken over when that process no
 * longer exists.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { diskError } from './disk.ts';
import { isProcessAlive, processStart } from './liveness.ts';
import { readRegularNow } from './regular-file.ts';

/** A holder on another machine cannot be checked, so it shows that it is alive by touching its lock. */
const HEARTBEAT_MS = 15_000;
const FOREIGN_STALE_MS = 8 * HEARTBEAT_MS;
/** Milliseconds within which a lock that is being written or taken over is finished. */
const SETTLE_MS = 2_000;
const RETRY_MS = 50;

/** Without the keys that a newer version may add: its writer lives all the same. */
export const LockOwner = z.object({
  pid: z.int(),
  /** When the process was started, in the system's format; null if unreadable. Detects a reused process id. */
  started: z.string().nullable(),
  host: z.string(),
  /**
   * The lock file itself, by which a copy is told from a folder that was moved: a file system may not keep the number, and
   * the path changes when the folder moves, so a copy is what has neither. Earlier versions wrote none.
   */
  file: z.object({ inode: z.string(), path: z.string() }).optional().catch(undefined),
});
export type LockOwner = z.infer<typeof LockOwner>;

/** A lock that is held. It ends with `release`, or with the process. */
export class FileLock {
  readonly #heartbeat: NodeJS.Timeout;

  private constructor(private readonly path: string) {
    this.#heartbeat = setInterval(() => touch(path), HEARTBEAT_MS).unref();
  }

  /** Throws `held(owner)` while another holder lives, `disk` where the file cannot be written. */
  static async acquire(path: string, held: (owner: LockOwner) => Error): Promise<FileLock> {
    const guard = `${path}.takeover`;
    for (const deadline = Date.now() + SETTLE_MS; ; await sleep(RETRY_MS)) {
      if (create(path)) return new FileLock(path);
      const owner = readOwner(path);
      if (owner && isAlive(owner, path)) throw held(owner);
      const late = Date.now() > deadline;
      if (!owner && !late) continue;
      // The dead holder's lock is removed by one process at a time: two could otherwise remove each other's new locks.
      if (create(guard)) {
        const again = readOwner(path);
        if (!again || !isAlive(again, path)) rmSync(path, { force: true });
        rmSync(guard, { force: true });
      } else if (late) {
        rmSync(guard, { force: true });
      }
    }
  }

  /** If the folder was moved and another one is in its place, the lock there is not this one. */
  release(): void {
    clearInterval(this.#heartbeat);
    const owner = readOwner(this.path);
    if (owner && (owner.pid !== process.pid || owner.host !== hostname())) return;
    rmSync(this.path, { force: true });
  }
}

/** The living process that holds a lock; null if there is none, or if the file is a copy of its lock. */
export function lockOwner(path: string): LockOwner | null {
  const owner = readOwner(path);
  return owner && isAlive(owner, path) ? owner : null;
}

/** ` on <host>` if the holder is on another machine. */
export function otherHostText({ host }: LockOwner): string {
  return host === hostname() ? '' : ` on ${host}`;
}

function create(path: string): boolean {
  let created = false;
  try {
    const file = openSync(path, 'wx');
    created = true;
    try {
      const owner: LockOwner = {
        pid: process.pid,
        started: processStart(process.pid),
        host: hostname(),
        file: { inode: `${fstatSync(file, { bigint: true }).ino}`, path: realpathSync(path) },
      };
      writeFileSync(file, JSON.stringify(owner));
    } finally {
      closeSync(file);
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    // on a full disk: an empty one would keep others waiting
    if (created) rmSync(path, { force: true });
    throw diskError(error, path);
  }
}

/** The greatest size of a lock file, in bytes. */
const MAX_LOCK_FILE_BYTES = 65_536;

function readOwner(path: string): LockOwner | null {
  // Most runs have none, and throwing an error takes thirty times as long.
  if (!existsSync(path)) return null;
  try {
    return LockOwner.parse(JSON.parse(readRegularNow(path, MAX_LOCK_FILE_BYTES)));
  } catch {
    return null;
  }
}

function isAlive(owner: LockOwner, path: string): boolean {
  if (owner.host === hostname()) return isProcessAlive(owner.pid, owner.started) && !isCopy(owner, path);
  // Another machine can see the file under another number and path; a copy is not touched.
  const touched = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  return touched !== undefined && Date.now() - touched < FOREIGN_STALE_MS;
}

function isCopy({ file }: LockOwner, path: string): boolean {
  if (file === undefined) return false;
  try {
    return `${statSync(path, { bigint: true }).ino}` !== file.inode && realpathSync(path) !== file.path;
  } catch {
    // It was released just now.
    return false;
  }
}

function touch(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // The folder was removed under us; the next append reports that.
  }
}
