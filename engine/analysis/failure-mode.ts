/**
 * How a run failed, determined from its measured curves by stated rules: gradually, by short or by repetitive
 * responses, or by breaking down. These read labels; what warns without them is in `watch.ts`. Pure.
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

/** The steps of a run as points of its curve; those that lack the reward or the length are left out. */
export function curveOf(steps: readonly CurveStep[]): CurvePoint[] {
  return steps.flatMap(({ step, metrics: { proxyReward, groundTruthReward, length, repetition } }) =>
    proxyReward === null || length === null ? [] : { step, proxyReward, groundTruthReward, length, repetition },
  );
}

/** A measured truth: accuracy at a step. */
export interface TruthPoint {
  step: number;
  value: number;
}

export const FAILURES = ['none', 'gradual', 'length', 'repetition', 'breakdown'] as const;
export type FailureMode = (typeof FAILURES)[number];

/** The thresholds of `classifyRun` and `fallStep`. */
export const FAILURE_RULES = {
  /** Steps averaged at both ends: a tenth of the run, but at least 1 and at most 10. */
  windowShare: 0.1,
  largestWindow: 10,
  /** The truth fell when its end is below this share of its peak, and at least this much below it ... */
  ofPeak: 0.8,
  drop: 0.05,
  /** ... and this many standard errors: batches differ in how hard they are. */
  errors: 3,
  /** Evaluations are the truth once there are this many; else the rollouts of the steps are. */
  evaluations: 4,
  /** Repetition: the end repeats this share of trigrams, and this much more than the start. */
  repeated: 0.3,
  repeatedMore: 0.2,
  /** Length: the end is this share of the start, or less. */
  shorter: 0.5,
} as const;

export interface RunFailure {
  mode: FailureMode;
  /** One sentence with the numbers that decided. */
  reason: string;
  /** Window means: of the first and the last steps, and the largest; null without labels. */
  truth: { start: number; peak: number; end: number; peakStep: number; of: 'evaluations' | 'steps' } | null;
  proxy: { start: number; end: number };
  length: { start: number; end: number };
  repetition: { start: number; end: number } | null;
}

/**
 * How a run failed. The truth is the accuracy of the evaluations, where there are 4 or more (each a window of its own),
 * else the mean correctness of the steps' rollouts; "fell", "start" and "end" are as `FAILURE_RULES` says. In this order:
 * - `none`: the truth did not fall (without labels: neither length nor repetition says otherwise);
 * - `repetition`: it fell, and responses repeat themselves;
 * - `length`: it fell, and responses are half as long or less;
 * - `gradual`: it fell, while the proxy reward ended at or above its start;
 * - `breakdown`: it fell, and the proxy with it: the updates broke the model, not the reward.
 * Throws RangeError without steps.
 * @param evaluations accuracy by step, where there were evaluations
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
  const points = evaluated ? evaluations : truthOf(curve);
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

function truthOf(curve: readonly Pick<CurvePoint, 'step' | 'groundTruthReward'>[]): TruthPoint[] {
  return curve.flatMap(({ step, groundTruthReward }) =>
    groundTruthReward === null ? [] : { step, value: groundTruthReward },
  );
}

/** Means over `window` points, each at its last point's step; over all of them where there are fewer. */
function smooth(points: readonly TruthPoint[], window: number): TruthPoint[] {
  const size = Math.max(1, Math.min(window, points.length));
  return points.slice(size - 1).map(({ step }, i) => ({
    step,
    value: mean(points.slice(i, i + size).map(({ value }) => value))!,
  }));
}

/**
 * Standard error of the difference of two window means, from the differences of neighboring points, which a slow fall
 * does not widen (von Neumann 1941): sd = sqrt(mean(d^2) / 2), error = sd sqrt(2 / window).
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
 * The step at which the truth fell for good, for scoring what warned of it: the first from which the smoothed truth has
 * fallen below its peak, as `FAILURE_RULES` says, and stays so to the end, for one window at least. null when it does
 * not, or without labels. A run that is broken within the first window has no peak to fall from.
 */
export function fallStep(
  steps: readonly { step: number; groundTruthReward: number | null }[],
  window = windowOf(steps.length),
): number | null {
  const points = truthOf(steps);
  const smoothed = smooth(points, window);
  const peak = largest(smoothed.map(({ value }) => value));
  const error = noise(points, window);
  let first = smoothed.length;
  while (first > 0 && hasFallen(peak, smoothed[first - 1]!.value, error)) first--;
  return smoothed.length - first < window ? null : (smoothed[first]?.step ?? null);
}
