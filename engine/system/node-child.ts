/** Code that may crash its process, such as a graphics driver's, run in a process of its own. */
import { spawn } from 'node:child_process';

export interface ChildResult {
  /** Last line of stdout, parsed; null when the child did not get that far. */
  answer: unknown;
  /** How it ended, in words, when it gave no answer. */
  failure: string;
}

/**
 * Runs CommonJS code in a new Node process: `process.argv.slice(1)` are the arguments, and the last line that it prints
 * is its answer in JSON. It is killed after `seconds`.
 */
export function runInChild(
  code: string,
  args: readonly string[],
  options: { input?: Uint8Array; seconds: number },
): Promise<ChildResult> {
  return new Promise((resolve) => {
    // In an editor the executable is Electron, which is told to be Node.
    const child = spawn(process.execPath, ['-e', code, '--', ...args], {
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', NODE_OPTIONS: '' },
      stdio: ['pipe', 'pipe', 'ignore'],
      windowsHide: true,
    });
    let output = '';
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, options.seconds * 1000);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.on('error', (error) => {
      clearTimeout(timer);
      resolve({ answer: null, failure: error.message });
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const ended = signal ? `ended by ${signal}` : `ended with code ${code}`;
      const failure = timedOut ? `gave no answer within ${options.seconds} s` : `its process ${ended}`;
      try {
        resolve({ answer: JSON.parse(output.trim().split('\n').at(-1)!), failure: '' });
      } catch {
        resolve({ answer: null, failure });
      }
    });
    // A child that dies early leaves its input unread.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? new Uint8Array(0));
  });
}
