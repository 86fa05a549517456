/** Starts `rollscope serve` as a process that outlives the window. Does not import VS Code. */
import { readFileSync } from 'node:fs';
import { EngineAddress, RollscopeError } from '../../engine/protocol/index.ts';
import { type ExitStatus, startDetached } from '../../engine/system/detached.ts';
import { PLAIN_NODE } from '../../engine/system/node-child.ts';
import type { Program } from '../../engine/view/command-line.ts';

export interface LaunchOptions extends Program {
  /** Arguments of `serve`. */
  args: readonly string[];
  /** File for the engine's stderr. */
  logFile: string;
  /** Milliseconds within which the engine must print its address. */
  timeout?: number;
}

export interface Launched {
  address: EngineAddress;
  /** Resolves when the process exits, if this window is still open. */
  exited: Promise<ExitStatus>;
}

/**
 * Starts the engine and resolves with its address, the first line of its stdout.
 * @throws RollscopeError `engine-stopped` if it exits or does not respond in time; the hint contains its last output
 */
export async function launchEngine({ node, cli, args, logFile, timeout = 60_000 }: LaunchOptions): Promise<Launched> {
  const failed = (why: string) =>
    new RollscopeError('engine-stopped', `The engine did not start: ${why}.`, lastOutput(logFile));
  const env = { ...process.env, ...PLAIN_NODE };
  const started = await startDetached({ command: node, args: [cli, 'serve', ...args], env, logFile, timeout }).catch(
    (error: Error) => {
      throw failed(error.message);
    },
  );
  const address = parseAddress(started.line);
  if (address) return { address, exited: started.exited };
  started.kill();
  throw failed(`it printed '${started.line.slice(0, 200)}' instead of its address`);
}

function parseAddress(line: string): EngineAddress | null {
  try {
    return EngineAddress.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

/** The last lines that the engine printed, for the error of a failed start. */
function lastOutput(logFile: string): string | undefined {
  const lines = readFileSync(logFile, 'utf8').trim().split('\n').slice(-5).join('\n');
  return lines ? `Last output:\n${lines}` : undefined;
}
