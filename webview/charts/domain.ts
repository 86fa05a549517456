/** The steps that the charts show: all, or a part that was dragged. Pure. */

export type Domain = readonly [from: number, to: number];

/** Least steps of a part. */
const MIN_STEPS = 2;

/** The least last step of an axis, where more are planned. */
const MIN_LAST_STEP = 10;

/**
 * The last step of a run's axes: the planned number of steps, halved until the existing steps fill half of the axis. So
 * the axis seldom changes while a run continues, and the beginning of a run of thousands of steps is readable.
 * @param planned null or 0 if unknown
 */
export function lastOfAxis(step: number, planned: number | null): number {
  let last = planned ?? 0;
  while (last / 2 >= Math.max(step, MIN_LAST_STEP)) last /= 2;
  return Math.max(Math.ceil(last), step, 1);
}

/** The range between two steps, in whole steps; null if it is too small to be intended. */
export function partBetween(a: number, b: number, all: Domain): Domain | null {
  const from = Math.max(all[0], Math.floor(Math.min(a, b)));
  const to = Math.min(all[1], Math.ceil(Math.max(a, b)));
  return to - from < MIN_STEPS ? null : [from, to];
}

/** Nearer to a step, or further away (factor above 1); null for everything. */
export function zoomed([from, to]: Domain, at: number, factor: number, all: Domain): Domain | null {
  const length = (to - from) * factor;
  if (length >= all[1] - all[0]) return null;
  const part = Math.max(0, Math.min(1, (at - from) / Math.max(1, to - from)));
  const start = Math.max(all[0], Math.min(all[1] - length, at - part * length));
  return partBetween(start, start + length, all) ?? [from, to];
}

/** The step of the axis at a place between its ends, 0 to 1. */
export function stepIn([from, to]: Domain, part: number): number {
  return from + Math.max(0, Math.min(1, part)) * (to - from);
}
