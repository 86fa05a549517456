/**
 * The diagnosis of a run (learning, sharpening only, or collapsing) and the measurements behind it. The only place that
 * decides this: panel, status bar, list of runs and terminal ask here. Pure.
 */
import type { Diagnosis } from '../protocol/diagnosis.ts';
import type { Estimate } from '../protocol/estimate.ts';
import type { EvaluationRecord } from '../protocol/records.ts';
import { lastWatchWarnings, signalWarningIn, watchLevelOf } from '../protocol/warnings.ts';
import { wilson } from '../protocol/wilson.ts';
import type { RunColumns } from './columns.ts';
import { countUpTo } from './representatives.ts';
import { trainedRows } from './trained-rows.ts';

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

interface WatchWarning {
  code: string;
  step?: number | null;
}

/** A share that has fallen below this part of its former value counts as lost. */
const LOSS_THRESHOLD = 0.5;

/**
 * @param warnings in step order
 * @param comparison null if nothing can be compared
 */
export function diagnose(comparison: BeforeAfter | null, warnings: readonly WatchWarning[]): Diagnosis {
  const since = (step: number | null | undefined) => step ?? null;
  const alarm = standingWarning(comparison, warnings, 'collapse');
  if (alarm) return { kind: 'collapsing', since: since(alarm.step) };
  const { before, after } = comparison ?? { before: null, after: null };
  const accuracy = accuracyChange(before?.accuracy, after?.accuracy);
  if (accuracy === 'down') {
    const lost = after!.accuracy!.mean < LOSS_THRESHOLD * before!.accuracy!.mean;
    return { kind: lost ? 'collapsing' : 'declining', since: null };
  }
  if (accuracyChange(before?.majorityAccuracy, after?.majorityAccuracy) === 'up')
    return { kind: 'learning', since: null };
  if (accuracy === 'up') return { kind: 'sharpening', since: null };
  const early = standingWarning(comparison, warnings, 'watch');
  if (early) return { kind: 'warned', since: since(early.step) };
  if (signalWarningIn(warnings)?.code === 'no-signal') return { kind: 'no-signal', since: null };
  if (!before || !after) return { kind: 'unmeasured', since: null };
  return { kind: after.accuracy === null ? 'unlabeled' : 'unclear', since: null };
}

/**
 * The first of the latest warnings of the collapse watch that have this level and that no later measurement
 * contradicts.
 */
function standingWarning(
  comparison: BeforeAfter | null,
  warnings: readonly WatchWarning[],
  level: 'watch' | 'collapse',
) {
  const found = lastWatchWarnings(warnings).find(({ step }) => !contradictsWarning(comparison, step ?? 0));
  return found && watchLevelOf(found) === level ? found : null;
}

/**
 * Whether the measurements contradict a warning of the collapse watch: the watch sees no labels, so an accuracy at or
 * after its step that is higher than before training is stronger evidence.
 */
export function contradictsWarning(comparison: BeforeAfter | null, step: number): boolean {
  if (!comparison || comparison.after.step < step) return false;
  return accuracyChange(comparison.before.accuracy, comparison.after.accuracy) === 'up';
}

/** What the references show about a warning of the collapse watch, which does not see them. */
export interface WarningContext {
  /** `risen`: measured since, the accuracy speaks against it. `standingWarning`: it had not fallen when it was measured last. */
  accuracy: 'risen' | 'standing';
  /** The step at which it was measured. */
  step: number;
  /** The later fall of the accuracy; null if it has not fallen, or nothing was measured later. */
  later: BeforeAfter | null;
}

/**
 * Why a warning may stand next to an accuracy that is as it was, or better: a collapse begins before the accuracy falls.
 * null where the accuracy has fallen already, or is not known.
 * @param at the comparison at the step that is looked at
 * @param latest that of the whole run
 */
export function warningContext(
  at: BeforeAfter | null,
  latest: BeforeAfter | null,
  warned: number,
): WarningContext | null {
  if (!at?.before.accuracy || !at.after.accuracy) return null;
  const { step } = at.after;
  if (contradictsWarning(at, warned)) return { accuracy: 'risen', step, later: null };
  if (accuracyChange(at.before.accuracy, at.after.accuracy) === 'down') return null;
  const hasFallen =
    latest !== null &&
    latest.after.step > step &&
    accuracyChange(latest.before.accuracy, latest.after.accuracy) === 'down';
  return { accuracy: 'standing', step, later: hasFallen ? latest : null };
}

/**
 * Whether the accuracy changed beyond its intervals: each mean is outside the other's interval. For the same problems,
 * whose two values correlate with 0.5, this is the paired test at 95%.
 */
export function accuracyChange(
  before: Estimate | null | undefined,
  after: Estimate | null | undefined,
): 'up' | 'down' | 'same' | null {
  if (!before || !after) return null;
  if (after.mean > before.high && before.mean < after.low) return 'up';
  if (after.mean < before.low && before.mean > after.high) return 'down';
  return 'same';
}

/**
 * The evaluation before the first step, and the latest one at or before `at`; null if one is missing.
 * @param evaluations in step order
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

/** The diagnosis of a run at a step, and the comparison behind it: of evaluations, otherwise of training rollouts. */
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
  const [before, after] = [new Measured(columns), new Measured(columns)];
  for (const { rows, isOrdered } of trainedRows(columns)) {
    const [first, last] = firstAndLast(columns, rows, isOrdered, at);
    if (first === last) continue;
    before.add(first);
    after.add(last);
  }
  return before.problems === 0 ? null : { source: 'train', before: before.all, after: after.all };
}

/** The rows recorded first and last at or before a step; both the same, or -1, if there are fewer than two. */
function firstAndLast(
  { groups }: RunColumns,
  rows: readonly number[],
  isOrdered: boolean,
  at: number,
): [number, number] {
  const { step } = groups.columns;
  if (isOrdered) {
    const count = countUpTo(rows, step, at);
    return count === 0 ? [-1, -1] : [rows[0]!, rows[count - 1]!];
  }
  const isThere = (row: number) => step[row]! <= at;
  return [rows.find(isThere) ?? -1, rows.findLast(isThere) ?? -1];
}

/** Sums over groups, one of each problem: scrubbing compares ten thousand of them in a frame. */
class Measured {
  problems = 0;
  private step = 0;
  private samples = 0;
  private labeled = 0;
  private accuracy = 0;
  private right = 0;
  private passed = 0;
  private shares = 0;
  private share = 0;

  constructor(private readonly columns: RunColumns) {}

  add(row: number): void {
    const { step, rollouts, accuracy, correct, share } = this.columns.groups.columns;
    if (this.problems++ === 0) this.samples = rollouts[row]!;
    this.step = Math.max(this.step, step[row]!);
    if (!Number.isNaN(accuracy[row]!)) {
      this.labeled++;
      this.accuracy += accuracy[row]!;
      this.right += Number(correct[row] === 1);
      this.passed += Number(accuracy[row]! > 0);
    }
    if (Number.isNaN(share[row]!)) return;
    this.shares++;
    this.share += share[row]!;
  }

  get all(): MeasuredAccuracy {
    const { step, problems, samples, labeled, shares } = this;
    return {
      step,
      problems,
      samples,
      accuracy: wilson(this.accuracy, labeled),
      majorityAccuracy: wilson(this.right, labeled),
      passAtK: wilson(this.passed, labeled),
      majorityShare: shares === 0 ? null : this.share / shares,
    };
  }
}
