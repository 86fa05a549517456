/** How much memory there is to work with. */
import os from 'node:os';

/** The machine's memory in bytes, or the share of it that this process may use (in a container). */
export function machineMemory(): number {
  const allowed = process.constrainedMemory();
  return allowed > 0 ? Math.min(allowed, os.totalmem()) : os.totalmem();
}
