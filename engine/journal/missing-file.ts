/** A file of a run that is missing, and what can be done about it. */
import { RollscopeError } from '../protocol/errors.ts';
import { repairHint } from './events.ts';
import { EVENTS_FILE, inRun } from './layout.ts';

/** Everything but the records can be rebuilt from the records. */
export function restoreHint(folder: string, name: string): string {
  const restore = 'Restore the file from a backup.';
  return name === EVENTS_FILE ? restore : `${restore} Without one: ${repairHint(folder)}`;
}

/** A `run-broken` error for a file that a run cannot be read without, with the hint that fits the file. */
export function missingFile(folder: string, name: string): RollscopeError {
  const file = inRun(folder, name);
  return new RollscopeError('run-broken', `${file} is missing.`, restoreHint(folder, name), {
    details: { reason: 'missing-file', file },
  });
}
