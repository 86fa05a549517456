/** A long-running program next to this one: it receives lines on stdin, and its output goes to a file. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ExitStatus } from './detached.ts';
import { makeFolder } from './folders.ts';
import { killGroup } from './processes.ts';

export interface InteractiveOptions {
  command: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  /** Gets its output, stdout and stderr, from the beginning. */
  logFile: string;
}

export interface InteractiveProgram {
  /** Writes a line to its stdin; does nothing if it has ended. */
  writeLine(line: string): void;
  /** How it ended; never rejects. `error`: it could not be started. */
  readonly exited: Promise<ExitStatus & { error?: Error }>;
  /** The last lines that it printed. */
  lastLines(count: number): Promise<string[]>;
  /** Ends it and everything that it started, immediately. */
  kill(): void;
}

/** Starts it. Its stdin closes when this process ends, however that happens: it is to end then. */
export function startInteractive({ command, args, env, logFile }: InteractiveOptions): InteractiveProgram {
  makeFolder(dirname(logFile));
  const log = openSync(logFile, 'w');
  let child: ChildProcess;
  try {
    // A group of its own: Ctrl+C in a terminal is for this program, which then ends it in order.
    child = spawn(command, args, { detached: true, windowsHide: true, stdio: ['pipe', log, log], env });
  } finally {
    closeSync(log);
  }
  let ended = false;
  const exited = new Promise<ExitStatus & { error?: Error }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', (error) => resolve({ code: null, signal: null, error }));
  });
  void exited.then(() => {
    ended = true;
  });
  child.stdin!.on('error', () => {});
  return {
    writeLine: (line) => {
      if (!ended) child.stdin!.write(`${line}\n`);
    },
    exited,
    lastLines: async (count) => {
      const text = await readFile(logFile, 'utf8').catch(() => '');
      return text.trimEnd().split('\n').slice(-count);
    },
    kill: () => {
      if (!ended && child.pid !== undefined) killGroup(child.pid);
    },
  };
}
