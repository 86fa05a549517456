/**
 * Custom rewards: a module, or any program that reads rollouts and writes rewards. It runs in a separate process with a
 * time limit, once per call (usually for all rollouts of a step). Callers must make sure that the workspace is trusted.
 */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { RollscopeError } from '../protocol/errors.ts';
import { plural } from '../protocol/format.ts';
import type { Check, CustomOptions, CustomRollout } from '../protocol/programs.ts';
import { type BoundedResult, runBounded } from '../system/bounded.ts';
import { findProgram, isFile } from './find-program.ts';
import { withoutTypes } from './typescript.ts';

const MODULE = /\.[cm]?[jt]s$/;
const TYPESCRIPT = /\.[cm]?ts$/;

/** Limit of the program's output: 1 MiB, plus 16 KiB per rollout. */
const outputBytes = (rollouts: number) => 2 ** 20 + rollouts * 2 ** 14;

/**
 * Runs a module (CommonJS code, in a separate Node). The module's own output goes to stderr, since stdout carries the
 * rewards. The first line of stdin is the module's URL and the code of TypeScript modules; the others are the rollouts.
 */
const RUNNER = `
const lines = require('node:fs').readFileSync(0, 'utf8').split('\\n').filter((line) => line !== '');
const { url, code } = JSON.parse(lines.shift());
const write = require('node:fs').writeSync;
process.stdout.write = process.stderr.write.bind(process.stderr);
if (Object.keys(code).length > 0) {
  const hooks = 'const code = ' + JSON.stringify(code) + '; export const load = (url, context, next) =>' +
    ' Object.hasOwn(code, url) ? { format: "module", shortCircuit: true, source: code[url] } : next(url, context);';
  require('node:module').register('data:text/javascript,' + encodeURIComponent(hooks));
}
import(url).then(async (module) => {
  const reward = typeof module.default === 'function' ? module.default : module.default?.default;
  if (typeof reward !== 'function') throw new Error('The default export of the module is not a function.');
  const rewards = await reward(lines.map((line) => JSON.parse(line)));
  if (!Array.isArray(rewards)) throw new Error('The function did not return a list of rewards.');
  const text = rewards.map((reward) => (JSON.stringify(reward) ?? 'undefined') + '\\n').join('');
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += write(1, bytes, at);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
  process.exit(0);
}).catch((error) => {
  console.error(error?.stack ?? String(error));
  process.exit(1);
});
`;

/**
 * Runs the user's program to reward rollouts, in their order; `detail` is the program's explanation.
 * @param folder base of relative paths, and the program's working folder
 * @throws RollscopeError `config` that names the program, the line and a remedy, if it does not start, fails, exceeds its
 *   time limit, or writes anything but one reward per rollout; `canceled` if aborted by `signal`
 */
export async function runCustom(
  options: CustomOptions,
  rollouts: readonly CustomRollout[],
  { folder = process.cwd(), signal }: { folder?: string; signal?: AbortSignal } = {},
): Promise<Check[]> {
  if (rollouts.length === 0) return [];
  const { name, command, args, first } = await programOf(options, folder);
  const lines = rollouts.map((rollout) => JSON.stringify(options.labels ? rollout : withoutLabel(rollout)));
  let result: BoundedResult;
  try {
    result = await runBounded({
      command,
      args,
      input: `${[...first, ...lines].join('\n')}\n`,
      cwd: folder,
      env: userEnvironment(),
      seconds: options.seconds,
      outputBytes: outputBytes(rollouts.length),
      signal,
    });
  } catch (error) {
    if (error instanceof RollscopeError) throw error;
    const system = error instanceof Error ? error.message : String(error);
    throw new RollscopeError(
      'config',
      `The reward program ${name} cannot be started: ${system}.`,
      'Check its path and its permissions.',
      { cause: error, details: { reason: 'program-not-started', program: name, system } },
    );
  }
  checkEnd(name, options, rollouts.length, result);
  return checksIn(name, result.stdout, rollouts);
}

/**
 * Checks that the program or module exists.
 * @throws RollscopeError `config`
 */
export async function requireCustom(options: CustomOptions, folder = process.cwd()): Promise<void> {
  await programOf(options, folder);
}

