/** Starts a program that outlives this one, reads one line of its output, and leaves it alone. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from './folders.ts';

export interface DetachedOptions {
  command: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  /** File to which its stderr is appended. */
  logFile: string;
  /** Milliseconds within which it must print its line. */
  timeout: number;
}

export interface Detached {
  /** The first line of its stdout. */
  line: string;
  /** Ends it, for who does not like that line. */
  kill(): void;
  /** Resolves when it exits, as long as this process lives. */
  exited: Promise<ExitStatus>;
}

export interface ExitStatus {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/**
 * Starts the program. Rejects with an Error with the reason if it does not print its line; the program is then ended.
 */
export function startDetached({ command, args, env, logFile, timeout }: DetachedOptions): Promise<Detached> {
  const child = spawnWithLog(command, args, env, logFile);
  const exited = new Promise<ExitStatus>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: null, signal: null }));
  });
  return new Promise((resolve, reject) => {
    let said = '';
    const settle = () => {
      clearTimeout(timer);
      child.stdout?.removeAllListeners('data');
    };
    const fail = (why: string) => {
      settle();
      child.kill();
      reject(new Error(why));
    };
    const timer = setTimeout(() => fail(`no response within ${timeout / 1000} s (timeout)`), timeout);
    child.once('error', (error) => fail(`${command}: ${error.message}`));
    child.once('exit', (code, signal) => fail(`it exited with ${signal ?? `code ${code}`}`));
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
      const end = said.indexOf('\n');
      if (end < 0) return;
      settle();
      child.stdout?.resume();
      child.unref();
      resolve({ line: said.slice(0, end), kill: () => void child.kill(), exited });
    });
  });
}

/** It leads a process group of its own, and its stderr is a file, so it does not depend on this process. */
function spawnWithLog(command: string, args: readonly string[], env: NodeJS.ProcessEnv, logFile: string): ChildProcess {
  makeFolder(dirname(logFile));
  const stderr = openSync(logFile, 'a');
  try {
    return spawn(command, args, { detached: true, windowsHide: true, stdio: ['ignore', 'pipe', stderr], env });
  } finally {
    closeSync(stderr);
  }
}
