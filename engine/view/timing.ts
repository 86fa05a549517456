/** Calls that wait for a pause, or come at a pace. */
import type { DisposableLike } from './disposables.ts';

export interface Delayed<A extends unknown[]> extends DisposableLike {
  (...args: A): void;
}

/** Calls `action` with the latest arguments once no call has come for `delay` milliseconds. */
export function debounce<A extends unknown[]>(delay: number, action: (...args: A) => void): Delayed<A> {
  let timer: NodeJS.Timeout | undefined;
  return Object.assign(
    (...args: A) => {
      clearTimeout(timer);
      timer = setTimeout(() => action(...args), delay);
    },
    { dispose: () => clearTimeout(timer) },
  );
}

/** Calls `action` with the latest arguments at most once per `interval` milliseconds; the last call is never lost. */
export function throttle<A extends unknown[]>(interval: number, action: (...args: A) => void): Delayed<A> {
  let timer: NodeJS.Timeout | undefined;
  let waiting: A | undefined;
  const due = () => {
    timer = undefined;
    const args = waiting;
    if (!args) return;
    waiting = undefined;
    timer = setTimeout(due, interval);
    action(...args);
  };
  return Object.assign(
    (...args: A) => {
      waiting = args;
      timer ??= setTimeout(due, 0);
    },
    { dispose: () => clearTimeout(timer) },
  );
}
