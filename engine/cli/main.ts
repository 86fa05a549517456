#!/usr/bin/env node
/** `rollscope`: the command line. */
import '../telemetry.ts';
import { CommanderError } from 'commander';
import { RollscopeError } from '../protocol/errors.ts';
import { nearOptions } from './near-options.ts';
import { EXIT, exit, exitCodeOf, printError } from './output.ts';
import { createProgram } from './program.ts';

/** Reasons in error details, by commander's error code. */
const KINDS: Readonly<Record<string, string>> = {
  'commander.unknownOption': 'unknown-option',
  'commander.unknownCommand': 'unknown-command',
  'commander.missingArgument': 'missing-argument',
  'commander.excessArguments': 'too-many-arguments',
  'commander.optionMissingArgument': 'missing-value',
  'commander.missingMandatoryOptionValue': 'missing-option',
};

let code: number = EXIT.ok;
let failure: Promise<void> | null = null;
const args = process.argv.slice(2);

// An uncaught error ends the command like any other, unless the command outlives it (`serve`).
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    if (process.listenerCount(event) === 1) failNow(error);
  });
}
// A closed pipe (`rollscope runs | head`) is not an error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') failure ??= failWriting(error, stream === process.stdout ? 'stdout' : 'stderr');
  });
}

const program = createProgram((value) => {
  code = value;
});
try {
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ writeErr: () => {}, outputError: () => {} });
  }
  if (args.length === 0) program.outputHelp();
  else await program.parseAsync(withoutHelp(args), { from: 'user' });
} catch (error) {
  if (error instanceof CommanderError) code = report(error);
  else {
    printError(error, args.includes('--json'));
    code = exitCodeOf(error);
  }
}
await exit(code, () => failure);

/** For the help of an unknown command, that command alone: commander would print nothing, or the help of the program. */
function withoutHelp(given: string[]): string[] {
  const named = given.filter((arg) => !arg.startsWith('-'));
  const name = named[0] === 'help' ? named[1] : named[0];
  const isHelp = named[0] === 'help' || given.some((arg) => arg === '--help' || arg === '-h');
  if (!isHelp || name === undefined || name === 'help') return given;
  return program.commands.some((command) => command.name() === name || command.aliases().includes(name))
    ? given
    : [name];
}

/** Loads the error texts only now, since `--help` does not need them. */
async function failWriting(error: NodeJS.ErrnoException, name: string): Promise<void> {
  const { diskError } = await import('../system/disk.ts');
  failNow(diskError(error, name));
}

/** Ends the process at once, since pending work may never end. If stderr fails too, the exit code still tells. */
function failNow(error: unknown): void {
  try {
    printError(error, args.includes('--json'));
  } finally {
    process.exit(exitCodeOf(error));
  }
}

/**
 * A suggestion for an unknown option: an argument of the command, options that share all parts of its name, commander's
 * suggestion by spelling, or options that share some parts.
 */
function nearestTo(option = '', letters?: string): string | undefined {
  const name = args.find((arg) => !arg.startsWith('-')) ?? '';
  const command = program.commands.find((candidate) => candidate.name() === name || candidate.aliases().includes(name));
  const argument = command?.registeredArguments.find((candidate) => `--${candidate.name()}` === option.split('=')[0]);
  if (command && argument) return `'rollscope ${command.name()} <${argument.name()}>', without an option`;
  const { flags, whole } = nearOptions(option, command?.options ?? []);
  const parts = flags.length > 1 ? `${flags.slice(0, -1).join(', ')} or ${flags.at(-1)}` : flags[0];
  return whole ? parts : (letters ?? parts);
}

/** Prints commander's errors in the format of all others. */
function report(error: CommanderError): number {
  if (error.exitCode === 0) return EXIT.ok;
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const field = /'([^']+)'/.exec(first)?.[1];
  const letters = /\(Did you mean ([^(]*)\?\)/.exec(rest.join(' '))?.[1];
  const suggestion = error.code === 'commander.unknownOption' ? nearestTo(field, letters) : letters;
  const command = args.find((arg) => !arg.startsWith('-'));
  const help = `See 'rollscope ${command && error.code !== 'commander.unknownCommand' ? `${command} ` : ''}--help'.`;
  const message = /[.?!]$/.test(first) ? first : `${first}.`;
  const hint = suggestion ? `Did you mean ${suggestion}? ${help}` : help;
  printError(
    new RollscopeError('usage', message, hint, {
      details: { reason: KINDS[error.code] ?? 'bad-command-line', field, suggestion },
    }),
    args.includes('--json'),
  );
  return EXIT.usage;
}
