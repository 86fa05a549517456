/** Whether a process lives, and since when, so that a recycled process id is not taken for the old process. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseStat } from './proc.ts';

/**
 * When a process was started, in the system's own format; null if unreadable (Windows), or if the process no longer
 * exists.
 */
export function processStart(pid: number): string | null {
  try {
    if (process.platform === 'linux') {
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
      return `${boot}:${statOf(pid).start}`;
    }
    if (process.platform === 'darwin') {
      const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { env, encoding: 'utf8' }).trim() || null;
    }
  } catch {
    // Gone, or hidden from us.
  }
  return null;
}

/** `started` is the earlier result of `processStart`; null checks only the id. */
export function isProcessAlive(pid: number, started: string | null = null): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  if (process.platform === 'linux' && isZombie(pid)) return false;
  const now = started === null ? null : processStart(pid);
  return now === null || now === started;
}

/** Ended, but not yet collected by its parent. */
function isZombie(pid: number): boolean {
  try {
    return statOf(pid).ended;
  } catch {
    return false;
  }
}

const statOf = (pid: number) => parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))!;
