/** Groups of processes on this machine: their end, and the memory they take. */
import { spawn } from 'node:child_process';
import fs from 'node:fs/promises';

/** A variable whose value marks a program and all that it starts, also where they leave its process group. */
export const MARK = 'ROLLSCOPE_CHILD';

/** Ends a process, its group and, on Windows, its descendants. Never throws. */
export function killGroup(pid: number): void {
  if (process.platform === 'win32') {
    // /t follows parents: descendants whose parent is gone already are not found
    spawn('taskkill', ['/pid', String(pid), '/t', '/f'], { stdio: 'ignore', windowsHide: true }).on('error', () => {});
    return;
  }
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // nobody is left in it
  }
}

/** Ends what carries a mark in its environment, wherever it is in the tree of processes. Linux only; never throws. */
export async function killMarked(mark: string): Promise<void> {
  if (process.platform !== 'linux') return;
  const wanted = `${MARK}=${mark}`;
  // Whoever was born while the list was read is found in the next round.
  for (let round = 0; round < 5; round++) {
    const found = await everyProcess(async (pid) => {
      const variables = (await fs.readFile(`/proc/${pid}/environ`, 'utf8')).split('\0');
      return variables.includes(wanted) ? pid : null;
    });
    if (found.length === 0) return;
    for (const pid of found) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // it ended by itself
      }
    }
  }
}

/** Resident memory of a process group in megabytes; null where it cannot be told. */
export async function residentMegabytes(group: number): Promise<number | null> {
  if (process.platform === 'linux') {
    const sizes = await everyProcess(async (pid) => {
      const stat = await fs.readFile(`/proc/${pid}/stat`, 'latin1');
      // behind the name, which may hold anything: state, parent, group
      if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]) !== group) return null;
      const size = /^VmRSS:\s*(\d+) kB/m.exec(await fs.readFile(`/proc/${pid}/status`, 'latin1'))?.[1];
      return Number(size ?? 0) / 1024;
    });
    return sizes.reduce((sum, size) => sum + size, 0);
  }
  return process.platform === 'darwin' ? residentByPs(group) : null;
}

async function everyProcess<T>(look: (pid: number) => Promise<T | null>): Promise<T[]> {
  const names = (await fs.readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  // processes end while one looks, and those of other users may not be looked at
  const found = await Promise.all(names.map((name) => look(Number(name)).catch(() => null)));
  return found.filter((value) => value !== null);
}

function residentByPs(group: number): Promise<number | null> {
  return new Promise((resolve) => {
    const ps = spawn('ps', ['-A', '-o', 'pgid=,rss='], { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    ps.stdout.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
    });
    ps.on('error', () => resolve(null));
    ps.on('close', () => {
      const rows = text.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
      resolve(rows.reduce((sum, [pgid, size]) => sum + (pgid === group ? (size ?? 0) / 1024 : 0), 0));
    });
  });
}
