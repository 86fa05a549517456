/** Whether the user has allowed the programs that a run from elsewhere names. */
import { programsOf, type StartedProgram } from '../../config/programs.ts';
import { runName } from '../../journal/layout.ts';
import { isOwnRun } from '../../journal/own-mark.ts';
import { readRunFile } from '../../journal/reader.ts';
import { plural } from '../../protocol/format.ts';
import { RollscopeError, type RunConfig } from '../../protocol/index.ts';

/**
 * Checks the programs that resuming a run would start.
 * @param allowed whether the user has seen and allowed them
 * @throws RollscopeError `config` if the folder came from elsewhere, and the programs were not allowed
 */
export async function checkConsent(folder: string, config: RunConfig, allowed: boolean): Promise<void> {
  const programs = programsOf(config);
  if (programs.length === 0 || allowed || (await isOwnRun(folder))) return;
  const run = runName(folder);
  throw notAllowed(
    `Run ${run} was not made by you on this machine, or its run.json has changed. Resuming it runs ${plural(programs.length, 'program')}`,
    programs,
    { run },
  );
}

/**
 * The same for a fork: checks the programs that it has in common with its parent.
 * @param parent folder of the run that it begins with
 */
export async function checkInherited(parent: string, config: RunConfig, allowed: boolean): Promise<void> {
  const running = allowed ? [] : programsOf(config);
  if (running.length === 0) return;
  const { config: theirs } = await readRunFile(parent);
  const named = new Set(theirs ? programsOf(theirs).map(({ text }) => text) : []);
  const programs = running.filter(({ text }) => named.has(text));
  if (programs.length === 0 || (await isOwnRun(parent))) return;
  const run = runName(parent);
  throw notAllowed(
    `Run ${run} was not made by you on this machine, or its run.json has changed. A fork of it runs ${plural(programs.length, 'program')}`,
    programs,
    { run },
  );
}

/** The error that shows programs which have not been allowed. */
export function notAllowed(what: string, started: readonly StartedProgram[], facts: object): RollscopeError {
  const programs = started.map(({ text }) => text);
  return new RollscopeError(
    'config',
    `${what}: ${programs.join('; ')} (in ${process.cwd()}).`,
    'Allow it with --allow-command if you trust the command, the model and the data.',
    { details: { reason: 'command-not-allowed', programs, folder: process.cwd(), ...facts } },
  );
}
