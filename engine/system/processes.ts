/** Processes on this machine: which of them belong to a program, their memory, and how to end them. */
import { spawn } from 'node:child_process';
import fs from 'node:fs/promises';
import { parseStat } from './proc.ts';
import { runProgram } from './program.ts';

/** A variable whose value marks a program and all that inherits its environment. */
export const MARK = 'ROLLSCOPE_CHILD';

/** Marks that a program and its descendants carry, by which they are recognized anywhere in the process tree. */
export interface Marks {
  /** Value of the variable `MARK`: lost with another environment. */
  variable: string;
  /**
   * Hard limit on processor time in seconds, which nobody reaches: children inherit it whatever their environment, session
   * and parent are, and without rights it can only be lowered. Seen on Linux alone.
   */
  limit: number;
}

/** A process at the time of a check. */
export interface ProcessSnapshot {
  pid: number;
  parent: number;
  group: number;
  /** null if the system does not report it. */
  session: number | null;
  /** When it was started, in the system's own format; a reused process id has a different start. */
  start: string;
  /** Ended, but not waited for. */
  ended: boolean;
  /** Resident memory; null if it needs another check. */
  megabytes: number | null;
}

/** Ends a process, its group and, on Windows, its descendants. Never throws. */
export function killGroup(pid: number): void {
  if (process.platform === 'win32') {
    // /t follows parents: descendants whose parent is gone already are not found
    spawn('taskkill', ['/pid', String(pid), '/t', '/f'], { stdio: 'ignore', windowsHide: true }).on('error', () => {});
    return;
  }
  kill(-pid);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // No such process exists any longer.
  }
}

/** How many times remaining processes are searched for and killed, with pauses of 5, 10, 15 ... milliseconds. */
const ROUNDS = 20;

export interface ProcessFamily {
  /** Resident memory of all members in megabytes, and a look at who they are; null where it cannot be told. */
  megabytes(): Promise<number | null>;
  /** Kills all members. Never throws. */
  end(): Promise<void>;
}

/**
 * A program and what descends from it. Each look adds whom it finds: children of members, members of their groups and
 * sessions, and who carries the marks; one stays a member when its parent ends. Not on Windows.
 */
export function familyOf(root: number, marks: Marks): ProcessFamily {
  // The root's start is unknown before the first check.
  const members = new Map<number, string | null>([[root, null]]);
  let since: string | null = null;

  async function living(): Promise<ProcessSnapshot[] | null> {
    const all = await processes();
    if (all === null) return null;
    for (const { pid, start } of all) {
      const known = members.get(pid);
      if (known === null) {
        since = start;
        members.set(pid, start);
      } else if (known !== undefined && known !== start) members.delete(pid);
    }
    const marked = await Promise.all(
      all.map(
        async ({ pid, start }) => !members.has(pid) && !isStartedBefore(start, since) && (await hasMark(pid, marks)),
      ),
    );
    for (const [i, { pid, start }] of all.entries()) if (marked[i]) members.set(pid, start);
    addRelatives(members, all);
    return all.filter(({ pid, ended }) => members.has(pid) && !ended);
  }

  return {
    async megabytes() {
      const found = await living();
      if (found === null) return null;
      const sizes = await Promise.all(found.map(({ pid, megabytes }) => megabytes ?? residentMegabytes(pid)));
      return sizes.reduce((sum, size) => sum + size, 0);
    },
    async end() {
      // Processes born while the list was read are found in the next round.
      for (let round = 1; round <= ROUNDS; round++) {
        const found = await living();
        if (found === null || found.length === 0) return;
        for (const { pid } of found) kill(pid);
        await new Promise((resolve) => setTimeout(resolve, 5 * round));
      }
    },
  };
}

function addRelatives(members: Map<number, string | null>, all: readonly ProcessSnapshot[]): void {
  for (let before = -1; before !== members.size; ) {
    before = members.size;
    for (const { pid, parent, group, session, start } of all) {
      const related = members.has(parent) || members.has(group) || (session !== null && members.has(session));
      if (related && !members.has(pid)) members.set(pid, start);
    }
  }
}

/** Whether a start is surely before another. Only Linux has numbers. */
const isStartedBefore = (start: string, since: string | null) => since !== null && Number(start) < Number(since);

/** All processes; null where they cannot be listed. */
export async function processes(): Promise<ProcessSnapshot[] | null> {
  if (process.platform === 'linux') return processesByProc();
  return process.platform === 'win32' ? null : processesByPs();
}

async function processesByProc(): Promise<ProcessSnapshot[]> {
  const names = (await fs.readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    names.map(async (name): Promise<ProcessSnapshot | null> => {
      const stat = parseStat(await read(`/proc/${name}/stat`));
      return stat && { pid: Number(name), ...stat, megabytes: null };
    }),
  );
  return found.filter((seen) => seen !== null);
}

/** Text of a file of /proc; empty where the process is gone or not to be looked at. */
const read = (file: string) => fs.readFile(file, 'latin1').catch(() => '');

async function hasMark(pid: number, { variable, limit }: Marks): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const hard = /^Max cpu time\s+\S+\s+(\d+)/m.exec(await read(`/proc/${pid}/limits`))?.[1];
  if (Number(hard) === limit) return true;
  return (await read(`/proc/${pid}/environ`)).split('\0').includes(`${MARK}=${variable}`);
}

async function residentMegabytes(pid: number): Promise<number> {
  const size = /^VmRSS:\s*(\d+) kB/m.exec(await read(`/proc/${pid}/status`))?.[1];
  return Number(size ?? 0) / 1024;
}

/** The same by `ps`, for systems without /proc; null without it. */
export async function processesByPs(): Promise<ProcessSnapshot[] | null> {
  const columns = 'pid=,ppid=,pgid=,rss=,stat=,lstart=';
  const env = { ...process.env, LC_ALL: 'C' };
  const ended = await runProgram('ps', ['-A', '-o', columns], { env }).catch(() => null);
  return ended?.stdout.split('\n').flatMap(parseSnapshot) ?? null;
}

function parseSnapshot(line: string): ProcessSnapshot[] {
  const [, pid, parent, group, size, state, start] =
    /^(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S.*)$/.exec(line.trim()) ?? [];
  if (start === undefined) return [];
  return [
    {
      pid: Number(pid),
      parent: Number(parent),
      group: Number(group),
      session: null,
      start,
      ended: state!.startsWith('Z'),
      megabytes: Number(size) / 1024,
    },
  ];
}
