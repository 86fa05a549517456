/** Runs the command line with the engine's Node and returns its output. Does not import VS Code. */
import * as z from 'zod';
import { errorCodeOf, RollscopeError } from '../../engine/protocol/errors.ts';
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
 * @throws RollscopeError with `--json` the command's own error; else `engine-stopped` with its `error:` and `hint:` lines if it fails, `canceled` after an abort
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
  const refused = args.includes('--json') ? statedError(ended.stdout) : null;
  if (refused) throw refused;
  throw failure(args, ended.stderr, ended.signal ?? `code ${ended.code}`);
}

const Stated = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    hint: z.string().optional(),
    details: z.looseObject({ reason: z.string() }).optional(),
  }),
});

/** The error that `--json` promises on the last line; null where there is none. */
function statedError(stdout: string): RollscopeError | null {
  try {
    const { error } = Stated.parse(JSON.parse(stdout.trim().split('\n').at(-1)!));
    const code = errorCodeOf(error.code) ?? 'engine-stopped';
    return new RollscopeError(code, error.message, error.hint, { details: error.details });
  } catch {
    return null;
  }
}

function failure(args: readonly string[], stderr: string, how: string): RollscopeError {
  const said = (name: string) => new RegExp(`^${name}: (.+)$`, 'm').exec(stderr)?.[1];
  const last = stderr.trim().split('\n').at(-1);
  const message = said('error') ?? `rollscope ${args[0]} ended with ${how}${last ? `: ${last}` : '.'}`;
  return new RollscopeError('engine-stopped', message, said('hint'));
}
