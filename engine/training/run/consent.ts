/** The programs that a run's configuration names, and whether somebody here has allowed them. */
import { runName } from '../../journal/layout.ts';
import { isOwn } from '../../journal/own-mark.ts';
import { readRunFile } from '../../journal/reader.ts';
import { plural } from '../../protocol/format.ts';
import { isOnTrl, isOnVerl, RollscopeError, type RunConfig } from '../../protocol/index.ts';
import { shellWord } from '../../protocol/texts.ts';
import { rewardOf } from '../../reward/index.ts';

/** Each program that a run starts: those of its reward, the Python of TRL, a job on a cluster; [] for a run that starts none. */
export function programsOf(config: RunConfig): string[] {
  return [...trainerOf(config), ...rewardProgramsOf(config)];
}

/** What trains instead of this engine: the Python of TRL, or a job on a cluster; [] where this engine does. */
export function trainerOf(config: RunConfig): string[] {
  return [...pythonOf(config), ...jobOf(config)];
}

/** The job of a run on verl, which the cluster runs with the rights of the user who submits it; [] for others. */
function jobOf(config: RunConfig): string[] {
  if (!isOnVerl(config)) return [];
  const { address, overrides = [] } = config.engine ?? {};
  const where = address === undefined ? 'the Ray cluster of this machine' : shellWord(address);
  return [`verl: a job on ${where}${overrides.length === 0 ? '' : ` with ${overrides.map(shellWord).join(' ')}`}`];
}

/** The Python of a run on TRL, which loads the model; [] for others. */
function pythonOf(config: RunConfig): string[] {
  if (!isOnTrl(config)) return [];
  const { python = 'python3', accelerateConfig } = config.engine ?? {};
  return [`TRL: ${shellWord(python)}${accelerateConfig === undefined ? '' : ` with ${shellWord(accelerateConfig)}`}`];
}

/** Each reward that runs programs, with what it runs. */
export function rewardProgramsOf(config: RunConfig): string[] {
  const { parts } = rewardOf(config.reward, config.rewardOptions);
  return parts.flatMap(({ name, executes }) => {
    if (!executes) return [];
    const options: Record<string, unknown> | undefined = config.rewardOptions[name];
    const command = options?.command;
    if (Array.isArray(command)) return `${name}: ${command.map(shellWord).join(' ')}`;
    const given = Object.entries(options ?? {}).map(([option, value]) => `${option} ${JSON.stringify(value)}`);
    return `${name}: programs of the model${given.length > 0 ? ` (${given.join(', ')})` : ''}`;
  });
}

/**
 * Throws RollscopeError `config` where resuming would run programs that a folder from elsewhere names.
 * @param allowed somebody has seen them and allowed them
 */
export async function checkConsent(folder: string, config: RunConfig, allowed: boolean): Promise<void> {
  const programs = programsOf(config);
  if (programs.length === 0 || allowed || (await isOwn(folder))) return;
  const run = runName(folder);
  throw notAllowed(
    `Run ${run} was not made by you on this machine, or its run.json has changed. Resuming it runs ${plural(programs.length, 'program')}`,
    programs,
    { run },
  );
}

/**
 * The same for a fork: of the programs that it runs, those that its parent names.
 * @param parent folder of the run that it begins with
 */
export async function checkInherited(parent: string, config: RunConfig, allowed: boolean): Promise<void> {
  const running = allowed ? [] : programsOf(config);
  if (running.length === 0) return;
  const { config: theirs } = await readRunFile(parent);
  const named = new Set(theirs ? programsOf(theirs) : []);
  const programs = running.filter((program) => named.has(program));
  if (programs.length === 0 || (await isOwn(parent))) return;
  const run = runName(parent);
  throw notAllowed(
    `Run ${run} was not made by you on this machine, or its run.json has changed. A fork of it runs ${plural(programs.length, 'program')}`,
    programs,
    { run },
  );
}

/** The error that shows programs which have not been allowed. */
export function notAllowed(what: string, programs: readonly string[], facts: object): RollscopeError {
  return new RollscopeError(
    'config',
    `${what}: ${programs.join('; ')} (in ${process.cwd()}).`,
    'Allow it with --allow-command if you trust the command, the model and the data.',
    { details: { reason: 'command-not-allowed', programs: [...programs], folder: process.cwd(), ...facts } },
  );
}
