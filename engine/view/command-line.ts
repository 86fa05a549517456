/** Runs the command line in a process of its own with the engine's Node and returns its output. */
import * as z from 'zod';
import { errorCodeOf, RollscopeError } from '../protocol/errors.ts';
import { PLAIN_NODE } from '../system/node-child.ts';
import { runProgram } from '../system/program.ts';

export interface Program {
  /** Path of the Node that runs the engine: VS Code's own or another. */
  node: string;
  /** `dist/cli.js`. */
  cli: string;
}

/**
 * What a command prints with `--json`: data for programs, and the text for people.
 * @throws RollscopeError the command's own error, with its details; `engine-stopped` if it ended without one, `canceled`
 *   after an abort
 * @param onLine gets each line that it prints as it comes; those for which it returns true are not part of the data
 */
export async function runCli(
  { node, cli }: Program,
  args: readonly string[],
  signal?: AbortSignal,
  onLine?: (line: string) => boolean,
): Promise<{ data: string; text: string }> {
  const canceled = () =>
    new RollscopeError('canceled', `rollscope ${args[0]} was canceled.`, undefined, {
      details: { reason: 'command', command: args[0] },
    });
  if (signal?.aborted) throw canceled();
  // Warnings of Node would be part of the text.
  const env = { ...process.env, ...PLAIN_NODE, NODE_NO_WARNINGS: '1' };
  const ended = await runProgram(node, [cli, args[0]!, '--json', ...args.slice(1)], {
    env,
    signal,
    ...(onLine && { onLine }),
  }).catch((error: Error) => {
    if (error instanceof RollscopeError) throw error;
    throw new RollscopeError('engine-stopped', `${node}: ${error.message}`, undefined, {
      details: { reason: 'not-started', program: node, system: error.message },
    });
  });
  if (signal?.aborted) throw canceled();
  if (ended.code === 0) return { data: ended.stdout, text: ended.stderr };
  throw statedError(ended.stdout) ?? failure(args[0]!, ended.stderr, ended.signal ?? `code ${ended.code}`);
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

function failure(command: string, stderr: string, how: string): RollscopeError {
  const output = stderr.trim().split('\n').at(-1)!;
  const message = `rollscope ${command} ended with ${how}${output ? `: ${output}` : '.'}`;
  return new RollscopeError('engine-stopped', message, undefined, {
    details: { reason: 'command-failed', command, output },
  });
}
