/**
 * Measures work in steps instead of time, so that giving up depends neither on the machine nor on its load. Everything here
 * is synchronous, so one meter runs at a time; nested work has its own budget.
 */

/** Thrown if work would exceed its budget. */
export class OutOfSteps extends Error {}

let remainingSteps = Number.POSITIVE_INFINITY;
let total = 0;
let exhausted = 0;
let faults = 0;

/** Counts steps of about 20 to 50 nanoseconds each. Throws OutOfSteps. */
export function spend(steps = 1): void {
  total += steps;
  remainingSteps -= steps;
  if (remainingSteps < 0) throw new OutOfSteps();
}

/** The result of `work`, or of `otherwise` if the work costs more than `steps` or throws. */
export function withStepLimit<T>(steps: number, work: () => T, otherwise: () => T): T {
  const outer = remainingSteps;
  remainingSteps = steps;
  try {
    return work();
  } catch (error) {
    if (error instanceof OutOfSteps) exhausted++;
    else faults++;
    return otherwise();
  } finally {
    remainingSteps = outer;
  }
}

/** Steps since the program started. */
export function stepsSpent(): number {
  return total;
}

/** How often work was abandoned since the program started: over budget, and due to a bug. */
export function abandonedWork(): { exhausted: number; faults: number } {
  return { exhausted, faults };
}