async function programOf(
  { command: [name, ...args] }: CustomOptions,
  folder: string,
): Promise<{ name: string; command: string; args: string[]; first: string[] }> {
  if (name === undefined) {
    throw new RollscopeError(
      'config',
      'The reward "custom" has no program.',
      'Set a module (.js, .mjs, .ts), or a program with its arguments.',
      { details: { reason: 'no-program', field: '--reward-program' } },
    );
  }
  const isPath = /[/\\]/.test(name) || MODULE.test(name);
  const missing = () =>
    new RollscopeError(
      'config',
      `The reward program ${name} was not found${isPath ? ` (relative to ${folder})` : ' on the PATH'}.`,
      'Check its path.',
      { details: { reason: 'program-not-found', program: name, folder: isPath ? folder : null } },
    );
  if (!MODULE.test(name)) {
    const command = await findProgram(name, folder);
    if (command === null) throw missing();
    return { name, command, args, first: [] };
  }
  const file = path.resolve(folder, name);
  if (!(await isFile(file))) throw missing();
  const code = TYPESCRIPT.test(name) ? await withoutTypes(file) : {};
  return {
    name,
    command: process.execPath,
    args: ['-e', RUNNER, '--', ...args],
    first: [JSON.stringify({ url: pathToFileURL(file).href, code })],
  };
}

/** The user's environment without the variables meant for this process. */
function userEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(?:NODE_OPTIONS|ROLLSCOPE_\w*)$/.test(name));
  return { ...Object.fromEntries(own), ELECTRON_RUN_AS_NODE: '1' };
}

function withoutLabel(rollout: CustomRollout): CustomRollout {
  const { answer: _, answers: __, ...problem } = rollout.problem;
  return { ...rollout, problem };
}

/** Throws unless the program exited with status 0. */
function checkEnd(name: string, { seconds }: CustomOptions, rollouts: number, result: BoundedResult): void {
  const said = result.stderr.trim().split('\n').slice(-12).join('\n').slice(-2000);
  const wrong = (reason: string, what: string, hint: string, facts: object = {}) =>
    new RollscopeError('config', `The reward program ${name} ${what}.${said ? ` Output:\n${said}` : ''}`, hint, {
      details: { reason, program: name, status: result.code, signal: result.signal, output: said, ...facts },
    });
  if (result.reason === 'time') {
    throw wrong(
      'time-limit',
      `did not finish ${plural(rollouts, 'rollout')} within ${seconds} s`,
      'Make it faster, or raise its time limit. The program must exit when its input ends.',
      { rollouts, seconds },
    );
  }
  if (result.reason === 'output')
    throw wrong('output-limit', 'wrote too much output', 'Write one short line of JSON per rollout.');
  if (result.signal !== null)
    throw wrong('program-killed', `was killed by ${result.signal}`, 'Run it separately to see why.');
  if (result.code !== 0)
    throw wrong('program-failed', `failed with status ${result.code}`, 'Run it separately to see why.');
}

function checksIn(name: string, stdout: string, rollouts: readonly CustomRollout[]): Check[] {
  const lines = stdout.split(/\r?\n/).flatMap((text, i) => (text.trim() === '' ? [] : [{ text, line: i + 1 }]));
  const form = 'Write a number, or {"reward": number, "detail": "why"}, one line per rollout, in order.';
  const checks = lines.slice(0, rollouts.length).map(({ text, line }) => {
    const check = checkIn(text);
    if (check) return check;
    throw new RollscopeError(
      'config',
      `The reward program ${name} wrote line ${line}, which is not a reward: ${text.trim().slice(0, 200)}`,
      form,
      { details: { reason: 'bad-output', program: name, line, value: text.trim().slice(0, 200) } },
    );
  });
  if (lines.length === rollouts.length) return checks;
  throw new RollscopeError(
    'config',
    `The reward program ${name} wrote ${plural(lines.length, 'line')} for ${plural(rollouts.length, 'rollout')}.`,
    `${form} Write messages to stderr.`,
    { details: { reason: 'wrong-count', program: name, lines: lines.length, rollouts: rollouts.length } },
  );
}

/** A parsed output line; null if the reward is not a finite number. */
function checkIn(text: string): Check | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const { reward, detail } = (
    typeof value === 'object' && value !== null && !Array.isArray(value) ? value : { reward: value }
  ) as { reward?: unknown; detail?: unknown };
  if (typeof reward !== 'number' || !Number.isFinite(reward)) return null;
  const said = typeof detail === 'string' ? detail.replace(/\s+/g, ' ').trim().slice(0, 500) : '';
  return { score: reward, detail: said || 'the program gave no reason' };
}
