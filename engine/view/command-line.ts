/** Runs the command line in a process of its own with the engine's Node and returns its output. */
import * as z from 'zod';
import { type ErrorCode, errorCodeOf, RollscopeError } from '../protocol/errors.ts';
import { PLAIN_NODE } from '../system/node-child.ts';
import { runProgram } from '../system/program.ts';

export interface Program {
  /** Path of the Node that runs the engine: VS Code's own or another one. */
  node: string;
  /** `dist/cli.js`. */
  cli: string;
}

/**
 * The `--json` output of a command: data for programs, and the text for people.
 * @throws RollscopeError the command's own error, with its details; `engine-stopped` if it ended without one,
 * `canceled` after an abort
 * @param onLine gets each printed line as it arrives; lines for which it returns true are not part of the data
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
  const how = ended.signal ?? `code ${ended.code}`;
  throw printedError(ended.stdout, 'engine-stopped') ?? commandFailed('engine-stopped', args[0]!, ended.stderr, how);
}

const PrintedError = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    hint: z.string().optional(),
    details: z.looseObject({ reason: z.string() }).optional(),
  }),
});

/** The error that `--json` promises on the last line, with `otherwise` for a code of another version; null without one. */
export function printedError(stdout: string, otherwise: ErrorCode): RollscopeError | null {
  try {
    const { error } = PrintedError.parse(JSON.parse(stdout.trim().split('\n').at(-1)!));
    const code = errorCodeOf(error.code) ?? otherwise;
    return new RollscopeError(code, error.message, error.hint, { details: error.details });
  } catch {
    return null;
  }
}

/** A command that ended without saying why, with its last line on stderr. @param how such as `code 1` */
export function commandFailed(code: ErrorCode, command: string, stderr: string, how: string): RollscopeError {
  const output = stderr.trim().split('\n').at(-1)!;
  const message = `rollscope ${command} ended with ${how}${output ? `: ${output}` : '.'}`;
  return new RollscopeError(code, message, undefined, {
    details: { reason: 'command-failed', command, output },
  });
}
