/**
 * The parser and its help, built from the command catalog and the run settings. `--help` loads only these; the
 * implementations in `commands/` are loaded when they run.
 */
import { Command, Option } from 'commander';
import type { SettingTopic } from '../config/settings.ts';
import { VERSION } from '../protocol/version.ts';
import {
  ALLOW_COMMAND,
  ALLOW_PROGRAMS,
  type CommandDefinition,
  type CommandOption,
  type OptionSection,
  SANDBOX,
} from './catalog/define.ts';
import { COMMANDS } from './catalog/index.ts';
import { optionsFor } from './options.ts';
import { oneOf } from './values.ts';

/** Sets the process's exit code. */
export type SetExitCode = (code: number) => void;

const EXIT_HELP = `
Exit codes:
  0  success
  1  the run failed, or an internal error
  2  usage error or invalid input
  3  stopped by the user (Ctrl+C); 'rollscope resume' resumes it`;

/** The parser for all commands. Nothing runs before it parses; commands report exit codes through `setExitCode`. */
export function createProgram(setExitCode: SetExitCode): Command {
  const program = new Command('rollscope')
    .description(
      'Unsupervised RLVR: label-free training of language models with intrinsic rewards (TTRL, GRPO).\nShows confidence against correctness problem by problem. Runs locally, without a cloud service.',
    )
    .version(VERSION, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureHelp({ showGlobalOptions: false, subcommandTerm, optionDescription })
    .showSuggestionAfterError(true);
  for (const definition of COMMANDS) {
    program.commandsGroup(`${definition.category}:`);
    addCommand(program, definition, setExitCode);
  }
  program.addHelpText('after', `${EXIT_HELP}\n\nOptions of a command: rollscope <command> --help`);
  return program;
}

function addCommand(program: Command, definition: CommandDefinition, setExitCode: SetExitCode): void {
  const {
    name,
    alias,
    summary,
    settings = [],
    refused,
    remarks,
    before = [],
    sections = [],
    json,
    examples,
    notes,
    load,
  } = definition;
  const command = program.command(name).description(summary).configureHelp({ optionDescription });
  if (alias) command.alias(alias);
  for (const { text, help } of definition.arguments ?? []) command.argument(text, help);
  for (const section of before) addSection(command, section);
  for (const topic of settings) addSettings(command, topic, { refused, remarks });
  for (const section of sections) addSection(command, section);
  if (json) {
    command
      .optionsGroup('Output:')
      .option('--json', 'print one JSON object as the last line of stdout, everything else on stderr')
      .helpOption('-h, --help', 'print this help');
  }
  if (examples) command.addHelpText('after', `\nExamples:\n${lines(examples)}`);
  if (notes) command.addHelpText('after', () => `\n${wrapped(command, notes)}`);
  command.action(async (...given: unknown[]) => {
    // Commander passes the command itself as the last argument.
    const run = await load();
    setExitCode(await run(...given.slice(0, -1)));
  });
}

/** `train [dataset]`: without `[options]`, which every command has, and without former names. */
function subcommandTerm(command: Command): string {
  const parts = command.registeredArguments.map((argument) => {
    const name = argument.name();
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return [command.name(), ...parts].join(' ');
}

/** The option's help, with any choices that the text does not mention, and its default. */
function optionDescription({ description, argChoices = [], defaultValue }: Option): string {
  const words = new Set(description.split(/[^\w+-]+/));
  const listed = argChoices.every((choice) => words.has(choice));
  const choices = listed ? '' : `: ${argChoices.join(', ')}`;
  return `${description}${choices}${defaultValue === undefined ? '' : ` (default: ${String(defaultValue)})`}`;
}

/** Wraps notes to the width of the options above them. */
function wrapped(command: Command, notes: string): string {
  const width = command.configureOutput().getOutHelpWidth?.() ?? 80;
  return notes
    .split('\n')
    .map((line) => command.createHelp().boxWrap(line, width))
    .join('\n');
}

function addSection(command: Command, { title, options }: OptionSection): void {
  if (title) command.optionsGroup(`${title}:`);
  for (const option of options) command.addOption(optionOf(option));
}

function addSettings(
  command: Command,
  { title, settings }: SettingTopic,
  { refused = [], remarks = {} }: Pick<CommandDefinition, 'refused' | 'remarks'>,
): void {
  command.optionsGroup(`${title}:`);
  for (const placed of settings) {
    for (const option of optionsFor(placed, remarks[placed.path])) {
      command.addOption(refused.includes(placed.path) ? option.hideHelp() : option);
    }
    if (placed.path === 'lora.rank') command.option('--no-lora', 'train all weights');
  }
  if (title !== 'Reward') return;
  for (const option of [ALLOW_PROGRAMS, ALLOW_COMMAND, SANDBOX]) command.addOption(optionOf(option));
}

function optionOf({ flags, help, repeat, required, choices, also = {}, default: usual }: CommandOption): Option {
  const option = new Option(flags, help);
  if (repeat) option.argParser((text: string, before?: string[]) => [...(before ?? []), text]);
  if (choices) {
    const [flag] = flags.split(' ');
    option.choices(choices);
    option.argParser((text: string) => oneOf(flag!, also[text] ?? text, choices));
  }
  if (required) option.makeOptionMandatory();
  if (usual !== undefined) option.default(usual);
  return option;
}

function lines(examples: NonNullable<CommandDefinition['examples']>): string {
  const width = Math.max(...examples.map(([line]) => line.length));
  return examples.map(([line, remark]) => `  ${remark ? `${line.padEnd(width)}  # ${remark}` : line}`).join('\n');
}
