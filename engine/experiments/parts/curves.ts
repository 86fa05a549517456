/** Curves over the steps of a run. */
import type { StepRecord } from '../../protocol/index.ts';
import type { RecordOf } from '../../protocol/records.ts';
import { largest, smallest } from '../../protocol/values.ts';
import type { ExperimentRun } from '../experiment.ts';

/** The records of finished steps, in their order. */
export function stepsOf({ records }: ExperimentRun): StepRecord[] {
  return records.filter((record) => record.type === 'step');
}

/** The records of evaluations, in their order; step 0 is before training. */
export function evaluationsOf({ records }: ExperimentRun): RecordOf<'evaluation'>[] {
  return records.filter((record) => record.type === 'evaluation');
}

/** Groups of a phase, ordered by step. */
export function groupsOf({ records }: ExperimentRun, phase: RecordOf<'group'>['phase']): RecordOf<'group'>[] {
  return records.filter((record): record is RecordOf<'group'> => record.type === 'group' && record.phase === phase);
}

/** A value per step, for one run. */
export type Curve = readonly { step: number; value: number }[];

/** A number among a step's metrics; null if it is unknown. */
export type MetricOf = (metrics: StepRecord['metrics']) => number | null;

/** A metric over the steps, without the steps at which it does not exist. */
export function metricCurve(run: ExperimentRun, metric: MetricOf): Curve {
  return stepsOf(run).flatMap(({ step, metrics }) => {
    const value = metric(metrics);
    return value === null ? [] : { step, value };
  });
}

/** Mean accuracy of the evaluations, by step. */
export function accuracyCurve(run: ExperimentRun): Curve {
  return evaluationsOf(run).flatMap(({ step, accuracy }) => (accuracy ? { step, value: accuracy.mean } : []));
}

/** Trailing means over `window` steps. */
export function smoothed(curve: Curve, window: number): Curve {
  return curve.map(({ step }, i) => {
    const part = curve.slice(Math.max(0, i + 1 - window), i + 1);
    return { step, value: part.reduce((sum, { value }) => sum + value, 0) / part.length };
  });
}

/** Curves scaled to 0 to 1 by their common minimum and maximum. */
export function scaledTogether(curves: readonly Curve[]): Curve[] {
  const all = curves.flatMap((curve) => curve.map(({ value }) => value));
  const low = smallest(all);
  const span = largest(all) - low || 1;
  return curves.map((curve) => curve.map(({ step, value }) => ({ step, value: (value - low) / span })));
}

/** The first step from which a condition holds to the end of a curve; null if it does not hold at the end. */
export function holdsFrom(curve: Curve, holds: (value: number) => boolean): number | null {
  const last = curve.findLastIndex(({ value }) => !holds(value));
  return curve[last + 1]?.step ?? null;
}

/** A metric of each run, as trailing means over `window` steps. */
export function metricCurves(runs: readonly ExperimentRun[], metric: MetricOf, window: number): Curve[] {
  return runs.map((run) => smoothed(metricCurve(run, metric), window));
}
