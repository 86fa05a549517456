/** What a command of the command line is: data that `program.ts` makes the parser and the help of. Light. */
import type { SettingTopic } from '../../config/settings.ts';
import { DEVICE_CHOICES } from '../../protocol/devices.ts';
import { PHASES_BY_INTEREST } from '../../protocol/group-id.ts';
import { SANDBOXES } from '../../protocol/sandbox.ts';

export interface CommandOption {
  /** As commander writes them: `--out <folder>`. */
  flags: string;
  help: string;
  /** Given several times, it is a list. */
  repeat?: true;
  required?: true;
  choices?: readonly string[];
  /** Other spellings of choices, of earlier versions. */
  also?: Readonly<Record<string, string>>;
  default?: string;
}

export interface OptionSection {
  /** Heading in help; the options of commands without one come first. */
  title: string;
  options: readonly CommandOption[];
}

// biome-ignore lint/suspicious/noExplicitAny: each command knows what its own arguments and options are
type Run = (...given: any[]) => Promise<number>;

export interface CommandDefinition {
  name: string;
  /** A name of earlier versions. */
  alias?: string;
  category: 'Runs' | 'Answers' | 'Machine';
  /** What it does: a verb first, lower case, without a period. */
  summary: string;
  arguments?: readonly { text: string; help: string }[];
  /** Settings of a run that it takes as options, and where: the sections before them, then the settings. */
  settings?: readonly SettingTopic[];
  /** Paths of settings that the help leaves out, since each is refused with its reason. */
  refused?: readonly string[];
  /** What else the help says of a setting, by its path. */
  remarks?: Readonly<Record<string, string>>;
  before?: readonly OptionSection[];
  sections?: readonly OptionSection[];
  /** Prints one JSON object with `--json`. */
  json: boolean;
  /** Lines with a remark each; '' for none. */
  examples?: readonly (readonly [line: string, remark: string])[];
  /** Stands below the options. */
  notes?: string;
  /** Loads what it does; called with arguments and options, it gives the exit code. */
  load(): Promise<Run>;
}

export const DATASET = {
  text: '[dataset]',
  help: 'a .jsonl, .json, .csv or .parquet file (default: the embedded problems)',
};
export const RUN = { text: '<run>', help: "a run's name, its folder, or 'latest'" };

export const CONFIG: CommandOption = {
  flags: '--config <file>',
  help: "a JSON file with the fields of run.json's config; precedence: option > --config file > preset; a rollscope.json has several: rollscope.json#name",
};

/** Where existing runs are found. */
export const WHERE: CommandOption = {
  flags: '--out <folder>',
  help: "folder that contains the runs (default: the user's runs folder)",
};

/** Required for every start and resume; never read from a run folder. */
export const ALLOW_PROGRAMS: CommandOption = {
  flags: '--allow-programs',
  help: 'allow the rewards program, lean and custom to run programs on this machine: only if you trust model, data and program',
};

/** Belongs to a command, never to a run. */
export const SANDBOX: CommandOption = {
  flags: '--sandbox <name>',
  help: 'sandbox for programs of rewards: bubblewrap (Linux: no network, files read-only), auto (where it works), none',
  choices: SANDBOXES,
  default: 'none',
};

/** For a run, or a `--config` file, whose programs come from elsewhere. */
export const ALLOW_COMMAND: CommandOption = {
  flags: '--allow-command',
  help: 'also allow programs that a run folder from elsewhere, or a --config file, names: look at them first',
};

/** Which stored rollouts a command looks at. @param fallback the step it takes without `--step`, as the help says it */
export const GROUP_CHOICE = (fallback: string): CommandOption[] => [
  {
    flags: '--phase <name>',
    help: `rollouts of ${PHASES_BY_INTEREST.slice(0, -1).join(', ')} or ${PHASES_BY_INTEREST.at(-1)} (default: the first of these that exists)`,
  },
  { flags: '--step <n>', help: `rollouts of this step (default: ${fallback})` },
];

/** A model that reads stored rollouts, and how. */
export const SCORE_WITH = (required: boolean): CommandOption[] => [
  {
    flags: '--score-with <model>',
    help: 'model that computes the token statistics which the trainer did not record: a Hugging Face folder, a .gguf file, or a Hub id',
    ...(required && { required: true as const }),
  },
  {
    flags: '--temperature <x>',
    help: "temperature at which they are computed (default: the trainer's, else 1)",
  },
  { flags: '--device <name>', help: `compute device: ${Object.keys(DEVICE_CHOICES).join(', ')} (default: auto)` },
  { flags: '--threads <n>', help: 'CPU threads (default: all cores)' },
];
