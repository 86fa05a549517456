/** A program that outlives this one: it is started, says one line, and is left alone. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from './folders.ts';

export interface DetachedOptions {
  command: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  /** File that takes what it prints to stderr, at its end. */
  logFile: string;
  /** Milliseconds until it must have said its line. */
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

/** Starts it. Rejects with an Error that says why it did not say its line: it is ended then. */
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

/** It leads a process group of its own, and its stderr is a file: nothing of it ends with this process. */
function spawnWithLog(command: string, args: readonly string[], env: NodeJS.ProcessEnv, logFile: string): ChildProcess {
  makeFolder(dirname(logFile));
  const stderr = openSync(logFile, 'a');
  try {
    return spawn(command, args, { detached: true, windowsHide: true, stdio: ['ignore', 'pipe', stderr], env });
  } finally {
    closeSync(stderr);
  }
}
