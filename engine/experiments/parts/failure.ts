/** When and how a run failed. */
import { type CollapseStep, collapseStep } from '../../analysis/collapse.ts';
import { classifyRun, curveOf, type RunFailure } from '../../analysis/failure-mode.ts';
import type { ExperimentRun } from '../experiment.ts';
import { accuracyCurve, metricCurve, smoothed, stepsOf } from './curves.ts';

/** The last step of a run that ended because its weights became non-finite; null for other runs. */
export function nonFiniteStep(run: ExperimentRun): number | null {
  const end = run.records.findLast((record) => record.type === 'end');
  return end?.error?.code === 'non-finite' ? end.step : null;
}

/** How a run failed, by the rules of `classifyRun`, or by its weights; null without steps. */
export function failureOf(run: ExperimentRun): RunFailure | null {
  const curve = curveOf(stepsOf(run));
  if (curve.length === 0) return null;
  const failure = classifyRun(curve, accuracyCurve(run));
  const broken = nonFiniteStep(run);
  return broken === null || failure.mode !== 'none'
    ? failure
    : { ...failure, mode: 'breakdown', reason: `the weights became non-finite (NaN/Inf) after step ${broken}` };
}

/** A model counts as lost when its correctness, averaged over `window` steps, is below this share of its peak. */
export const LOSS_CRITERION = { left: 0.2, window: 3 } as const;

/**
 * The first step after the peak at which the averaged correctness of the rollouts is below a fifth of that peak: a model
 * cannot lose what it has not learned yet. A run whose weights became non-finite is lost by then.
 */
export function lossStep(run: ExperimentRun): CollapseStep {
  const truth = metricCurve(run, (m) => m.groundTruthReward);
  const whole = smoothed(truth, LOSS_CRITERION.window).slice(LOSS_CRITERION.window - 1);
  const peak = whole.reduce((best, point) => (point.value > best.value ? point : best), { step: 0, value: 0 });
  const first = truth.findIndex(({ step }) => step === peak.step) + 1 - LOSS_CRITERION.window;
  const found = collapseStep(
    truth.slice(Math.max(0, first)).map(({ step, value }) => ({ step, rewardAccuracy: value })),
    { threshold: LOSS_CRITERION.left * peak.value, window: LOSS_CRITERION.window },
  );
  return { ...found, step: found.step ?? nonFiniteStep(run) };
}
