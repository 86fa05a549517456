/** Starts `rollscope serve` as a process that outlives the window. Knows nothing of the editor. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { EngineAddress, RollscopeError } from '../../engine/protocol/index.ts';
import { NODE_ENVIRONMENT, type Program } from './cli.ts';

export interface LaunchOptions extends Program {
  /** What follows `serve`. */
  args: readonly string[];
  /** File that takes what the engine prints to stderr. */
  logFile: string;
  /** Milliseconds until the engine must have said its address. */
  timeout?: number;
}

export interface Launched {
  address: EngineAddress;
  /** Resolves when the process exits, as long as this window lives. */
  exited: Promise<ExitStatus>;
}

export interface ExitStatus {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/**
 * Starts the engine and resolves with its address, the first line of its stdout.
 * @throws RollscopeError `engine-stopped` when it exits or says nothing in time; the message carries its last words.
 */
export function launchEngine({ node, cli, args, logFile, timeout = 60_000 }: LaunchOptions): Promise<Launched> {
  mkdirSync(path.dirname(logFile), { recursive: true });
  const stderr = openSync(logFile, 'a');
  let child: ChildProcess;
  try {
    child = spawn(node, [cli, 'serve', ...args], {
      // The engine leads a process group of its own, and stderr is a file: it lives on when this window is reloaded.
      detached: true,
      windowsHide: true,
      stdio: ['ignore', 'pipe', stderr],
      env: { ...process.env, ...NODE_ENVIRONMENT },
    });
  } finally {
    closeSync(stderr);
  }
  const exited = new Promise<ExitStatus>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: null, signal: null }));
  });
  return new Promise((resolve, reject) => {
    let said = '';
    const settle = (act: () => void) => {
      clearTimeout(timer);
      child.stdout?.removeAllListeners('data');
      act();
    };
    const fail = (why: string) =>
      settle(() => {
        child.kill();
        reject(new RollscopeError('engine-stopped', `The engine did not start: ${why}.`, lastWords(logFile)));
      });
    const timer = setTimeout(() => fail(`it said nothing within ${timeout / 1000} s`), timeout);
    child.once('error', (error) => fail(`${node}: ${error.message}`));
    child.once('exit', (code, signal) => fail(`it ended with ${signal ?? `code ${code}`}`));
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
      const end = said.indexOf('\n');
      if (end < 0) return;
      const address = parseAddress(said.slice(0, end));
      if (!address) return fail(`it said '${said.slice(0, end).slice(0, 200)}' instead of its address`);
      settle(() => {
        child.removeAllListeners('exit');
        child.stdout?.resume();
        child.unref();
        resolve({ address, exited });
      });
    });
  });
}

function parseAddress(line: string): EngineAddress | null {
  try {
    return EngineAddress.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

/** The last lines that the engine printed, for the message of a failed start. */
function lastWords(logFile: string): string | undefined {
  const lines = readFileSync(logFile, 'utf8').trim().split('\n').slice(-5).join('\n');
  return lines ? `Its last words:\n${lines}` : undefined;
}
