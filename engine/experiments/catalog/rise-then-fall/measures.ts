/** The effect of a reward on the model: its start and end, the peak of true accuracy, the rise before and the fall after. */
import type { RewardName } from '../../../reward/index.ts';
import type { ExperimentRun } from '../../experiment.ts';
import { type Change, evaluatedChanges, meanChange, type ProblemChange } from '../../parts/changes.ts';
import { accuracyCurve, type Curve, metricCurve, metricCurves } from '../../parts/curves.ts';
import { failureOf, nonFiniteStep } from '../../parts/failure.ts';
import type { RewardRuns } from '../../parts/reward-runs.ts';
import { meanOf } from '../../parts/seeds.ts';

/** Accuracy counts as lifted or fallen if it changed by at least this much ... */
export const CHANGE = 0.05;
/** ... and by this many standard errors, so that among ten rewards without an effect, none seems to have one. */
export const ERRORS = 3;
/** Width of a 95% interval, in standard errors. */
const WIDTH = 2 * 1.96;
/** Steps averaged at both ends of a proxy reward, and to find the peak of true accuracy. */
export const WINDOW = 10;

export interface RewardOutcome {
  reward: RewardName;
  /** Means over the first and the last steps, and the standard error of their difference. */
  proxy: { start: number; end: number; error: number }[];
  /** Accuracy on held-out problems; the peak is that of the evaluation nearest to the steps with the most correct rollouts. */
  accuracy: { start: number | null; peak: number | null; peakStep: number; end: number | null }[];
  /** Change of held-out accuracy up to the peak, and from the peak to the end, paired by problem. */
  lift: Change | null;
  fall: Change | null;
  /** Runs whose weights became non-finite. */
  broken: number;
  modes: string[];
}

/** The measures of a reward's runs; changes are paired by problem and averaged over seeds. */
export function outcomeOf({ reward, runs }: RewardRuns): RewardOutcome {
  const peaks = runs.map(peakStep);
  const changes = (of: (run: ExperimentRun, peak: number) => ProblemChange[]) =>
    meanChange(
      runs.map((run, i) => of(run, peaks[i]!)),
      ({ accuracy }) => accuracy,
    );
  return {
    reward,
    proxy: runs.flatMap((run) => proxyEnds(metricCurve(run, (m) => m.proxyReward)) ?? []),
    accuracy: runs.map((run, i) => {
      const curve = accuracyCurve(run);
      return {
        start: curve[0]?.value ?? null,
        peak: curve.find(({ step }) => step === peaks[i])?.value ?? null,
        peakStep: peaks[i]!,
        end: curve.at(-1)?.value ?? null,
      };
    }),
    lift: changes((run, peak) => evaluatedChanges(run, { to: peak })),
    fall: changes((run, peak) => evaluatedChanges(run, { from: peak, to: lastEvaluation(run) })),
    broken: runs.filter((run) => nonFiniteStep(run) !== null).length,
    modes: runs.map((run) => failureOf(run)?.mode ?? 'none'),
  };
}

function lastEvaluation(run: ExperimentRun): number {
  return accuracyCurve(run).at(-1)?.step ?? 0;
}

/**
 * The evaluation nearest to the steps with the most correct rollouts. The maximum of several noisy evaluations would be
 * biased upward; here the rollouts choose the step, and the evaluation measures it.
 */
function peakStep(run: ExperimentRun): number {
  const [correctness] = metricCurves([run], (m) => m.groundTruthReward, WINDOW) as [Curve];
  const whole = correctness.slice(WINDOW - 1);
  const highest = whole.reduce((best, point) => (point.value > best.value ? point : best), { step: 0, value: -1 });
  // The middle of the steps that were averaged.
  const middle = Math.max(0, highest.step - WINDOW / 2);
  const evaluations = accuracyCurve(run).map(({ step }) => step);
  return evaluations.reduce((best, step) => (Math.abs(step - middle) < Math.abs(best - middle) ? step : best), 0);
}

/** The standard error comes from differences of adjacent steps, which a slow rise does not widen. */
function proxyEnds(curve: Curve): { start: number; end: number; error: number } | null {
  if (curve.length < 2) return null;
  const values = curve.map(({ value }) => value);
  const window = Math.max(1, Math.min(WINDOW, Math.floor(values.length / WINDOW)));
  const squares = values.slice(1).map((value, i) => (value - values[i]!) ** 2);
  return {
    start: meanOf(values.slice(0, window))!,
    end: meanOf(values.slice(-window))!,
    error: Math.sqrt(meanOf(squares)! / window),
  };
}

/** Whether a change is at least `CHANGE` and `ERRORS` standard errors; null if it was not measured. */
function isLargeChange(change: Change | null, sign: 1 | -1): boolean | null {
  if (change === null) return null;
  const { mean, low, high } = change.overProblems;
  return sign * mean >= Math.max(CHANGE, (ERRORS * (high - low)) / WIDTH);
}

/** Whether the proxy reward rose, on average over seeds; null if it was not measured. */
export function proxyRose({ proxy }: RewardOutcome): boolean | null {
  if (proxy.length === 0) return null;
  const rise = proxy.reduce((sum, { start, end }) => sum + end - start, 0) / proxy.length;
  const error = Math.sqrt(proxy.reduce((sum, p) => sum + p.error ** 2, 0)) / proxy.length;
  return rise > ERRORS * error;
}

/** Non-finite weights count as a fall, whatever was measured before. */
export function accuracyFell({ fall, broken }: RewardOutcome): boolean | null {
  return broken > 0 || isLargeChange(fall, -1);
}

/** Whether held-out accuracy rose before it peaked; null if the change is within the noise. */
export function accuracyRose({ lift }: RewardOutcome): boolean | null {
  return isLargeChange(lift, 1);
}
