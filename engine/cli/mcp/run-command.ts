/** Runs a command of this command line in a process of its own and returns its result: stdout belongs to the conversation. */
import { type ErrorData, RollscopeError } from '../../protocol/errors.ts';
import { runProgram } from '../../system/program.ts';

/** @throws RollscopeError the command's own error */
export async function runCommand(args: readonly string[], signal?: AbortSignal): Promise<Record<string, unknown>> {
  const env = { ...process.env, NODE_NO_WARNINGS: '1' };
  // `--` ends the options, so --json goes before everything that follows the command's name.
  const [command, ...rest] = args;
  const given = [process.argv[1]!, command!, '--json', ...rest];
  const ended = await runProgram(process.execPath, given, { env, signal });
  const line = ended.stdout.trim().split('\n').at(-1) ?? '';
  const result = parsed(line);
  const error = result?.error as ErrorData | undefined;
  if (ended.code === 0 && result) return result;
  if (result && !error) return result;
  if (error) throw new RollscopeError(error.code, error.message, error.hint, { details: error.details });
  const output = ended.stderr.trim().split('\n').at(-1) ?? '';
  throw new RollscopeError('internal', `rollscope ${command} ended with code ${ended.code}: ${output}`, undefined, {
    details: { reason: 'command-failed', command, output },
  });
}

function parsed(line: string): Record<string, unknown> | null {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
}
