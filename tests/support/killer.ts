/** Ends a run of the command line by SIGKILL at a chosen stage of its work. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { JournalRecord, RunConfig } from '../../engine/protocol/index.ts';
import type { Program } from './processes.ts';
import { recordsOf } from './run-outcome.ts';
import { until, within } from './wait.ts';

export const STAGES = ['before-evaluation', 'rollout', 'update', 'checkpoint', 'after-evaluation'] as const;
export type Stage = (typeof STAGES)[number];

type Sizes = Pick<RunConfig, 'steps' | 'batch'>;

/**
 * The stage of a run folder's writer, from what it has recorded beyond the first `known` records (which a resumed run only
 * repeats); null if unknown. An evaluation in the middle of the run counts as `rollout`.
 */
export function stageOf(folder: string, { steps, batch }: Sizes, known: number): Stage | null {
  if (writesCheckpoint(folder)) return 'checkpoint';
  const records = workOf(folder);
  const last = records.at(-1);
  if (records.length <= known || !last || !('step' in last) || last.step === null) return null;
  if (last.type === 'group' && last.phase === 'train') {
    const groups = records.filter(
      (record) => record.type === 'group' && record.step === last.step && record.phase === 'train',
    );
    return groups.length < batch ? 'rollout' : 'update';
  }
  if (last.step === steps) return last.type === 'checkpoint' ? null : 'after-evaluation';
  return last.step === 0 && last.type === 'group' ? 'before-evaluation' : 'rollout';
}

function writesCheckpoint(folder: string): boolean {
  const checkpoints = path.join(folder, 'checkpoints');
  return existsSync(checkpoints) && readdirSync(checkpoints).some((name) => name.startsWith('.tmp'));
}

/** The records of a run's own work, without lifecycle events. */
export function workOf(folder: string): JournalRecord[] {
  return recordsOf(folder).filter(({ type }) => type !== 'lifecycle' && type !== 'end');
}

/** Waits until the run is at the stage, at or after a step; false if the program ends first. */
export async function reachStage(
  program: Program,
  folder: string,
  sizes: Sizes,
  stage: Stage,
  { known = 0, step = 0 } = {},
): Promise<boolean> {
  let ended = false;
  void program.ended.finally(() => {
    ended = true;
  });
  const journal = path.join(folder, 'events.jsonl');
  const size = () => statSync(journal, { throwIfNoEntry: false })?.size ?? 0;
  let seen = -1;
  const isThere = () => {
    // Polling every millisecond is affordable only without parsing.
    if (stage === 'checkpoint' ? !writesCheckpoint(folder) : size() === seen) return false;
    seen = size();
    const begun = step === 0 || workOf(folder).some((record) => record.type === 'step' && record.step >= step);
    return begun && stageOf(folder, sizes, known) === stage;
  };
  const outcome = await until(`the run is at ${stage}`, () => (ended ? 'ended' : isThere() && 'there'), { every: 1 });
  return outcome === 'there';
}

/** CPU time of a process so far, in seconds; null if the system does not report it, or the process is gone. */
export function cpuOf(pid: number): number | null {
  if (process.platform !== 'linux') return null;
  try {
    // after the name, which may contain anything: state is field 3, the times are fields 14 and 15, in hundredths
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return null;
  }
}

/** When a fuse (`fuse.mjs`) kills the program that it is loaded into. */
export interface Fuse extends Sizes {
  /**
   * The event that lights it: the program's start, a record or checkpoint of this stage, or any write to the run's files.
   */
  on: Stage | 'start' | 'write';
  /** The ordinal of that event. */
  nth: number;
  /** Seconds of CPU time that it burns; for a write, the fraction of the bytes that are written. */
  seconds: number;
  /** Groups of each step already in the journal, since a resumed run does not write them again. */
  groups: Record<number, number>;
}

/** Node options and environment variables that load a fuse into a program. */
export function withFuse(fuse: Fuse): NodeJS.ProcessEnv {
  return {
    NODE_OPTIONS: `--import ${pathToFileURL(path.join(import.meta.dirname, 'fuse.mjs'))}`,
    FUSE: JSON.stringify(fuse),
  };
}

/** Numbers of training groups in a run's journal, by step. */
export function groupsOf(folder: string): Record<number, number> {
  const groups: Record<number, number> = {};
  for (const record of workOf(folder)) {
    if (record.type === 'group' && record.phase === 'train') groups[record.step] = (groups[record.step] ?? 0) + 1;
  }
  return groups;
}

/** Whether a process is halted by SIGSTOP, or gone. */
function isHalted(pid: number): boolean {
  if (process.platform !== 'linux')
    return !/^[^TZ]/.test(spawnSync('ps', ['-o', 'state=', '-p', `${pid}`]).stdout.toString());
  try {
    return /\) [TZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

/**
 * Kills the program `jitter` milliseconds after the run reaches the stage. Returns whether it did, since the program may end
 * first. Halts the program first, to check that the run is still in progress.
 */
export async function killAt(
  program: Program,
  folder: string,
  sizes: Sizes,
  stage: Stage,
  jitter: number,
): Promise<boolean> {
  const known = workOf(folder).length;
  while (await reachStage(program, folder, sizes, stage, { known })) {
    await within(jitter, program.ended);
    program.kill('SIGSTOP');
    await until('the program is halted', () => isHalted(program.pid), { every: 1 });
    if (stageOf(folder, sizes, known) === stage) {
      program.kill('SIGKILL');
      break;
    }
    program.kill('SIGCONT');
  }
  return (await program.ended).signal === 'SIGKILL';
}
