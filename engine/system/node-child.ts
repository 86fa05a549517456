/** Code that may crash its process, such as a graphics driver's, run in a process of its own. */
import { runProgram } from './program.ts';

export interface ChildResult {
  /** Last line of stdout, parsed; null if the child did not get that far. */
  answer: unknown;
  /** How it ended, as text, if it gave no answer. */
  failure: string;
}

/** Makes an editor's program, which is Electron, run as plain Node. */
export const PLAIN_NODE = { ELECTRON_RUN_AS_NODE: '1' };

/**
 * Runs CommonJS code in a new Node process: `process.argv.slice(1)` are the arguments, and the last line that it prints
 * is its answer in JSON. It is killed after `seconds`. Never rejects.
 */
export async function runInChild(
  code: string,
  args: readonly string[],
  { input = '', seconds }: { input?: string | Uint8Array; seconds: number },
): Promise<ChildResult> {
  const env = { ...process.env, ...PLAIN_NODE, NODE_OPTIONS: '' };
  try {
    const ended = await runProgram(process.execPath, ['-e', code, '--', ...args], { env, input, seconds });
    const answer: unknown = parsed(ended.stdout.trim().split('\n').at(-1)!);
    if (answer !== undefined) return { answer, failure: '' };
    const how = ended.signal ? `was killed by ${ended.signal}` : `exited with code ${ended.code}`;
    return { answer: null, failure: ended.timedOut ? `gave no result within ${seconds} s` : `its process ${how}` };
  } catch (error) {
    return { answer: null, failure: (error as Error).message };
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
