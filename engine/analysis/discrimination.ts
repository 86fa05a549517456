/** How well a score separates correct from wrong: AUROC, plain and clustered, and the Brier score. null if undefined. */
import type { Estimate } from '../protocol/records.ts';
import { EQUALITY_TOLERANCE, ranks } from './correlation.ts';
import { bootstrap, boundedInterval, percentileInterval } from './estimates.ts';

/**
 * Fewest binary outcomes, all alike, whose Wilson interval can exclude one half: fewer do not decide a criterion. For an
 * AUROC, the fewest units in the smaller class: 4 against 4 in perfect order have p = 2 / 70, 3 against 3 have p = 2 / 20.
 */
export const MIN_OUTCOMES = 4;

/**
 * AUROC: probability that a positive scores above a negative, where a tie counts one half (Mann and Whitney 1947). In
 * [0, 1], 0.5 for an uninformative score. null without a positive or without a negative.
 */
export function auroc(scores: readonly number[], positive: readonly boolean[]): number | null {
  const positives = positive.filter(Boolean).length;
  const negatives = positive.length - positives;
  if (positives === 0 || negatives === 0) return null;
  const rank = ranks(scores);
  const sum = rank.reduce((total, r, i) => (positive[i] ? total + r : total), 0);
  return (sum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** AUROC over units such as problems, with an interval as in `clusteredAuroc`; null as for `auroc`. */
export function aurocEstimate(scores: readonly number[], positive: readonly boolean[]): Estimate | null {
  return clusteredAuroc(
    scores,
    positive,
    scores.map((_, i) => i),
  );
}

/**
 * AUROC over clustered scores (the rollouts of a problem), with the percentile interval of a bootstrap over clusters.
 * `cluster` has the cluster of each score: any number. If fewer than 4 clusters have a positive, or a negative, or if all
 * resamples are alike (a perfect order remains one), the interval is Wilson's with the number of clusters of the smaller
 * class (`boundedInterval`). null as for `auroc`.
 */
export function clusteredAuroc(
  scores: readonly number[],
  positive: readonly boolean[],
  cluster: readonly number[],
): Estimate | null {
  const value = auroc(scores, positive);
  if (value === null) return null;
  const smaller = clustersOfSmallerClass(positive, cluster);
  if (smaller < MIN_OUTCOMES) return boundedInterval(value, smaller);
  const places = new Map([...new Set(cluster)].map((name, place) => [name, place]));
  const order = scores.map((_, i) => i).sort((a, b) => scores[a]! - scores[b]!);
  const weights = new Float64Array(places.size);
  const sorted = order.map((i) => ({ score: scores[i]!, positive: positive[i]!, place: places.get(cluster[i]!)! }));
  // After sorting once, each resample is a single pass, with the number of times that a cluster was drawn as its weight.
  const interval = percentileInterval(places.size, (drawn) => {
    weights.fill(0);
    for (const i of drawn) weights[i]!++;
    let [positives, negatives, wins] = [0, 0, 0];
    for (let start = 0; start < sorted.length; ) {
      let [up, down] = [0, 0];
      const { score } = sorted[start]!;
      for (; start < sorted.length && sorted[start]!.score === score; start++) {
        const weight = weights[sorted[start]!.place]!;
        if (sorted[start]!.positive) up += weight;
        else down += weight;
      }
      wins += up * (negatives + down / 2);
      positives += up;
      negatives += down;
    }
    return positives === 0 || negatives === 0 ? null : wins / (positives * negatives);
  });
  if (interval === null || interval.high - interval.low < EQUALITY_TOLERANCE) return boundedInterval(value, smaller);
  return { mean: value, low: Math.min(value, interval.low), high: Math.max(value, interval.high) };
}

/** Number of clusters with a positive, or with a negative, whichever is smaller. */
export function clustersOfSmallerClass(positive: readonly boolean[], cluster: readonly number[]): number {
  const having = (which: boolean) => new Set(cluster.filter((_, i) => positive[i] === which)).size;
  return Math.min(having(true), having(false));
}

/**
 * Brier score: mean squared difference between probability and outcome (Brier 1950), with a bootstrap over units. In
 * [0, 1], smaller is better; 0.25 for a constant 0.5. null without units.
 */
export function brier(probabilities: readonly number[], outcomes: readonly boolean[]): Estimate | null {
  return bootstrap(probabilities.map((p, i) => (p - (outcomes[i] ? 1 : 0)) ** 2));
}
