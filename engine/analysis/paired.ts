/** Compares two binary outcomes of the same problems: whether they differ, and by how much. Pure. */
import type { Estimate } from '../protocol/estimate.ts';
import { wilson } from '../protocol/wilson.ts';

/** Problems by both outcomes. */
export interface PairedOutcomes {
  bothRight: number;
  onlyFirst: number;
  onlySecond: number;
  bothWrong: number;
}

/** The four counts of a 2 x 2 table of pairs. */
export function pairedOutcomes(pairs: readonly (readonly [first: boolean, second: boolean])[]): PairedOutcomes {
  const count = (a: boolean, b: boolean) => pairs.filter(([first, second]) => first === a && second === b).length;
  return {
    bothRight: count(true, true),
    onlyFirst: count(true, false),
    onlySecond: count(false, true),
    bothWrong: count(false, false),
  };
}

/**
 * Exact two-sided p-value of McNemar's test (McNemar 1947): if both were correct equally often, a problem that only one of
 * them gets right would be on either side with probability 1/2. Twice the smaller tail of that binomial distribution, at
 * most 1; 1 if no outcome differs.
 */
export function mcnemar({ onlyFirst, onlySecond }: PairedOutcomes): number {
  const n = onlyFirst + onlySecond;
  // In logarithms, since 2^-n underflows for large n.
  let term = -n * Math.LN2;
  let tail = Math.exp(term);
  for (let k = 1; k <= Math.min(onlyFirst, onlySecond); k++) {
    term += Math.log((n - k + 1) / k);
    tail += Math.exp(term);
  }
  return Math.min(1, 2 * tail);
}

/**
 * Share correct in the second minus share correct in the first, with Newcombe's 95% interval for paired proportions
 * (Newcombe 1998, Statistics in Medicine 17:2635, method 10): the root of the summed squared distances of both Wilson
 * intervals, with the correlation of the outcomes, continuity-corrected if positive. null without problems.
 */
export function pairedProportions({ bothRight, onlyFirst, onlySecond, bothWrong }: PairedOutcomes): Estimate | null {
  const n = bothRight + onlyFirst + onlySecond + bothWrong;
  const first = wilson(bothRight + onlyFirst, n);
  const second = wilson(bothRight + onlySecond, n);
  if (!first || !second) return null;
  const product = bothRight * bothWrong - onlyFirst * onlySecond;
  const corrected = product > n / 2 ? product - n / 2 : Math.min(0, product);
  const margins =
    (bothRight + onlyFirst) * (bothWrong + onlySecond) * (bothRight + onlySecond) * (bothWrong + onlyFirst);
  const phi = margins === 0 ? 0 : corrected / Math.sqrt(margins);
  const distance = (a: number, b: number) => Math.sqrt(Math.max(0, a * a - 2 * phi * a * b + b * b));
  const mean = second.mean - first.mean;
  return {
    mean,
    low: Math.max(-1, mean - distance(second.mean - second.low, first.high - first.mean)),
    high: Math.min(1, mean + distance(second.high - second.mean, first.mean - first.low)),
  };
}
