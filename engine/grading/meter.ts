/**
 * Work counted in steps instead of time: what is given up does not depend on the machine, nor on what else it does.
 * Everything here is synchronous, so one meter runs at a time; the work inside has a budget of its own.
 */

/** Thrown where work would cost more than its budget. */
export class OutOfSteps extends Error {}

let left = Number.POSITIVE_INFINITY;
let total = 0;
let exhausted = 0;
let faults = 0;

/** Counts steps of about 20 to 50 nanoseconds each. Throws OutOfSteps. */
export function spend(steps = 1): void {
  total += steps;
  left -= steps;
  if (left < 0) throw new OutOfSteps();
}

/** The result of `work`, or of `otherwise` when the work costs more than `steps`. Nothing that it throws gets out. */
export function within<T>(steps: number, work: () => T, otherwise: () => T): T {
  const outer = left;
  left = steps;
  try {
    return work();
  } catch (error) {
    if (error instanceof OutOfSteps) exhausted++;
    else faults++;
    return otherwise();
  } finally {
    left = outer;
  }
}

/** Steps since the program began. */
export function stepsSpent(): number {
  return total;
}

/** How often work was given up since the program began: beyond its budget, and by a fault of ours. */
export function givenUp(): { exhausted: number; faults: number } {
  return { exhausted, faults };
}
