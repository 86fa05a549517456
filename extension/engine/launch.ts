/** Starts `rollscope serve` as a process that outlives the window. Knows nothing of the editor. */
import { readFileSync } from 'node:fs';
import { EngineAddress, RollscopeError } from '../../engine/protocol/index.ts';
import { type ExitStatus, startDetached } from '../../engine/system/detached.ts';
import { PLAIN_NODE } from '../../engine/system/node-child.ts';
import type { Program } from './cli.ts';

export interface LaunchOptions extends Program {
  /** What follows `serve`. */
  args: readonly string[];
  /** File that takes what the engine prints to stderr. */
  logFile: string;
  /** Milliseconds until the engine must have said its address. */
  timeout?: number;
}

export interface Launched {
  address: EngineAddress;
  /** Resolves when the process exits, as long as this window lives. */
  exited: Promise<ExitStatus>;
}

/**
 * Starts the engine and resolves with its address, the first line of its stdout.
 * @throws RollscopeError `engine-stopped` when it exits or says nothing in time; the message carries its last words.
 */
export async function launchEngine({ node, cli, args, logFile, timeout = 60_000 }: LaunchOptions): Promise<Launched> {
  const failed = (why: string) =>
    new RollscopeError('engine-stopped', `The engine did not start: ${why}.`, lastWords(logFile));
  const env = { ...process.env, ...PLAIN_NODE };
  const started = await startDetached({ command: node, args: [cli, 'serve', ...args], env, logFile, timeout }).catch(
    (error: Error) => {
      throw failed(error.message);
    },
  );
  const address = parseAddress(started.line);
  if (address) return { address, exited: started.exited };
  started.kill();
  throw failed(`it said '${started.line.slice(0, 200)}' instead of its address`);
}

function parseAddress(line: string): EngineAddress | null {
  try {
    return EngineAddress.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

/** The last lines that the engine printed, for the message of a failed start. */
function lastWords(logFile: string): string | undefined {
  const lines = readFileSync(logFile, 'utf8').trim().split('\n').slice(-5).join('\n');
  return lines ? `Its last words:\n${lines}` : undefined;
}
