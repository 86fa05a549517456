/**
 * Program verification: runs the program in a response against the problem's tests, each in a separate process.
 *
 * Programs written by the model run on this machine with the user's rights, with limits but not isolated (`bounded.ts`).
 * Callers must make sure that the workspace is trusted.
 */
import { randomUUID } from 'node:crypto';
import { RollscopeError } from '../protocol/errors.ts';
import type { Check, ProgramItem, ProgramTestOptions } from '../protocol/programs.ts';
import { type BoundedResult, runBounded } from '../system/bounded.ts';
import { lastCodeBlock } from './code-blocks.ts';
import { findProgram } from './find-program.ts';
import { JAVASCRIPT_DRIVER } from './javascript-driver.ts';
import { inParallel } from './pool.ts';
import { PYTHON_DRIVER } from './python-driver.ts';

type Language = ProgramTestOptions['language'];

const NAMES: Record<Language, { title: string; fences: readonly string[] }> = {
  python: { title: 'Python', fences: ['python', 'py', 'python3', ''] },
  javascript: { title: 'JavaScript', fences: ['javascript', 'js', 'node', 'mjs', 'cjs', ''] },
};

interface Interpreter {
  command: string;
  args: readonly string[];
  variables: NodeJS.ProcessEnv;
}

/**
 * Checks that the interpreter of a language is installed.
 * @throws RollscopeError `config` that says what to install
 */
export async function requireInterpreter(language: Language): Promise<void> {
  await interpreterOf(language);
}

/** Python interpreters by PATH, cached because finding one starts a process. */
const pythonCache = new Map<string, Promise<string | null>>();

async function interpreterOf(language: Language): Promise<Interpreter> {
  if (language === 'javascript') {
    // In an editor the executable is Electron, which runs as Node with this variable.
    return { command: process.execPath, args: ['-e', JAVASCRIPT_DRIVER], variables: { ELECTRON_RUN_AS_NODE: '1' } };
  }
  const key = process.env.PATH ?? '';
  const known = pythonCache.get(key) ?? findPython();
  pythonCache.set(key, known);
  const command = await known;
  if (command !== null) return { command, args: ['-I', '-B', '-X', 'utf8', '-c', PYTHON_DRIVER], variables: {} };
  pythonCache.delete(key);
  throw new RollscopeError(
    'config',
    'The reward "program" runs Python programs, but there is no Python 3.8 or newer on the PATH.',
    'Install Python 3 (on Debian: apt install python3), or verify JavaScript programs.',
    { details: { reason: 'program-not-found', program: 'python' } },
  );
}

/** The path of the interpreter itself: the command on the PATH may be a script that needs the user's home. */
async function findPython(): Promise<string | null> {
  const code = 'import sys; print(sys.executable if sys.version_info >= (3, 8) else "")';
  for (const name of ['python3', 'python', 'py']) {
    const found = await findProgram(name);
    if (found === null) continue;
    const { code: status, stdout } = await runBounded({
      command: found,
      args: ['-I', '-c', code],
      env: process.env,
      seconds: 20,
      outputBytes: 10_000,
    });
    const executable = stdout.trim();
    if (status === 0 && executable !== '') return executable;
  }
  return null;
}

/**
 * Checks the program in each response: the last closed code block in the language, or without a language. The score is
 * the share of passed tests; 0 without a program. `detail` names the first failed test and the reason. Programs get no
 * stdin, an empty folder, and none of the user's environment.
 * @throws RollscopeError `config` without an interpreter, `canceled` if aborted by `signal`
 */
export async function checkPrograms(
  options: ProgramTestOptions,
  items: readonly ProgramItem[],
  signal?: AbortSignal,
): Promise<Check[]> {
  const interpreter = await interpreterOf(options.language);
  return inParallel(items, (item) => checkOne(interpreter, options, item, signal));
}

