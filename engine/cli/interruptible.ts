/** Work that Ctrl+C ends gracefully, and a second Ctrl+C immediately. */
import { END_SIGNALS } from '../system/signals.ts';
import { EXIT, type Output } from './output.ts';

export interface Interruption {
  /** Printed at the first Ctrl+C, after `before`. */
  hint: string;
  before?: () => void;
  /** Progress is printed on stdout as lines: if stdout fails, the reader is gone, and the work ends too. */
  lines: boolean;
  /** The action of a second Ctrl+C; by default the process exits. */
  atOnce?: () => void;
}

/** Runs the work; the first Ctrl+C aborts its signal. */
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
