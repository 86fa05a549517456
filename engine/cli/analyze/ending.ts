/** How a run ended: the failure mode, the Model Collapse Step, the training signal, the collapse watch. */
import { collapseStep, collapseText } from '../../analysis/collapse.ts';
import { classifyRun, curveOf, type RunFailure } from '../../analysis/failure-mode.ts';
import type { RunReward } from '../../reward/index.ts';
import type { RunColumns } from '../../runs/columns.ts';
import { hasNoSignal, type RecordedSignal, runSignal, signalText } from '../../runs/run-signal.ts';
import { collapseWarningAt } from '../../runs/watch.ts';

type Trained = Pick<RunReward, 'saysRight'> & Partial<Pick<RunReward, 'executes'>>;

/**
 * Classifies the curves of a run; null without a finished step.
 * @param saysRight whether the reward itself judges correctness, as the Model Collapse Step requires
 */
export function classifyEnding(columns: RunColumns, { saysRight, executes = false }: Trained) {
  const { series, head } = columns;
  const steps = series.rows('proxyReward', 'groundTruthReward', 'length', 'repetition', 'rewardAccuracy');
  const curve = curveOf(steps);
  if (curve.length === 0) return null;
  const accuracy = head.evaluations.flatMap((r) => (r.accuracy ? [{ step: r.step, value: r.accuracy.mean }] : []));
  const watch = collapseWarningAt({ head });
  return {
    failure: classifyRun(curve, accuracy),
    // If rewards execute programs, a response need not have an answer.
    signal: executes ? { ...runSignal(columns), noAnswer: null } : runSignal(columns),
    collapse: saysRight ? collapseStep(steps.map(({ step, metrics }) => ({ step, ...metrics }))) : null,
    watch,
  };
}

type Ending = NonNullable<ReturnType<typeof classifyEnding>>;

/**
 * The outcome, the Model Collapse Step and the alarm of the collapse watch, one line each.
 * @param reward the expression of the run's reward
 */
export function endingText({ failure, signal, collapse, watch }: Ending, reward: string): string {
  const last = watch ? `\n  collapse watch, step ${watch.step}: ${watch.message}` : '\n  collapse watch: no alarms';
  const step = collapse ? collapseText(collapse) : `not defined for ${reward}, which is not a correctness reward`;
  return `Outcome: ${outcomeText(failure, signal)}\n  Model Collapse Step (reward accuracy below 1%): ${step}${last}`;
}

/** If nothing failed but there was hardly anything to learn from, reports the weak training signal instead. */
export function outcomeText({ mode, reason }: RunFailure, signal: RecordedSignal): string {
  const lacking = signalText(signal);
  const failure = mode === 'none' ? 'no failure' : `${mode} failure`;
  if (lacking === null) return `${failure}: ${reason}`;
  if (mode !== 'none') return `${failure}: ${reason}; ${lacking}`;
  return `${hasNoSignal(signal) ? 'no' : 'weak'} training signal: ${lacking}; ${reason}`;
}
