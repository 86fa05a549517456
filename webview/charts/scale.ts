/** Ranges and labels of axes for values of any scale. Pure. */
import type { ScaleLinear } from 'd3-scale';

function known(values: readonly (number | null | undefined)[]): number[] {
  return values.filter((value): value is number => typeof value === 'number' && Number.isFinite(value));
}

/** The labels of an axis with about `count` ticks, with the minus of all other texts. */
export function tickFormat(scale: ScaleLinear<number, number>, count: number): (tick: number) => string {
  const format = scale.tickFormat(count);
  return (tick) => format(tick).replace('\u2212', '-');
}

/** Whether all values are shares: from 0 to 1. */
export function areShares(values: readonly (number | null | undefined)[]): boolean {
  return known(values).every((value) => value >= 0 && value <= 1);
}

/** The range of an axis for these values: from 0 when none is negative, else with some space at both ends. */
export function axisRange(values: readonly (number | null | undefined)[]): [low: number, high: number] {
  const all = known(values);
  if (all.length === 0) return [0, 1];
  let [low, high] = [all[0]!, all[0]!];
  for (const value of all) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low >= 0) return [0, high * 1.05 || 1];
  const room = (high - low) * 0.05 || Math.abs(high) * 0.1;
  return [low - room, high + room];
}