async function checkOne(
  interpreter: Interpreter,
  options: ProgramTestOptions,
  { response, tests: given }: ProgramItem,
  signal?: AbortSignal,
): Promise<Check> {
  const { title, fences } = NAMES[options.language];
  const program = lastCodeBlock(response, fences);
  if (program === null) return { score: 0, detail: `the response contains no complete ${title} code block` };
  const tests = typeof given === 'string' ? [given] : given;
  let passed = 0;
  let first: { test: number; why: string } | null = null;
  for (const [i, test] of tests.entries()) {
    const outcome = await runTest(interpreter, options, program, test, signal);
    if (outcome.failure === null) passed++;
    else first ??= { test: i + 1, why: outcome.failure };
    // A program that cannot be loaded fails all tests.
    if (!outcome.loaded) break;
  }
  const of = tests.length === 1 ? 'its test' : `${tests.length} tests`;
  if (first === null) return { score: 1, detail: `the program passes ${tests.length === 1 ? of : `all ${of}`}` };
  const which = tests.length === 1 ? '' : `; test ${first.test} of them`;
  const failure = tests.length === 1 ? `the program fails ${of}` : `the program passes ${passed} of ${of}${which}`;
  return { score: passed / tests.length, detail: `${failure}: ${first.why}` };
}

interface Outcome {
  loaded: boolean;
  /** null if the test passed. */
  failure: string | null;
}

async function runTest(
  interpreter: Interpreter,
  { language, seconds, megabytes, outputKilobytes }: ProgramTestOptions,
  program: string,
  test: string,
  signal?: AbortSignal,
): Promise<Outcome> {
  const [loadedWord, endedWord] = [randomUUID(), randomUUID()];
  const javascript = language === 'javascript';
  const result = await runBounded({
    command: interpreter.command,
    args: javascript ? [`--max-old-space-size=${megabytes}`, ...interpreter.args] : interpreter.args,
    variables: interpreter.variables,
    input: JSON.stringify({
      program: javascript ? program.replace(EXPORT, '') : program,
      test,
      loaded: loadedWord,
      ended: endedWord,
    }),
    seconds,
    megabytes: megabytes + (javascript ? NODE_MEGABYTES : 0),
    outputBytes: outputKilobytes * 1024,
    signal,
  });
  const lines = result.stdout.split('\n');
  const said = lines.filter((line) => line.startsWith(`${endedWord} `)).map((line) => line.slice(endedWord.length + 1));
  const loaded = said.length > 0 ? !said.some((text) => text.startsWith('program')) : lines.includes(loadedWord);
  const limit = limitText(result, { seconds, megabytes, outputKilobytes });
  if (limit !== null) return { loaded, failure: limit };
  if (said.length === 0) return { loaded, failure: endText(result) };
  if (said.length > 1) return { loaded, failure: 'several processes reported results' };
  return { loaded, failure: said[0] === 'passed' ? null : failureText(said[0]!) };
}

/** A driver's report of a failure: where it failed, and the error as JSON. */
function failureText(said: string): string {
  const [, where, json] = /^(program|test) (".*")$/.exec(said) ?? [];
  let error = 'it fails';
  try {
    error = JSON.parse(json ?? '') as string;
  } catch {
    // written by a program that tampered with the driver, and so has failed anyway
  }
  return where === 'program' ? `the program does not run: ${error}` : error;
}

/** Programs run as scripts, in which `export` is a syntax error. */
const EXPORT = /^export\s+(?:default\s+)?(?=(?:async\s+)?function\b|class\b|const\b|let\b|var\b)/gm;
/** Memory used by Node itself, in addition to the program's data. */
const NODE_MEGABYTES = 64;

function limitText(
  { reason }: BoundedResult,
  { seconds, megabytes, outputKilobytes }: Omit<ProgramTestOptions, 'language'>,
): string | null {
  switch (reason) {
    case 'time':
      return `time limit of ${seconds} s exceeded`;
    case 'memory':
      return `memory limit of ${megabytes} MB exceeded`;
    case 'output':
      return `output limit of ${outputKilobytes} kB exceeded`;
    case null:
      return null;
  }
}

/** Describes a process that ended without reporting a result. */
function endText({ code, signal }: BoundedResult): string {
  return signal !== null
    ? `its process was killed by ${signal}`
    : `it exited (status ${code}) before the test finished`;
}
