/**
 * A program in a process of its own, with limits on time, memory and output, that always comes to an end.
 *
 * This bounds what a faulty program can take. It is not a sandbox: the program has the user's rights on files and network,
 * and one that wants to leave a process behind can (see `runBounded`). `sandbox.ts` is one, where the system has it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt, randomUUID } from 'node:crypto';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { RollscopeError } from '../protocol/errors.ts';
import { familyOf, killGroup, MARK, type Marks, type ProcessFamily } from './processes.ts';
import { collectOutput } from './program.ts';
import { sandboxed, signalIn } from './sandbox.ts';

export interface BoundedOptions {
  /** A program that exists: a path, or a name that the PATH of this process knows. */
  command: string;
  args: readonly string[];
  /** Written to its stdin, which is then closed. */
  input?: string;
  /** Working folder (default: an empty temporary one, removed afterwards). */
  cwd?: string;
  /** Its environment (default: little more than the PATH, with its working folder as home). */
  env?: NodeJS.ProcessEnv;
  /** More of it. */
  variables?: NodeJS.ProcessEnv;
  /** Wall time, and processor time of each of its processes. */
  seconds: number;
  /**
   * Memory of each of its processes (a limit of the system on data, where there is one), and of all together, also those
   * that left its group (watched several times per second, not on Windows). Default: no limit.
   */
  megabytes?: number;
  /** Bytes of stdout and stderr together. */
  outputBytes: number;
  /** Ends it at once. */
  signal?: AbortSignal;
}

export interface BoundedResult {
  /** Exit status; null where a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The limit that was exceeded; null if it ended by itself within all limits. */
  reason: 'time' | 'memory' | 'output' | null;
  /** Its output, up to the limit on output. */
  stdout: string;
  stderr: string;
}

/** Milliseconds between two checks of which processes belong to the program, and of their memory. */
const WATCH_MS = 200;
/** Milliseconds that streams may stay open after the process has ended. */
const STREAMS_MS = 1000;
/** Milliseconds to wait for a killed process; one that hangs in the system is left to it. */
const KILLED_MS = 10_000;
/** Largest file that it may write, in blocks of 512 bytes: 64 MB. */
const FILE_BLOCKS = 131_072;
/** Messages of programs and runtimes that run out of memory. */
const NO_MEMORY =
  /MemoryError|heap out of memory|Array buffer allocation failed|[Cc]annot allocate memory|bad_alloc|out of memory/;

/** Little more than a program needs to start: no keys, no settings of the user, and `folder` as home. */
function minimalEnvironment(folder: string): NodeJS.ProcessEnv {
  const kept = ['PATH', 'SystemRoot', 'SYSTEMROOT', 'windir', 'PATHEXT', 'COMSPEC'];
  return {
    ...Object.fromEntries(kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))),
    HOME: folder,
    USERPROFILE: folder,
    TMPDIR: folder,
    TEMP: folder,
    TMP: folder,
    LANG: 'C.UTF-8',
    // numerical libraries start as many threads as there are cores, each with memory of its own
    OMP_NUM_THREADS: '1',
    OPENBLAS_NUM_THREADS: '1',
  };
}

/**
 * Runs a program and whatever it starts until it ends, or ends it when it passes a limit. Before this resolves, what is
 * known to be its own is killed:
 * - everywhere its process group (on Windows the tree of processes below it, while it runs);
 * - on Linux and macOS its descendants with their groups, as they were seen several times per second, also when they have a
 *   session and an environment of their own;
 * - on Linux what inherited its limit on processor time or its environment, seen or not.
 *
 * What escapes: a process that has left the group and whose parent ends between two looks (a double fork), on Linux only
 * if it also lowers that limit (or raises it, as root) and drops the variable; on Windows whatever outlives its parent;
 * and what another service starts on its behalf (cron, systemd, a container).
 * @throws RollscopeError `canceledError` where `signal` ended it; the system's error where it could not be started
 */
export async function runBounded(options: BoundedOptions): Promise<BoundedResult> {
  if (options.signal?.aborted) throw canceledError();
  const folder = await fs.realpath(await fs.mkdtemp(path.join(os.tmpdir(), 'rollscope-')));
  try {
    return await run(options, options.cwd ?? folder, folder);
  } finally {
    await removeFolder(folder);
  }
}

function canceledError(): RollscopeError {
  return new RollscopeError('canceled', 'A program was killed because the run is stopping.', undefined, {
    details: { reason: 'program-killed' },
  });
}

async function removeFolder(folder: string): Promise<void> {
  const remove = () => fs.rm(folder, { recursive: true, force: true, maxRetries: 3 });
  try {
    await remove();
  } catch {
    // A program may have taken the right to enter its folders away.
    await openFolders(folder).then(remove, () => {});
  }
}

async function openFolders(folder: string): Promise<void> {
  await fs.chmod(folder, 0o700);
  for (const entry of await fs.readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await openFolders(path.join(folder, entry.name));
  }
}

