/** Runs a command in a separate process and returns its result, since stdout belongs to the MCP connection. */
import { runProgram } from '../../system/program.ts';
import { commandFailed, printedError } from '../../view/command-line.ts';

/** @throws RollscopeError the command's own error */
export async function runCommand(args: readonly string[], signal: AbortSignal): Promise<Record<string, unknown>> {
  const env = { ...process.env, NODE_NO_WARNINGS: '1' };
  // `--` ends the options, so --json goes right after the command's name.
  const [command, ...rest] = args;
  const ended = await runProgram(process.execPath, [process.argv[1]!, command!, '--json', ...rest], { env, signal });
  const error = ended.code === 0 ? null : printedError(ended.stdout, 'internal');
  if (error) throw error;
  // Even a stopped command has a result.
  const result = parsed(ended.stdout.trim().split('\n').at(-1) ?? '');
  if (result && (ended.code === 0 || result.error === undefined)) return result;
  throw commandFailed('internal', command!, ended.stderr, `code ${ended.code}`);
}

function parsed(line: string): Record<string, unknown> | null {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
}
