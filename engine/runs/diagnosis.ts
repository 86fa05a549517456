/**
 * How a run is doing: learning, sharpening only, or collapsing, and the measurements that this rests on. The only place
 * that decides it: panel, status bar, list of runs and terminal ask here. Pure.
 */
import type { Diagnosis } from '../protocol/diagnosis.ts';
import type { Estimate } from '../protocol/estimate.ts';
import { PHASES } from '../protocol/group-id.ts';
import type { EvaluationRecord } from '../protocol/records.ts';
import { mean } from '../protocol/values.ts';
import { lastWatchWarnings, signalWarningIn, watchLevelOf } from '../protocol/warnings.ts';
import { wilson } from '../protocol/wilson.ts';
import { known, type RunColumns, truth } from './columns.ts';

/** Accuracies at one time, as an evaluation records them. */
export type MeasuredAccuracy = Pick<
  EvaluationRecord,
  'step' | 'problems' | 'samples' | 'accuracy' | 'majorityAccuracy' | 'passAtK' | 'majorityShare'
>;

/** Accuracy before training and at the last measurement. */
export interface BeforeAfter {
  /** `evaluation`: two evaluations. `train`: the first and the latest training rollouts of the problems. */
  source: 'evaluation' | 'train';
  before: MeasuredAccuracy;
  after: MeasuredAccuracy;
}

interface Warned {
  code: string;
  step?: number | null;
}

const TRAIN = PHASES.indexOf('train');
/** A share below this part of what it was counts as lost. */
const LOST = 0.5;

/**
 * @param warnings in the order of their steps
 * @param comparison null where nothing can be compared
 */
export function diagnose(comparison: BeforeAfter | null, warnings: readonly Warned[]): Diagnosis {
  const since = (step: number | null | undefined) => step ?? null;
  const alarm = standing(comparison, warnings, 'collapse');
  if (alarm) return { kind: 'collapsing', since: since(alarm.step) };
  const { before, after } = comparison ?? { before: null, after: null };
  const accuracy = change(before?.accuracy, after?.accuracy);
  if (accuracy === 'down') {
    const lost = after!.accuracy!.mean < LOST * before!.accuracy!.mean;
    return { kind: lost ? 'collapsing' : 'declining', since: null };
  }
  if (change(before?.majorityAccuracy, after?.majorityAccuracy) === 'up') return { kind: 'learning', since: null };
  if (accuracy === 'up') return { kind: 'sharpening', since: null };
  const early = standing(comparison, warnings, 'watch');
  if (early) return { kind: 'warned', since: since(early.step) };
  if (signalWarningIn(warnings)?.code === 'no-signal') return { kind: 'no-signal', since: null };
  if (!before || !after) return { kind: 'unmeasured', since: null };
  return { kind: after.accuracy === null ? 'unlabeled' : 'unclear', since: null };
}

/** The first of the last warnings of the collapse watch, if they are of this level, that nothing measured since then speaks against. */
function standing(comparison: BeforeAfter | null, warnings: readonly Warned[], level: 'watch' | 'collapse') {
  const found = lastWatchWarnings(warnings).find(({ step }) => !speaksAgainst(comparison, step ?? 0));
  return found && watchLevelOf(found) === level ? found : null;
}

/**
 * Whether what was measured speaks against a warning of the collapse watch at a step: the watch sees no labels, and an
 * accuracy above that before training, at or after its step, is stronger evidence.
 */
export function speaksAgainst(comparison: BeforeAfter | null, step: number): boolean {
  if (!comparison || comparison.after.step < step) return false;
  return change(comparison.before.accuracy, comparison.after.accuracy) === 'up';
}

/**
 * Whether an accuracy changed beyond its intervals: each mean outside of the other's interval. For the same problems, whose
 * two values correlate with 0.5, this is the paired test at 95%.
 */
export function change(
  before: Estimate | null | undefined,
  after: Estimate | null | undefined,
): 'up' | 'down' | 'same' | null {
  if (!before || !after) return null;
  if (after.mean > before.high && before.mean < after.low) return 'up';
  if (after.mean < before.low && before.mean > after.high) return 'down';
  return 'same';
}

/**
 * The evaluation before the first step, and the latest one after a step, at or before `at`; null without.
 * @param evaluations in the order of their steps
 */
export function beforeAfter(evaluations: readonly EvaluationRecord[], at = Number.POSITIVE_INFINITY) {
  return {
    before: evaluations.find(({ step }) => step === 0) ?? null,
    after: evaluations.findLast(({ step }) => step > 0 && step <= at) ?? null,
  };
}

/** The two evaluations that show what training changed; null without both. */
export function comparedEvaluations(
  evaluations: readonly EvaluationRecord[],
  at = Number.POSITIVE_INFINITY,
): BeforeAfter | null {
  const { before, after } = beforeAfter(evaluations, at);
  return before && after ? { source: 'evaluation', before, after } : null;
}

/** The diagnosis of a run at a step, and what was compared for it: evaluations, else the rollouts that trained. */
export function diagnosisAt(columns: RunColumns, at = Number.POSITIVE_INFINITY) {
  const { evaluations, warnings } = columns.head;
  const comparison = comparedEvaluations(evaluations, at) ?? comparedRollouts(columns, at);
  const diagnosis = diagnose(
    comparison,
    warnings.filter(({ step }) => (step ?? 0) <= at),
  );
  return { diagnosis, comparison };
}

/** The first and the latest training rollouts of every problem that trained at two steps or more; null without any. */
function comparedRollouts(columns: RunColumns, at: number): BeforeAfter | null {
  const { step } = columns.groups.columns;
  const { phase } = columns.groups.columns;
  const trained = (row: number) => phase[row] === TRAIN && step[row]! <= at;
  const pairs = columns.sampled.flatMap((problem) => {
    const rows = columns.rowsOf(problem);
    const [first, last] = [rows.find(trained), rows.findLast(trained)];
    return first !== undefined && last !== undefined && first !== last ? [[first, last] as const] : [];
  });
  if (pairs.length === 0) return null;
  const measure = (rows: number[]) => measured(columns, rows);
  return { source: 'train', before: measure(pairs.map(([row]) => row)), after: measure(pairs.map(([, row]) => row)) };
}

function measured(columns: RunColumns, rows: readonly number[]): MeasuredAccuracy {
  const { step, rollouts, accuracy, correct, share } = columns.groups.columns;
  const steps = rows.map((row) => step[row]!);
  const right = (row: number) => Number(truth(correct[row]!) ?? false);
  const isLabeled = (row: number) => known(accuracy[row]!) !== null;
  const labeled = rows.filter(isLabeled);
  return {
    step: steps.reduce((most, one) => Math.max(most, one), 0),
    problems: rows.length,
    samples: rollouts[rows[0]!]!,
    accuracy: estimate(labeled.map((row) => accuracy[row]!)),
    majorityAccuracy: estimate(labeled.map(right)),
    passAtK: estimate(labeled.map((row) => Number(accuracy[row]! > 0))),
    majorityShare: mean(rows.map((row) => known(share[row]!))),
  };
}

/** A mean of shares over problems; the interval has a width for few problems too. null without values. */
function estimate(shares: readonly number[]): Estimate | null {
  const center = mean(shares);
  return center === null ? null : wilson(center * shares.length, shares.length);
}
