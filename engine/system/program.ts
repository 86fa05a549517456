/** Runs a program and waits for its end: its output, and how it ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { RollscopeError } from '../protocol/errors.ts';

export interface ProgramOptions {
  /** Its environment (default: that of this process). */
  env?: NodeJS.ProcessEnv;
  /** Written to its stdin, which is then closed. */
  input?: string | Uint8Array;
  /** Seconds after which it is killed. */
  seconds?: number;
  /** Asks it to end. */
  signal?: AbortSignal | undefined;
  /** Bytes of stdout and stderr together that are kept: the first of them. */
  outputBytes?: number;
  /** Gets each complete line of stdout as it arrives; lines for which it returns true are not kept. */
  onLine?: (line: string) => boolean;
}

export interface ProgramResult {
  /** Exit status; null where a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  timedOut: boolean;
  stdout: string;
  stderr: string;
}

/** Bytes of what a program prints that are kept by default. */
const OUTPUT_BYTES = 16 * 2 ** 20;

/**
 * Runs a program to its end. For programs that are trusted; `runBounded` bounds all others.
 * @throws RollscopeError `usage` for an argument that no program can be given; the system's error where it could not be started
 */
export async function runProgram(
  command: string,
  args: readonly string[],
  { env = process.env, input, seconds, signal, outputBytes = OUTPUT_BYTES, onLine }: ProgramOptions = {},
): Promise<ProgramResult> {
  checkArguments(args);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true });
    const output = collectOutput(child, outputBytes, undefined, onLine);
    let timedOut = false;
    const kill = () => {
      timedOut = true;
      child.kill('SIGKILL');
    };
    const timer = seconds === undefined ? undefined : setTimeout(kill, seconds * 1000);
    const ask = () => void child.kill();
    signal?.addEventListener('abort', ask);
    if (signal?.aborted) ask();
    const over = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', ask);
    };
    child.once('error', (error) => {
      over();
      reject(error);
    });
    child.once('close', (code, killed) => {
      over();
      resolve({ code, signal: killed, timedOut, ...output() });
    });
    // A program that ends early may not read its input.
    child.stdin.on('error', () => {}).end(input);
  });
}

/** Longest argument that Linux and macOS, and that Windows take, in bytes. */
const MAX_ARGUMENT_BYTES = process.platform === 'win32' ? 30_000 : 131_000;

/** Arguments may be names and ids from anywhere. */
function checkArguments(args: readonly string[]): void {
  const refuse = (argument: string, what: string) =>
    new RollscopeError(
      'usage',
      `'${argument.slice(0, 60)}${argument.length > 60 ? '…' : ''}' ${what}, which no program can be given as an argument.`,
      'Use a shorter and plain name or id.',
      { details: { reason: 'bad-argument', value: argument.slice(0, 200) } },
    );
  for (const argument of args) {
    if (argument.includes('\0')) throw refuse(argument, 'contains a NUL');
    if (Buffer.byteLength(argument) > MAX_ARGUMENT_BYTES)
      throw refuse(argument, `is ${argument.length} characters long`);
  }
}

/** Keeps the first `most` bytes of a child's stdout and stderr, and reports once that there was more. */
export function collectOutput(
  child: ChildProcess,
  most: number,
  exceeded: () => void = () => {},
  onLine?: (line: string) => boolean,
): () => Pick<ProgramResult, 'stdout' | 'stderr'> {
  const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  let left = most;
  const keep = (name: keyof typeof chunks, chunk: Buffer) => {
    if (left > 0) chunks[name].push(chunk.subarray(0, left));
    left -= chunk.length;
    if (left < 0) exceeded();
  };
  let rest = Buffer.alloc(0);
  const byLines = (chunk: Buffer, heard: (line: string) => boolean) => {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      const line = rest.subarray(0, end + 1);
      rest = rest.subarray(end + 1);
      if (!heard(line.toString().trimEnd())) keep('stdout', line);
    }
  };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]!.on('error', () => {}).on('data', (chunk: Buffer) => {
      if (onLine && name === 'stdout') byLines(chunk, onLine);
      else keep(name, chunk);
    });
  }
  return () => ({
    stdout: Buffer.concat([...chunks.stdout, rest]).toString('utf8'),
    stderr: Buffer.concat(chunks.stderr).toString('utf8'),
  });
}
