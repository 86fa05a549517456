/**
 * The sandbox that programs of rewards run in, where there is one: bubblewrap (Linux). In it a program has no network, sees
 * only its own processes, and can write nowhere but in its temporary folder; it can still read what the user can read. The
 * choice belongs to this process, never to a run: a run folder from elsewhere cannot turn it off.
 */
import { execFile } from 'node:child_process';
import os from 'node:os';
import { promisify } from 'node:util';
import { RollscopeError } from '../protocol/errors.ts';
import type { Sandbox } from '../protocol/sandbox.ts';

const PROGRAM = 'bwrap';
/** Everything is readable, nothing is writable; the process dies with this one. */
const ISOLATION = ['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--unshare-all', '--die-with-parent'];
const TRIAL_TIMEOUT_MS = 20_000;

let selected: Sandbox = 'none';
/** Whether bubblewrap works here; null until it was tried. */
let isWorking: boolean | null = null;

/** Chooses for all programs that this process runs from here on. */
export function setSandbox(sandbox: Sandbox): void {
  selected = sandbox;
}

/**
 * Looks whether the chosen sandbox works, before anything runs.
 * @throws RollscopeError `config` where it was asked for and is not there
 */
export async function requireSandbox(): Promise<void> {
  if (selected === 'none') return;
  let system = '';
  if (isWorking === null) {
    const tried = promisify(execFile)(PROGRAM, [...ISOLATION, '--', '/bin/sh', '-c', 'exit 0'], {
      timeout: TRIAL_TIMEOUT_MS,
    });
    isWorking = await tried.then(
      () => true,
      (error: Error) => {
        system = error.message.trim().split('\n').at(-1)!;
        return false;
      },
    );
  }
  if (isWorking || selected === 'auto') return;
  isWorking = null;
  throw new RollscopeError(
    'config',
    `The sandbox bubblewrap does not work here: ${system}.`,
    'Install it (the package bubblewrap of a Linux distribution), or choose --sandbox none if you trust the model, the data and the program.',
    { details: { reason: 'no-sandbox', sandbox: 'bubblewrap', system } },
  );
}

/** What to start in place of a program, inside the sandbox where one is in use. `folder`: the only place it may write to. */
export function sandboxed(
  command: string,
  args: readonly string[],
  { cwd, folder }: { cwd: string; folder: string },
): { command: string; args: string[]; inside: boolean } {
  if (selected === 'none' || !isWorking) return { command, args: [...args], inside: false };
  const own = ['--bind', folder, folder, '--setenv', 'TMPDIR', folder, '--chdir', cwd];
  return { command: PROGRAM, args: [...ISOLATION, ...own, '--', command, ...args], inside: true };
}

/** The signal that ended a program in the sandbox, which reports it as an exit status. */
export function signalIn(code: number | null): NodeJS.Signals | null {
  if (code === null || code <= 128) return null;
  const found = Object.entries(os.constants.signals).find(([, value]) => value === code - 128);
  return (found?.[0] as NodeJS.Signals | undefined) ?? null;
}
