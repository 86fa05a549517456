/** Programs and folders that tests create. All are removed when the test file ends, no matter how. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll } from 'vitest';
import { cleanEnvironment } from './environment.ts';
import { until, within } from './wait.ts';

export const ROOT = path.join(import.meta.dirname, '..', '..');
/** The built command line. */
export const CLI = path.join(ROOT, 'dist', 'cli.js');

const programs = new Set<Program>();
const folders = new Set<string>();

/** Ends the programs and removes the folders that tests have created so far. */
export async function cleanUp(): Promise<void> {
  await Promise.all([...programs].map((program) => program.end()));
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  programs.clear();
  folders.clear();
}

afterAll(cleanUp);

/**
 * A new folder with a short path (VS Code and the engine create Unix sockets in it, whose paths are limited to 107 bytes).
 */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'rs-'));
  folders.add(folder);
  return folder;
}

export interface Ended {
  /** Exit status; null if a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A running program that leads its own process group, so that everything it started can be ended with it. */
export class Program {
  stdout = '';
  stderr = '';
  readonly ended: Promise<Ended>;
  private readonly child: ChildProcess;
  private result: Ended | null = null;

  constructor(command: string, args: readonly string[], options: { env?: NodeJS.ProcessEnv; cwd?: string } = {}) {
    this.child = spawn(command, args, {
      env: cleanEnvironment(options.env),
      cwd: options.cwd,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      // 'close' fires once the output is complete.
      this.child.once('close', (code, signal) => {
        this.result = { code, signal, stdout: this.stdout, stderr: this.stderr };
        resolve(this.result);
      });
    });
    // Callers that await it get the error; there may be none.
    this.ended.catch(() => undefined);
    programs.add(this);
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('The program did not start.');
    return this.child.pid;
  }

  /** Everything it printed, without colors. */
  get output(): string {
    return stripVTControlCharacters(this.stdout + this.stderr);
  }

  /** Resolves with the match when its output (both streams, without colors) matches. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    return until(`the program prints ${pattern}`, () => {
      const match = pattern.exec(this.output);
      if (!match && this.result) throw new Error(`It ended without printing ${pattern}:\n${this.output.slice(-4000)}`);
      return match;
    }).catch((error: Error) => {
      throw new Error(`${error.message}\nIt printed:\n${this.output.slice(-4000)}`);
    });
  }

  /** Writes to its stdin and closes it. */
  input(text: string): void {
    this.child.stdin!.end(text);
  }

  /** Writes to its stdin, which stays open. */
  write(text: string): void {
    this.child.stdin!.write(text);
  }

  /** Stops reading its stdout: its next write fails. */
  closeOutput(): void {
    this.child.stdout!.destroy();
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Ends it and everything in its process group: SIGTERM first, then SIGKILL. */
  async end(grace = 5000): Promise<void> {
    programs.delete(this);
    if (this.child.pid === undefined) return;
    if (!this.result) {
      signalGroup(this.pid, 'SIGTERM');
      await within(grace, this.ended);
    }
    signalGroup(this.pid, 'SIGKILL');
  }
}

/** Starts `rollscope` with the Node that runs the tests. `home` isolates its runs and engines from the user's. */
export function startCli(
  args: readonly string[],
  { home, cwd, env }: { home: string; cwd?: string; env?: NodeJS.ProcessEnv },
): Program {
  // Sockets of engines that are killed before they can be found are removed with the home.
  return new Program(process.execPath, [CLI, ...args], { env: { ...env, ROLLSCOPE_HOME: home, TMPDIR: home }, cwd });
}

/** Runs `rollscope` to completion. */
export async function runCli(
  args: readonly string[],
  options: { home: string; cwd?: string; env?: NodeJS.ProcessEnv; input?: string },
): Promise<Ended> {
  const program = startCli(args, options);
  program.input(options.input ?? '');
  return program.ended;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
