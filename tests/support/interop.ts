/** The environments in which other tools read Rollscope's output (`tests/interop/environments.mjs`). */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const ROOT = path.join(import.meta.dirname, '..', '..');
const FOLDER = process.env.ROLLSCOPE_INTEROP ?? path.join(ROOT, '.cache', 'interop');

/** The interpreter of an environment; null if it was not installed. */
export function interpreter(environment: string): string | null {
  const python = path.join(FOLDER, environment, 'bin', 'python');
  return existsSync(python) ? python : null;
}

/** The folder of an npm environment; null if it was not installed. */
export function nodeEnvironment(environment: string): string | null {
  const folder = path.join(FOLDER, environment);
  return existsSync(path.join(folder, 'pins.json')) && existsSync(path.join(folder, 'package.json')) ? folder : null;
}

/** Runs `code` with the arguments; returns its output. A failure throws an error with its last lines. */
export async function runPython(
  python: string,
  code: string,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<string> {
  return run(python, ['-c', code, ...args], env);
}

/** Runs a script with the arguments; returns its output. */
export async function runScript(python: string, script: string, args: readonly string[]): Promise<string> {
  return run(python, [script, ...args]);
}

async function run(python: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const all = { ...process.env, ...env, PYTHONDONTWRITEBYTECODE: '1' };
  const { stdout } = await promisify(execFile)(python, [...args], { env: all, maxBuffer: 64e6 });
  return stdout;
}
