/** The signals that end a program, and the end of this one. */

/** The signals by which a person, a terminal or a system ends a program. */
export const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const satisfies readonly NodeJS.Signals[];

/** Ends this process at once. A thread that is inside a library's call would make a normal exit wait for it, or crash. */
export function endAtOnce(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** The same as the signal would have done that somebody sent: a shell then says so. */
export function endBy(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
