/**
 * Waiting in tests: for a condition, never for a duration. The only test file that may use timers
 * (`tests/unit/no-sleeps.test.ts`).
 */
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Milliseconds after which something counts as hanging, even on a machine whose cores are all busy; programs that run for
 * hours next to other work set more.
 */
export const PATIENCE = Number(process.env.PATIENCE ?? 180_000);

/** Between two checks, as a multiple of the duration of the first; milliseconds at most. */
const [PAUSE, LONGEST_PAUSE] = [4, 200];

export interface UntilOptions {
  /** Milliseconds between checks, at least: one that takes long is made less often, so as not to slow what it waits for. */
  every?: number;
  /** Milliseconds after which it throws. */
  timeout?: number;
}

/** Calls `condition` until it returns a truthy value, and resolves with that. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  { every = 20, timeout = PATIENCE }: UntilOptions = {},
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeout;
  for (;;) {
    const begin = performance.now();
    const value = await condition();
    if (value) return value;
    const now = performance.now();
    if (now > deadline) throw new Error(`Timed out after ${timeout / 1000} s: ${what}`);
    await sleep(Math.max(every, Math.min(LONGEST_PAUSE, PAUSE * (now - begin))));
  }
}

/** Resolves when the promise settles or after some milliseconds: a grace period, or a random moment. */
export async function within(milliseconds: number, promise: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  const settled = promise.then(
    () => undefined,
    () => undefined,
  );
  await Promise.race([settled, sleep(milliseconds, undefined, { signal: timer.signal }).catch(() => undefined)]);
  timer.abort();
}

/** For work that no test cancels. */
export const UNCANCELED: AbortSignal = new AbortController().signal;
