/** The refusal to resume a run whose dataset or model has changed. */
import { RollscopeError } from '../../protocol/errors.ts';

/** @param name of the dataset or model, for people @param run its name */
export function changedSince(run: string, what: 'dataset' | 'model', name: string): RollscopeError {
  return new RollscopeError(
    what,
    `${name} has changed since the run ${run} started.`,
    what === 'dataset'
      ? 'Restore the original file, or start a new run. (If the file is unchanged: this version may read labels, chats and choices differently from the one that started the run.)'
      : 'Restore the original model, or start a new run.',
    { details: { reason: 'changed', what, name, run } },
  );
}
