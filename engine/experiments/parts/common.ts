/** What several experiments share: curves over seeds, last values, and words for numbers. */
import { type CollapseStep, classifyRun, collapseStep, curveOf, type RunFailure } from '../../analysis/collapse.ts';
import { type Correlation, tInterval } from '../../analysis/statistics.ts';
import type { JournalRecord, StepRecord } from '../../protocol/index.ts';
import type { Criterion, ExperimentRun } from '../experiment.ts';
import type { Cell } from '../report/page.ts';
import type { PlotPoint, PlotSeries } from '../report/plots.ts';
import { figure } from '../report/text.ts';

type Of<T extends JournalRecord['type']> = Extract<JournalRecord, { type: T }>;

export function stepsOf({ records }: ExperimentRun): StepRecord[] {
  return records.filter((record) => record.type === 'step');
}

export function evaluationsOf({ records }: ExperimentRun): Of<'evaluation'>[] {
  return records.filter((record) => record.type === 'evaluation');
}

/** Groups of a phase, in the order of steps. */
export function groupsOf({ records }: ExperimentRun, phase: Of<'group'>['phase']): Of<'group'>[] {
  return records.filter((record): record is Of<'group'> => record.type === 'group' && record.phase === phase);
}

/** A value by step, for one run. */
export type Curve = readonly { step: number; value: number }[];

export function metricCurve(run: ExperimentRun, metric: (metrics: StepRecord['metrics']) => number | null): Curve {
  return stepsOf(run).flatMap(({ step, metrics }) => {
    const value = metric(metrics);
    return value === null ? [] : { step, value };
  });
}

/** Mean accuracy of the evaluations by step. */
export function accuracyCurve(run: ExperimentRun): Curve {
  return evaluationsOf(run).flatMap(({ step, accuracy }) => (accuracy ? { step, value: accuracy.mean } : []));
}

/** Means over `window` steps up to each. */
export function smoothed(curve: Curve, window: number): Curve {
  return curve.map(({ step }, i) => {
    const part = curve.slice(Math.max(0, i + 1 - window), i + 1);
    return { step, value: part.reduce((sum, { value }) => sum + value, 0) / part.length };
  });
}

/** Curves laid between 0 and 1 by their common smallest and largest value. */
export function scaledTogether(curves: readonly Curve[]): Curve[] {
  const all = curves.flatMap((curve) => curve.map(({ value }) => value));
  const low = Math.min(...all);
  const span = Math.max(...all) - low || 1;
  return curves.map((curve) => curve.map(({ step, value }) => ({ step, value: (value - low) / span })));
}

/** The first step from which something holds to the end of a curve; null where it does not hold at the end. */
export function heldFrom(curve: Curve, holds: (value: number) => boolean): number | null {
  const last = curve.findLastIndex(({ value }) => !holds(value));
  return curve[last + 1]?.step ?? null;
}

/** The last step of a run that ended because its weights were no numbers any more; null for other runs. */
export function brokenAt(run: ExperimentRun): number | null {
  const end = run.records.findLast((record) => record.type === 'end');
  return end?.error?.code === 'non-finite' ? end.step : null;
}

/** How a run failed, by the rules of `classifyRun`, or by its weights; null without steps. */
export function failureOf(run: ExperimentRun): RunFailure | null {
  const curve = curveOf(stepsOf(run));
  if (curve.length === 0) return null;
  const failure = classifyRun(curve, accuracyCurve(run));
  const broken = brokenAt(run);
  return broken === null || failure.mode !== 'none'
    ? failure
    : { ...failure, mode: 'breakdown', reason: `the weights were no numbers any more after step ${broken}` };
}

/** Of its peak, what is left of correctness when a model counts as lost; and the steps that it is averaged over. */
export const LOST = { left: 0.2, window: 3 } as const;

/**
 * The first step behind its peak at which the correctness of the rollouts, averaged, is below a fifth of that peak: what a
 * model has not learned yet is not lost. A run whose weights broke is lost by then.
 */
