/**
 * How a run failed, from its measured curves by explicit rules: gradually, by short or by repetitive responses, or by
 * breaking down. The rules use labels; `watch.ts` warns without them. Pure.
 */
import { quantityText } from '../protocol/quantities.ts';
import type { StepRecord } from '../protocol/records.ts';
import { largest, mean } from '../protocol/values.ts';

/** The curves of a run, one entry per step. */
export interface CurvePoint {
  step: number;
  proxyReward: number;
  /** Correctness of the rollouts; null without labels. */
  groundTruthReward: number | null;
  length: number;
  repetition: number | null;
}

interface CurveStep extends Pick<StepRecord, 'step'> {
  metrics: Pick<StepRecord['metrics'], 'proxyReward' | 'groundTruthReward' | 'length' | 'repetition'>;
}

/** The steps of a run as points of its curve, without those that lack the reward or the length. */
export function curveOf(steps: readonly CurveStep[]): CurvePoint[] {
  return steps.flatMap(({ step, metrics: { proxyReward, groundTruthReward, length, repetition } }) =>
    proxyReward === null || length === null ? [] : { step, proxyReward, groundTruthReward, length, repetition },
  );
}

/** Ground-truth accuracy at a step. */
export interface TruthPoint {
  step: number;
  value: number;
}

export const FAILURES = ['none', 'gradual', 'length', 'repetition', 'breakdown'] as const;
export type FailureMode = (typeof FAILURES)[number];

/** The thresholds of `classifyRun` and `fallStep`. */
export const FAILURE_RULES = {
  /** Share of the steps averaged at both ends, limited to 1 to 10 steps. */
  windowShare: 0.1,
  largestWindow: 10,
  /** Ground-truth accuracy fell if its end is below this share of its peak, and lower by at least this much ... */
  ofPeak: 0.8,
  drop: 0.05,
  /** ... and by this many standard errors, since batches differ in difficulty. */
  errors: 3,
  /** With at least this many evaluations they are the ground truth, else the rollouts of the steps. */
  evaluations: 4,
  /** Repetition: the share of repeated trigrams at the end, and its minimum rise since the start. */
  repeated: 0.3,
  repeatedMore: 0.2,
  /** Length: the end is at most this share of the start. */
  shorter: 0.5,
} as const;

export interface RunFailure {
  mode: FailureMode;
  /** One sentence with the deciding numbers. */
  reason: string;
  /** Window means: the first, the largest and the last; null without labels. */
  truth: { start: number; peak: number; end: number; peakStep: number; of: 'evaluations' | 'steps' } | null;
  proxy: { start: number; end: number };
  length: { start: number; end: number };
  repetition: { start: number; end: number } | null;
}

/**
 * How a run failed. Ground truth is the accuracy of the evaluations if there are at least 4 (each a window of its own), else
 * the mean correctness of the steps' rollouts; `FAILURE_RULES` defines "fell", "start" and "end". In this order:
 * - `none`: accuracy did not fall (without labels: neither length nor repetition indicates a failure);
 * - `repetition`: it fell, and responses repeat themselves;
 * - `length`: it fell, and responses are at most half as long;
 * - `gradual`: it fell, while the proxy reward ended at or above its start;
 * - `breakdown`: it fell together with the proxy reward: the updates broke the model, not the reward.
 * Throws RangeError without steps.
 * @param evaluations accuracy by step, if there were evaluations
 */
