/** Work that Ctrl+C ends in order, and a second Ctrl+C at once. */
import { END_SIGNALS } from '../system/signals.ts';
import { EXIT, type Output } from './output.ts';

export interface Interruption {
  /** Printed at the first Ctrl+C, after `before`. */
  hint: string;
  before?: () => void;
  /** Progress goes to stdout as lines: their reader is gone once stdout fails, which ends the work too. */
  lines: boolean;
  /** What a second Ctrl+C does; by default a normal exit. */
  atOnce?: () => void;
}

/** Does the work, whose signal the first Ctrl+C aborts. */
export async function interruptible<T>(
  output: Output,
  { hint, lines, before, atOnce = () => process.exit(EXIT.stopped) }: Interruption,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const giveUp = new AbortController();
  const interrupt = () => {
    if (giveUp.signal.aborted) return atOnce();
    before?.();
    output.note(hint);
    giveUp.abort();
  };
  for (const signal of END_SIGNALS) process.on(signal, interrupt);
  if (lines) process.stdout.once('error', interrupt);
  try {
    return await work(giveUp.signal);
  } finally {
    for (const signal of END_SIGNALS) process.off(signal, interrupt);
    process.stdout.off('error', interrupt);
  }
}
