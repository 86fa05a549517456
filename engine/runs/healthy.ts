/** The last checkpoint from before a run went wrong. Pure. */
import { watchLevelOf } from '../protocol/warnings.ts';
import type { RunColumns } from './columns.ts';
import { diagnosisAt } from './diagnosis.ts';

/** Steps that a checkpoint should be before the first sign: the signs come after the change that they show. */
const WELL_BEFORE = 10;

/**
 * The last healthy step among those with a checkpoint (ascending): the last one well before the first sign of collapse;
 * if an evaluation fell without a sign, the last one up to the best evaluation; in a healthy run, the last one. null if
 * there is none.
 */
export function lastHealthyStep(columns: RunColumns, steps: readonly number[]): number | null {
  const { kind } = diagnosisAt(columns).diagnosis;
  if (kind !== 'collapsing' && kind !== 'declining' && kind !== 'warned') return steps.at(-1) ?? null;
  const { warnings, evaluations } = columns.head;
  const sign = warnings.find((warning) => watchLevelOf(warning) !== null && warning.step !== null)?.step;
  if (typeof sign === 'number') {
    const before = (lag: number) => steps.findLast((step) => step <= sign - lag);
    return before(WELL_BEFORE) ?? before(1) ?? null;
  }
  const accuracy = (at: number) => evaluations[at]?.accuracy?.mean ?? Number.NEGATIVE_INFINITY;
  const best = evaluations.reduce((top, _, at) => (accuracy(at) > accuracy(top) ? at : top), 0);
  const latest = evaluations[best]?.step;
  return latest === undefined ? null : (steps.findLast((step) => step <= latest) ?? null);
}
