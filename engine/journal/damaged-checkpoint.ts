/** Describes the damage to a checkpoint of a run, and what to do about it. */
import { RollscopeError, toErrorData } from '../protocol/errors.ts';
import { checkpointFault } from './checkpoint-checks.ts';
import { type Checkpoint, checkpointFolders, listCheckpoints, POSITION_FILE } from './checkpoints.ts';

/** @throws RollscopeError `run-broken` where a file of the checkpoint is missing or not as it was written */
export async function checkCheckpoint(run: string, checkpoint: Checkpoint): Promise<void> {
  const fault = await checkpointFault(checkpoint.folder);
  if (fault) throw await damaged(run, checkpoint, fault);
}

/**
 * Without this, the one before it would be taken in silence.
 * @throws RollscopeError `run-broken` where the newest checkpoint does not say to which records it belongs
 */
export async function checkNewestCheckpoint(run: string): Promise<void> {
  const newest = (await checkpointFolders(run)).at(-1);
  if (newest && !newest.position) throw await damaged(run, newest, `${POSITION_FILE} is missing or cannot be read`);
}

/**
 * Runs `work`, which reads a checkpoint.
 * @throws RollscopeError `run-broken` if one of its files is missing, changed or unreadable; the hint says where the
 * run resumes without it
 */
export async function withCheckpoint<T>(run: string, checkpoint: Checkpoint, work: () => Promise<T>): Promise<T> {
  await checkCheckpoint(run, checkpoint);
  try {
    return await work();
  } catch (error) {
    // Checkpoints of earlier versions have no checksums.
    const { code, message } = toErrorData(error);
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (code !== 'model' && code !== 'run-broken' && !missing) throw error;
    throw await damaged(run, checkpoint, message.replace(/\.$/, ''), error);
  }
}

async function damaged(
  run: string,
  { step, folder }: Pick<Checkpoint, 'step' | 'folder'>,
  fault: string,
  cause?: unknown,
): Promise<RollscopeError> {
  const earlier = (await listCheckpoints(run)).filter((other) => other.step < step).at(-1);
  const from = earlier ? `step ${earlier.step}` : 'its start, with the same results';
  return new RollscopeError(
    'run-broken',
    `The checkpoint ${folder} is damaged: ${fault}.`,
    `Delete that folder: the run then resumes from ${from}.`,
    { cause, details: { reason: 'damaged-checkpoint', folder, step, from, system: fault } },
  );
}
