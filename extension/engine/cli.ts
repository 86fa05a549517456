/** Runs the command line with the engine's Node and returns its output. Does not import VS Code. */
import { RollscopeError } from '../../engine/protocol/index.ts';
import { PLAIN_NODE } from '../../engine/system/node-child.ts';
import { runProgram } from '../../engine/system/program.ts';

export interface Program {
  /** Path of the Node that runs the engine: VS Code's own or another. */
  node: string;
  /** `dist/cli.js`. */
  cli: string;
}

/**
 * A command's output on stdout.
 * @throws RollscopeError `engine-stopped` with its `error:` and `hint:` lines if it fails, `canceled` after an abort
 */
export async function runCli({ node, cli }: Program, args: readonly string[], signal?: AbortSignal): Promise<string> {
  const canceled = () => new RollscopeError('canceled', `rollscope ${args[0]} was canceled.`);
  if (signal?.aborted) throw canceled();
  const env = { ...process.env, ...PLAIN_NODE };
  const ended = await runProgram(node, [cli, ...args], { env, signal }).catch((error: Error) => {
    throw new RollscopeError('engine-stopped', `${node}: ${error.message}`);
  });
  if (signal?.aborted) throw canceled();
  if (ended.code === 0) return ended.stdout;
  throw failure(args, ended.stderr, ended.signal ?? `code ${ended.code}`);
}

function failure(args: readonly string[], stderr: string, how: string): RollscopeError {
  const said = (name: string) => new RegExp(`^${name}: (.+)$`, 'm').exec(stderr)?.[1];
  const last = stderr.trim().split('\n').at(-1);
  const message = said('error') ?? `rollscope ${args[0]} ended with ${how}${last ? `: ${last}` : '.'}`;
  return new RollscopeError('engine-stopped', message, said('hint'));
}
