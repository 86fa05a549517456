/** Runs the command line with the engine's Node and takes what it prints. Knows nothing of the editor. */
import { spawn } from 'node:child_process';
import { RollscopeError } from '../../engine/protocol/index.ts';

export interface Program {
  /** Program that runs the engine: the editor's own Node, or another. */
  node: string;
  /** `dist/cli.js`. */
  cli: string;
}

/** What the child's environment has beyond this process's: the editor's program is a plain Node only with this. */
export const NODE_ENVIRONMENT = { ELECTRON_RUN_AS_NODE: '1' };

/** Characters that are kept of what a command prints. */
const MOST = 16_000_000;

/**
 * What a command prints to stdout.
 * @throws RollscopeError `engine-stopped` with its `error:` and `hint:` lines when it fails, `cancelled` after an abort
 */
export function runCli({ node, cli }: Program, args: readonly string[], signal?: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const cancelled = () => new RollscopeError('cancelled', `rollscope ${args[0]} was cancelled.`);
    if (signal?.aborted) return reject(cancelled());
    const child = spawn(node, [cli, ...args], {
      windowsHide: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...NODE_ENVIRONMENT },
    });
    let [stdout, stderr] = ['', ''];
    const stop = () => child.kill();
    signal?.addEventListener('abort', stop);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (stdout.length < MOST) stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = `${stderr}${text}`.slice(-MOST);
    });
    child.once('error', (error) => reject(new RollscopeError('engine-stopped', `${node}: ${error.message}`)));
    child.once('close', (code, killed) => {
      signal?.removeEventListener('abort', stop);
      if (signal?.aborted) reject(cancelled());
      else if (code === 0) resolve(stdout);
      else reject(failure(args, stderr, killed ?? `code ${code}`));
    });
  });
}

function failure(args: readonly string[], stderr: string, how: string): RollscopeError {
  const said = (name: string) => new RegExp(`^${name}: (.+)$`, 'm').exec(stderr)?.[1];
  const last = stderr.trim().split('\n').at(-1);
  const message = said('error') ?? `rollscope ${args[0]} ended with ${how}${last ? `: ${last}` : '.'}`;
  return new RollscopeError('engine-stopped', message, said('hint'));
}
