/** Values of the problems in bins, and a bin as terms of the filter. Pure. */
import { scaleLinear } from 'd3-scale';
import type { ProblemView } from '../engine/runs/problem-view.ts';
import { wordsOf } from './filter.ts';

/** The values that have histograms; each is also a word of the filter. */
export const BINNED = ['reward', 'share', 'length'] as const;
export type Binned = (typeof BINNED)[number] & keyof ProblemView;

/** About so many bins. */
const BINS = 10;

export interface Bin {
  /** The lower edge is part of the bin, the upper edge only in the last bin. */
  from: number;
  to: number;
  isLast: boolean;
  count: number;
}

/** Edges of the bins: tenths if all values are shares, else round numbers. */
export function edgesOf(values: readonly number[]): number[] {
  if (values.length === 0) return [];
  let [low, high] = [values[0]!, values[0]!];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low >= 0 && high <= 1) [low, high] = [0, 1];
  else if (low === high) [low, high] = [low - 0.5, high + 0.5];
  return scaleLinear([low, high], [0, 1]).nice(BINS).ticks(BINS);
}

/** How many values are in each bin. */
export function binned(values: readonly number[], edges: readonly number[]): Bin[] {
  const last = edges.length - 2;
  const bins = edges.slice(0, -1).map((from, i) => ({ from, to: edges[i + 1]!, isLast: i === last, count: 0 }));
  for (const value of values) {
    const bin = bins.find(({ from, to, isLast }) => value >= from && (value < to || (isLast && value <= to)));
    if (bin) bin.count++;
  }
  return bins;
}

/** The words of a filter that compare a value as bins do, with the number that they compare it with. */
function limits(words: readonly string[], name: Binned): { word: string; isLower: boolean; value: number }[] {
  return words.flatMap((word) => {
    const comparison = ['>=', '<=', '<'].find((sign) => word.startsWith(name + sign));
    if (comparison === undefined) return [];
    return { word, isLower: comparison === '>=', value: Number(word.slice(name.length + comparison.length)) };
  });
}

/** The range of a value in a filter; null if the filter does not limit it. */
export function rangeIn(filter: string, name: Binned): { from: number; to: number } | null {
  const given = limits(wordsOf(filter), name).filter(({ value }) => !Number.isNaN(value));
  if (given.length === 0) return null;
  return {
    from: given.find(({ isLower }) => isLower)?.value ?? Number.NEGATIVE_INFINITY,
    to: given.find(({ isLower }) => !isLower)?.value ?? Number.POSITIVE_INFINITY,
  };
}

/**
 * The filter limited to the bins from the first to the last, which replace an earlier range of the same value. null
 * removes the range.
 */
export function binFilter(filter: string, name: Binned, bins: { first: Bin; last: Bin } | null): string {
  const words = wordsOf(filter);
  const former = new Set(limits(words, name).map(({ word }) => word));
  const others = words.filter((word) => !former.has(word));
  if (!bins) return others.join(' ');
  const { first, last } = bins;
  return [...others, `${name}>=${first.from}`, `${name}${last.isLast ? '<=' : '<'}${last.to}`].join(' ');
}
