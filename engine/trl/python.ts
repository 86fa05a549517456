/** Finds the Python environment with TRL, and its missing packages. */
import path from 'node:path';
import { findProgram } from '../external/find-program.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { shellWord } from '../protocol/texts.ts';
import { isNewer } from '../protocol/version.ts';
import { runProgram } from '../system/program.ts';

/** The minimum supported version of TRL, which is also the tested one. */
export const MIN_TRL_VERSION = '1.16';
const TIMEOUT_SECONDS = 60;

export interface PythonReport {
  /** Absolute path. */
  python: string;
  /** Versions by package, including Python itself; null for missing packages. */
  versions: Record<string, string | null>;
  /** Packages that are missing or too old. */
  missing: string[];
  /** The command that installs them; null if nothing is missing. */
  install: string | null;
}

const PACKAGES = ['trl', 'transformers', 'accelerate', 'torch', 'datasets', 'peft', 'vllm'];

const PACKAGES_SCRIPT = `
import json, platform
from importlib.metadata import version, PackageNotFoundError
found = {"python": platform.python_version()}
for name in ${JSON.stringify(PACKAGES)}:
    try:
        found[name] = version(name)
    except PackageNotFoundError:
        found[name] = None
print(json.dumps(found))
`;

/**
 * The Python of a run: the given one; else that of `.venv` in the working folder or one of its parents, the active
 * environment, or the PATH. null if there is none.
 */
export async function findPython(named: string | undefined, folder = process.cwd()): Promise<string | null> {
  if (named !== undefined) return findProgram(named, folder);
  const environments = parentFolders(folder).map((item) => path.join(item, '.venv'));
  const { VIRTUAL_ENV: active, CONDA_PREFIX: conda } = process.env;
  for (const one of [...environments, active, conda]) {
    if (!one) continue;
    const found = await findProgram(pythonIn(one), folder);
    if (found) return found;
  }
  return (await findProgram('python3')) ?? (await findProgram('python'));
}

const pythonIn = (folder: string) =>
  process.platform === 'win32' ? path.join(folder, 'Scripts', 'python') : path.join(folder, 'bin', 'python');

function parentFolders(folder: string): string[] {
  const above = path.dirname(folder);
  return above === folder ? [folder] : [folder, ...parentFolders(above)];
}

/** The packages of a Python environment. @throws RollscopeError `config` if it does not run */
export async function examinePython(python: string, wanted: readonly string[] = []): Promise<PythonReport> {
  const ended = await runProgram(python, ['-c', PACKAGES_SCRIPT], { seconds: TIMEOUT_SECONDS }).catch(
    (error: Error) => error,
  );
  const answer = ended instanceof Error ? null : parsed(ended.stdout);
  if (!answer) {
    const said =
      ended instanceof Error ? ended.message : ended.stderr.trim().split('\n').at(-1) || `code ${ended.code}`;
    throw new RollscopeError('config', `${python} does not run: ${said}.`, 'Choose another one with --python.', {
      details: { reason: 'bad-python', file: python, system: said },
    });
  }
  const missing = ['trl', ...wanted].filter((name) => !answer[name]);
  if (answer.trl && isNewer(MIN_TRL_VERSION, answer.trl)) missing.unshift('trl');
  const packages = missing.map((name) => (name === 'trl' ? `"trl>=${MIN_TRL_VERSION}"` : name));
  return {
    python,
    versions: answer,
    missing,
    install: missing.length > 0 ? `${shellWord(python)} -m pip install ${packages.join(' ')}` : null,
  };
}

/**
 * The Python of a run, with all required packages.
 * @throws RollscopeError `config` that names missing packages and the command that installs them
 */
export async function requirePython(named: string | undefined, wanted: readonly string[]): Promise<PythonReport> {
  const python = await findPython(named);
  if (!python) {
    throw new RollscopeError(
      'config',
      named === undefined ? 'No Python was found for --engine trl.' : `${named} is not a program.`,
      'Make an environment with: python3 -m venv .venv, or name a Python with --python.',
      { details: { reason: 'no-python', ...(named !== undefined && { file: named }) } },
    );
  }
  const report = await examinePython(python, wanted);
  if (!report.install) return report;
  const old = report.versions.trl && report.missing.includes('trl') ? ` (TRL ${report.versions.trl} is too old)` : '';
  throw new RollscopeError(
    'config',
    `${python} lacks ${report.missing.join(', ')}${old}.`,
    `Install with: ${report.install}`,
    { details: { reason: 'missing-packages', file: python, missing: report.missing, command: report.install } },
  );
}

function parsed(text: string): Record<string, string | null> | null {
  try {
    const value: unknown = JSON.parse(text.trim().split('\n').at(-1)!);
    return typeof value === 'object' && value !== null ? (value as Record<string, string | null>) : null;
  } catch {
    return null;
  }
}
