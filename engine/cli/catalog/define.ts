/** Command definitions as data, from which `program.ts` builds the parser and its help. Light. */
import type { SettingTopic } from '../../config/settings.ts';
import { DEVICE_CHOICES } from '../../protocol/devices.ts';
import { PHASES_BY_INTEREST } from '../../protocol/group-id.ts';
import { SANDBOXES } from '../../protocol/sandbox.ts';

export interface CommandOption {
  /** In commander's syntax: `--out <folder>`. */
  flags: string;
  help: string;
  /** Repeatable; the values form a list. */
  repeat?: true;
  required?: true;
  choices?: readonly string[];
  /** Spellings of choices in earlier versions. */
  also?: Readonly<Record<string, string>>;
  default?: string;
}

export interface OptionSection {
  /** Heading in help; sections without one ('') come first. */
  title: string;
  options: readonly CommandOption[];
}

// biome-ignore lint/suspicious/noExplicitAny: each command knows what its own arguments and options are
type Run = (...given: any[]) => Promise<number>;

export interface CommandDefinition {
  name: string;
  /** The name in earlier versions. */
  alias?: string;
  category: 'Runs' | 'Answers' | 'Machine';
  /** Starts with a verb, in lower case, without a period. */
  summary: string;
  arguments?: readonly { text: string; help: string }[];
  /** Run settings accepted as options; `before` lists the sections above them. */
  settings?: readonly SettingTopic[];
  /** Paths of settings omitted from the help, since each is rejected with a reason. */
  refused?: readonly string[];
  /** Additions to the help of settings, by path. */
  remarks?: Readonly<Record<string, string>>;
  before?: readonly OptionSection[];
  sections?: readonly OptionSection[];
  /** Prints one JSON object with `--json`. */
  json: boolean;
  /** Command lines, each with a remark, or ''. */
  examples?: readonly (readonly [line: string, remark: string])[];
  /** Shown below the options. */
  notes?: string;
  /** Imports the implementation, which takes arguments and options and returns the exit code. */
  load(): Promise<Run>;
}

export const DATASET = {
  text: '[dataset]',
  help: 'a .jsonl, .json, .csv or .parquet file (default: the embedded problems)',
};
export const RUN = { text: '<run>', help: "a run's name, its folder, or 'latest'" };

export const CONFIG: CommandOption = {
  flags: '--config <file>',
  help: 'a JSON file with fields of a configuration (as in config of a run.json); precedence: option > --config file > preset; one of several in a rollscope.json: rollscope.json#name',
};

/** The folder of existing runs. */
export const WHERE: CommandOption = {
  flags: '--out <folder>',
  help: "folder that contains the runs (default: the user's runs folder)",
};

/** Required for every start and resume; never read from a run folder. */
export const ALLOW_PROGRAMS: CommandOption = {
  flags: '--allow-programs',
  help: 'allow the rewards program, lean and custom to run programs on this machine; use it only if you trust the model, the data and the program',
};

/** Belongs to a command, never to a run. */
export const SANDBOX: CommandOption = {
  flags: '--sandbox <name>',
  help: 'sandbox for programs that rewards run: bubblewrap (Linux: no network, files read-only), auto (where it works), none',
  choices: SANDBOXES,
  default: 'none',
};

/** For a run, or a `--config` file, whose programs come from others. */
export const ALLOW_COMMAND: CommandOption = {
  flags: '--allow-command',
  help: 'also allow programs named by a run folder from elsewhere or by a --config file; inspect them first',
};

/** Selects stored rollouts. @param fallback the default for `--step`, as shown in the help */
export const GROUP_CHOICE = (fallback: string): CommandOption[] => [
  {
    flags: '--phase <name>',
    help: `rollouts of ${PHASES_BY_INTEREST.slice(0, -1).join(', ')} or ${PHASES_BY_INTEREST.at(-1)} (default: the first of these that exists)`,
  },
  { flags: '--step <n>', help: `rollouts of this step (default: ${fallback})` },
];

/** The model that scores stored rollouts, and its settings. */
export const SCORE_WITH = (required: boolean): CommandOption[] => [
  {
    flags: '--score-with <model>',
    help: 'model that computes the token statistics that the trainer did not record: a Hugging Face folder, a .gguf file, or a Hub id',
    ...(required && { required: true as const }),
  },
  {
    flags: '--temperature <x>',
    help: "temperature at which they are computed (default: the trainer's, else 1)",
  },
  { flags: '--device <name>', help: `compute device: ${Object.keys(DEVICE_CHOICES).join(', ')} (default: auto)` },
  { flags: '--threads <n>', help: 'CPU threads (default: all cores)' },
];
