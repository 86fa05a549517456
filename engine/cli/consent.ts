/** Consent for programs that come from others: they are shown, and run only after the user agrees. */
import { createInterface } from 'node:readline/promises';
import { RollscopeError } from '../protocol/errors.ts';
import type { RunConfig } from '../protocol/index.ts';
import type { Sandbox } from '../protocol/sandbox.ts';
import { visible } from '../protocol/visible.ts';
import { setSandbox } from '../system/sandbox.ts';
import type { Output } from './output.ts';
import type { RawOptions } from './run-config.ts';

interface Allowed {
  allowPrograms: boolean;
  allowCommand: boolean;
}

/** Consent given by options; `--sandbox` applies to all programs of this process. */
export function allowedBy({ allowPrograms, allowCommand, sandbox }: RawOptions): Allowed {
  if (sandbox !== undefined) setSandbox(sandbox as Sandbox);
  return { allowPrograms: allowPrograms === true, allowCommand: allowCommand === true };
}

/** Runs work that may be refused because of its programs; on a terminal, asks the user and retries if they agree. */
export async function withConsent<T>(
  output: Output,
  allowed: Allowed,
  work: (allowed: Allowed) => Promise<T>,
): Promise<T> {
  try {
    return await work(allowed);
  } catch (error) {
    if (!(error instanceof RollscopeError) || error.details?.reason !== 'command-not-allowed') throw error;
    if (output.json || !process.stdin.isTTY || !process.stderr.isTTY) throw error;
    if (!(await askConsent(error.message))) throw error;
    return work({ ...allowed, allowCommand: true });
  }
}

async function askConsent(message: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${visible(message)}\nRun it? [y/N] `);
    return /^y(?:es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}

/**
 * Refuses the programs of a `--config` file, since it may come from anyone, unless allowed or given on the command line.
 * @throws RollscopeError `config`
 */
export async function checkConfigFile(raw: RawOptions, config: RunConfig): Promise<void> {
  if (typeof raw.config !== 'string' || raw.allowCommand === true) return;
  const { notAllowed } = await import('../training/run/consent.ts');
  const { programsOf } = await import('../config/programs.ts');
  const started = programsOf(config);
  const { python, accelerateConfig, address, overrides } = config.engine ?? {};
  const given =
    (python === undefined || raw.python !== undefined) &&
    (accelerateConfig === undefined || raw.accelerateConfig !== undefined) &&
    (address === undefined || raw.address !== undefined) &&
    (overrides === undefined || raw.override !== undefined);
  const trainer = given ? [] : started.filter(({ kind }) => kind === 'engine');
  if (trainer.length > 0)
    throw notAllowed(`${raw.config} names a program that does the training`, trainer, { file: raw.config });
  if (raw.allowPrograms !== true) return;
  const programs = started.filter(({ kind }) => kind === 'reward');
  if (programs.length === 0 || raw.rewardProgram !== undefined || config.rewardOptions.custom === undefined) return;
  throw notAllowed(`${raw.config} names a reward that runs a program`, programs, { file: raw.config });
}