export function classifyRun(curve: readonly CurvePoint[], evaluations: readonly TruthPoint[] = []): RunFailure {
  if (curve.length === 0) throw new RangeError('no steps to classify');
  const { repeated, repeatedMore, shorter } = FAILURE_RULES;
  const window = windowOf(curve.length);
  const proxy = ends(
    curve.map((point) => point.proxyReward),
    window,
  );
  const length = ends(
    curve.map((point) => point.length),
    window,
  );
  const repetitions = curve.flatMap((point) => point.repetition ?? []);
  const repetition = repetitions.length === 0 ? null : ends(repetitions, window);
  const evaluated = evaluations.length >= FAILURE_RULES.evaluations;
  const points = evaluated ? evaluations : truthCurve(curve);
  const smoothed = smooth(points, evaluated ? 1 : window);
  const truth = smoothed.length === 0 ? null : summarized(smoothed, evaluated ? 'evaluations' : 'steps');
  const fell = truth === null ? null : hasFallen(truth.peak, truth.end, evaluated ? 0 : noise(points, window));
  const repeats =
    repetition !== null && repetition.end >= repeated && repetition.end - repetition.start >= repeatedMore;
  const shrank = length.end <= shorter * length.start;
  const found = (mode: FailureMode, reason: string): RunFailure => ({ mode, reason, truth, proxy, length, repetition });

  const fall = truth
    ? `ground-truth accuracy fell from ${quantityText('accuracy', truth.peak)} to ${quantityText('accuracy', truth.end)}`
    : 'no labels';
  if (fell === false) {
    return found(
      'none',
      `ground-truth accuracy ended at ${quantityText('accuracy', truth!.end)}, peak ${quantityText('accuracy', truth!.peak)}`,
    );
  }
  if (repeats) {
    return found(
      'repetition',
      `${fall}, and repetition rose from ${quantityText('share', repetition.start)} to ${quantityText('share', repetition.end)}`,
    );
  }
  if (shrank) {
    return found(
      'length',
      `${fall}, and responses shrank from ${quantityText('length', length.start)} to ${quantityText('length', length.end)} tokens`,
    );
  }
  if (fell === null) return found('none', 'no labels; no length or repetition failure');
  const proxyWords = `the proxy reward went from ${quantityText('reward', proxy.start)} to ${quantityText('reward', proxy.end)}`;
  return found(proxy.end >= proxy.start ? 'gradual' : 'breakdown', `${fall}, while ${proxyWords}`);
}

function windowOf(steps: number): number {
  return Math.max(1, Math.min(FAILURE_RULES.largestWindow, Math.floor(steps * FAILURE_RULES.windowShare)));
}

function ends(values: readonly number[], window: number): { start: number; end: number } {
  return { start: mean(values.slice(0, window))!, end: mean(values.slice(-window))! };
}

function truthCurve(curve: readonly Pick<CurvePoint, 'step' | 'groundTruthReward'>[]): TruthPoint[] {
  return curve.flatMap(({ step, groundTruthReward }) =>
    groundTruthReward === null ? [] : { step, value: groundTruthReward },
  );
}

/** Means over `window` points, or over all if there are fewer, each at its last point's step. */
function smooth(points: readonly TruthPoint[], window: number): TruthPoint[] {
  const size = Math.max(1, Math.min(window, points.length));
  return points.slice(size - 1).map(({ step }, i) => ({
    step,
    value: mean(points.slice(i, i + size).map(({ value }) => value))!,
  }));
}

/**
 * Standard error of the difference of two window means, from differences of adjacent points, which a slow fall does not
 * widen (von Neumann 1941): sd = sqrt(mean(d^2) / 2), error = sd sqrt(2 / window).
 */
function noise(points: readonly TruthPoint[], window: number): number {
  const squares = mean(points.slice(1).map(({ value }, i) => (value - points[i]!.value) ** 2)) ?? 0;
  return Math.sqrt(squares / window);
}

function hasFallen(peak: number, end: number, error: number): boolean {
  const { ofPeak, drop, errors } = FAILURE_RULES;
  return end < ofPeak * peak && peak - end >= Math.max(drop, errors * error);
}

function summarized(smoothed: readonly TruthPoint[], of: 'evaluations' | 'steps') {
  const peak = smoothed.reduce((best, point) => (point.value > best.value ? point : best));
  return { start: smoothed[0]!.value, peak: peak.value, peakStep: peak.step, end: smoothed.at(-1)!.value, of };
}

/**
 * The step of a permanent fall, for scoring warnings: the first step from which the smoothed ground-truth accuracy stays
 * below its peak, as defined in `FAILURE_RULES`, to the end and for at least one window. null without such a fall, or
 * without labels. A run that breaks within the first window has no peak to fall from.
 */
export function fallStep(
  steps: readonly { step: number; groundTruthReward: number | null }[],
  window = windowOf(steps.length),
): number | null {
  const points = truthCurve(steps);
  const smoothed = smooth(points, window);
  const peak = largest(smoothed.map(({ value }) => value));
  const error = noise(points, window);
  let first = smoothed.length;
  while (first > 0 && hasFallen(peak, smoothed[first - 1]!.value, error)) first--;
  return smoothed.length - first < window ? null : (smoothed[first]?.step ?? null);
}
