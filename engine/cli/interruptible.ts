/** Work that Ctrl+C ends in order, and a second Ctrl+C at once. */
import { EXIT, type Output } from './output.ts';

/**
 * @param hint is printed at the first Ctrl+C
 * @param lines progress goes to stdout as lines: their reader is gone once stdout fails, which ends the work too
 */
export async function interruptible<T>(
  output: Output,
  { hint, lines, before }: { hint: string; lines: boolean; before?: () => void },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const giveUp = new AbortController();
  const interrupt = () => {
    if (giveUp.signal.aborted) process.exit(EXIT.stopped);
    before?.();
    output.note(hint);
    giveUp.abort();
  };
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, interrupt);
  if (lines) process.stdout.once('error', interrupt);
  try {
    return await work(giveUp.signal);
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
    process.stdout.off('error', interrupt);
  }
}