export function lossStep(run: ExperimentRun): CollapseStep {
  const truth = metricCurve(run, (m) => m.groundTruthReward);
  const whole = smoothed(truth, LOST.window).slice(LOST.window - 1);
  const peak = whole.reduce((best, point) => (point.value > best.value ? point : best), { step: 0, value: 0 });
  const first = truth.findIndex(({ step }) => step === peak.step) + 1 - LOST.window;
  const found = collapseStep(
    truth.slice(Math.max(0, first)).map(({ step, value }) => ({ step, rewardAccuracy: value })),
    { threshold: LOST.left * peak.value, window: LOST.window },
  );
  return { ...found, step: found.step ?? brokenAt(run) };
}

/**
 * Mean over seeds with Student's interval; of two, whose interval would be 13 standard errors wide, with both values
 * instead. null without values.
 */
function overValues(values: readonly number[]): ReturnType<typeof tInterval> {
  const estimate = tInterval(values);
  return estimate && values.length === 2
    ? { ...estimate, low: Math.min(...values), high: Math.max(...values) }
    : estimate;
}

/** What the bands of `overSeeds` are, for notes. */
export const BANDS = 'Bands over seeds: 95%, or both values where there are two.';

/** Mean over runs at each step that all of them have, with its interval where there are several. */
export function overSeeds(name: string, curves: readonly Curve[], dashed = false): PlotSeries {
  const byStep = new Map<number, number[]>();
  for (const curve of curves) {
    for (const { step, value } of curve) byStep.set(step, [...(byStep.get(step) ?? []), value]);
  }
  const points: PlotPoint[] = [...byStep]
    .filter(([, values]) => values.length === curves.length)
    .sort(([a], [b]) => a - b)
    .map(([step, values]) => {
      const { mean, low, high } = overValues(values)!;
      return { x: step, y: mean, ...(low !== null && high !== null && { low, high }) };
    });
  return { name, points, ...(dashed && { dashed }) };
}

/** A mean over seeds as a cell: with its interval where there are several values. */
export function seedCell(values: readonly (number | null)[]): Cell {
  const known = values.filter((v) => v !== null);
  const estimate = overValues(known);
  if (estimate === null) return null;
  const { mean, low, high } = estimate;
  return low === null || high === null ? mean : { mean, low, high };
}

export function meanOf(values: readonly (number | null)[]): number | null {
  return tInterval(values.filter((v) => v !== null))?.mean ?? null;
}

/** `0.61`, or `0.61 (0.58 to 0.64)` over several seeds. */
export function words(values: readonly (number | null)[]): string {
  const cell = seedCell(values);
  return cell === null || typeof cell === 'number' || typeof cell === 'string'
    ? figure(cell as number | null)
    : `${figure(cell.mean)} (${figure(cell.low)} to ${figure(cell.high)})`;
}

/** A criterion that compares a number with a bound. */
export function above(expected: string, value: number | null, bound: number, measured: string): Criterion {
  return { expected, measured, met: value === null ? null : value > bound };
}

/** Level of the tests that criteria name. */
export const SIGNIFICANT = 0.05;
/** Fewest pairs whose rank correlation can reach it: all orders of 5 pairs give p = 2 / 5! at least, those of 4 2 / 4!. */
const FEWEST_PAIRS = 5;

/** Whether a correlation has this sign and is significant; null where it does not exist or no order could be. */
export function significant(found: Correlation | null, sign: 1 | -1): boolean | null {
  if (found === null || found.pairs < FEWEST_PAIRS) return null;
  return sign * found.value > 0 && found.p < SIGNIFICANT;
}

/** `rho 0.9, p 0.04`, and why nothing is decided where that is so. */
export function rankWords(found: Correlation | null): string {
  if (found === null) return 'no rank';
  const few = found.pairs < FEWEST_PAIRS ? ` (${found.pairs} are too few to decide; ${FEWEST_PAIRS} at least)` : '';
  return `rho ${figure(found.value)}, p ${figure(found.p)}${few}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? 'none') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
