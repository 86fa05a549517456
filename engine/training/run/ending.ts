/** How a run ends that does not complete. */
import type { Journal } from '../../journal/journal.ts';
import { type EndRecord, RollscopeError, toStoredError } from '../../protocol/index.ts';
import type { RunContext } from '../context.ts';
import type { LoopPosition } from '../loop-position.ts';
import { placeOf } from './material.ts';

export type Ending = Omit<EndRecord, 'seq' | 'time' | 'step'>;

/** Saves what can be saved, and determines why the run ends. Never rejects. */
export async function endRun(error: unknown, context: RunContext, position: LoopPosition): Promise<Ending> {
  try {
    if (error instanceof RollscopeError && error.code === 'canceled') {
      context.compute.reset();
      context.meter.set({ activity: 'saving' });
      await position.save();
      return { type: 'end', reason: 'stopped' };
    }
    if (error instanceof RollscopeError && error.code === 'non-finite') return nonFinite(error, context, position.step);
    return failed(error);
  } catch (failure) {
    return failed(failure);
  }
}

/** The end of a run that an error ended. */
export function failed(error: unknown): Ending {
  return { type: 'end', reason: 'failed', error: toStoredError(error) };
}

/** Weights or numbers that are not finite: names the step and, if known, the problem. */
function nonFinite(error: RollscopeError, { journal, meter: { phase } }: RunContext, done: number): Ending {
  const problem = error.problem === null ? null : journal.problems[error.problem]!;
  const step = phase === 'train' ? done + 1 : done;
  const when =
    phase === 'probe' ? 'While probing' : phase === 'train' ? `At step ${step}` : `During evaluation at step ${step}`;
  const where = problem ? `, at problem ${problem.id} (${placeOf(problem)})` : '';
  const message = `${when}${where}, ${error.message}.`;
  journal.append({ type: 'warning', code: 'non-finite', message, step, problem: error.problem });
  const hint =
    done === 0
      ? 'The weights are as loaded, before any update: download the model again, or choose another one.'
      : 'Restart with a lower learning rate (--lr). Existing checkpoints are kept.';
  return { type: 'end', reason: 'failed', error: { code: 'non-finite', message, hint } };
}

/** Records how a run ended; if the disk has no room for it, the folder stays as it is and can be resumed. */
export function recordEnd(journal: Journal, ending: Ending, step: number): EndRecord {
  try {
    return journal.append({ ...ending, step });
  } catch (error) {
    return { ...ending, ...failed(error), step, seq: journal.length, time: new Date().toISOString() };
  }
}