/** @param own a temporary folder, the only place that a program in a sandbox can write to */
async function run(options: BoundedOptions, folder: string, own: string): Promise<BoundedResult> {
  const { seconds, megabytes, outputBytes, signal } = options;
  // a limit beyond a run of decades
  const marks: Marks = { variable: randomUUID(), limit: randomInt(2 ** 30, 2 ** 31) };
  const program = sandboxed(options.command, options.args, { cwd: folder, folder: own });
  const child = start({ ...options, ...program }, folder, marks);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  const pid = child.pid!;
  const ending = exitOf(child);
  const family = familyOf(pid, marks);
  let stopped: BoundedResult['reason'] | 'canceled' = null;
  const stop = (why: NonNullable<typeof stopped>) => {
    if (stopped !== null) return;
    stopped = why;
    killGroup(pid);
    ending.giveUpAfter(KILLED_MS);
  };
  const output = collectOutput(child, outputBytes, () => stop('output'));
  const timer = setTimeout(() => stop('time'), seconds * 1000);
  const unwatch = watch(family, megabytes, () => stop('memory'));
  const onAbort = () => stop('canceled');
  signal?.addEventListener('abort', onAbort);
  if (signal?.aborted) onAbort();
  child.stdin?.on('error', () => {}).end(options.input);

  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const exit = await ending.result;
  const exitSignal = exit.exitSignal ?? (program.inside ? signalIn(exit.code) : null);
  const code = exitSignal === null ? exit.code : null;
  clearTimeout(timer);
  unwatch();
  signal?.removeEventListener('abort', onAbort);
  killGroup(pid);
  await family.end();
  // A process out of reach may keep the streams open.
  await withTimeout(closed, STREAMS_MS);
  child.stdout!.destroy();
  child.stderr!.destroy();
  child.stdin?.destroy();
  const why = stopped as BoundedResult['reason'] | 'canceled';
  if (why === 'canceled') throw canceledError();
  const { stdout, stderr } = output();
  let reason: BoundedResult['reason'] = why;
  if (reason === null && code !== 0) {
    // by `ulimit -t`, where it takes processor time on several threads
    if (exitSignal === 'SIGXCPU') reason = 'time';
    else if (megabytes !== undefined && NO_MEMORY.test(stderr.slice(-8192))) reason = 'memory';
  }
  return { code, signal: exitSignal, reason, stdout, stderr };
}

function start(
  { command, args, env, variables, seconds, megabytes, input }: BoundedOptions,
  folder: string,
  marks: Marks,
) {
  const posix = process.platform !== 'win32';
  const limits = [
    'ulimit -c 0',
    `ulimit -S -t ${Math.ceil(seconds) + 1}`,
    `ulimit -H -t ${marks.limit}`,
    `ulimit -f ${FILE_BLOCKS}`,
    ...(megabytes === undefined ? [] : [`ulimit -d ${megabytes * 1024}`]),
  ];
  // A limit that the system does not know, or that is lower already, does not prevent the start.
  const script = `${limits.map((limit) => `${limit} 2>/dev/null; `).join('')}exec "$0" "$@"`;
  return spawn(posix ? '/bin/sh' : command, posix ? ['-c', script, command, ...args] : args, {
    cwd: folder,
    env: { ...(env ?? minimalEnvironment(folder)), ...variables, [MARK]: marks.variable },
    // a process group of its own, which can be killed as a whole
    detached: posix,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    windowsHide: true,
  });
}

/** Looks at a family and its memory from the start on. Returns what ends that. */
function watch(family: ProcessFamily, megabytes: number | undefined, exceeded: () => void): () => void {
  let over = false;
  let timer: NodeJS.Timeout | undefined;
  const look = async () => {
    const used = await family.megabytes();
    if (over || used === null) return;
    if (megabytes !== undefined && used > megabytes) exceeded();
    timer = setTimeout(look, WATCH_MS);
  };
  void look();
  return () => {
    over = true;
    clearTimeout(timer);
  };
}

type Exit = { code: number | null; exitSignal: NodeJS.Signals | null };

/** Describes how the process ended. */
function exitOf(child: ChildProcess): { result: Promise<Exit>; giveUpAfter(milliseconds: number): void } {
  let resolve: (exit: Exit) => void;
  let timer: NodeJS.Timeout | undefined;
  const result = new Promise<Exit>((done) => {
    resolve = (exit) => {
      clearTimeout(timer);
      done(exit);
    };
    child.once('exit', (code, exitSignal) => resolve({ code, exitSignal }));
  });
  return {
    result,
    giveUpAfter: (milliseconds) => {
      timer = setTimeout(() => resolve({ code: null, exitSignal: 'SIGKILL' }), milliseconds);
    },
  };
}

async function withTimeout(promise: Promise<void>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([
    promise,
    new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds);
    }),
  ]);
  clearTimeout(timer);
}
